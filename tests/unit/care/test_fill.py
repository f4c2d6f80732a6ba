"""Facts from a row of the matrix: what is known, what never happened, and what nobody can tell."""

import numpy as np
import pytest

from stratify.care.facts import NEVER
from stratify.care.fill import DRUG_DAYS, drugs_in_use, from_rows, living_alone, of_conditions
from stratify.catalogue import load
from stratify.features.columns import columns
from stratify.morbidity import SMI

T = 20_000
CATALOGUE = load()
NAMES = [column.id for column in columns(CATALOGUE)]
EVERYTHING = ("condition", "contact", "stay", "drug", "lab", "household")
IDS = tuple(CATALOGUE.conditions)


@pytest.fixture
def facts(write_store):
    """Return a function from cells (0 where not said, NaN where a domain is lacking) to one person's facts."""

    def answer(cells=None, *, tables=None, risks=None, lacking=(), **told):
        tables = {name: [] for name in EVERYTHING if name not in lacking} | (tables or {})
        store = write_store(tables, **told)
        row = {name: np.nan if name.endswith(("_last", "_days_since")) else 0.0 for name in NAMES}
        row |= {name: np.nan for name in NAMES if name.startswith(tuple(f"{domain}_" for domain in lacking))}
        row |= {"person_age": 61.5} | (cells or {})
        matrix = np.array([[row[name] for name in NAMES]])
        (found,) = from_rows(matrix, NAMES, np.array([0]), CATALOGUE, store, T, risks or {}, np.array([61]))
        return found

    return answer


def redeemed(code, ago, *, person=0, late=14):
    return {"person": person, "day": T - ago, "known": T - ago + late, "code": code}


def household(ago, members, *, person=0, late=0):
    return {"person": person, "day": T - ago, "known": T - ago + late, "value": members}


# --- unknown and never -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [
        "days_since_somatic_discharge",
        "days_since_psychiatric_discharge",
        "days_since_any_contact",
        "days_since_hba1c",
    ],
)
def test_what_never_happened_is_a_known_never(facts, fact):
    assert facts().known[fact] == NEVER


def test_what_happened_is_so_many_days_ago(facts):
    known = facts({"contact_all_days_since": 30.0, "discharge_somatic_days_since": 44.0}).known
    assert (known["days_since_any_contact"], known["days_since_somatic_discharge"]) == (30, 44)


def test_a_value_never_measured_is_unknown(facts):
    assert "hba1c_last" not in facts().known
    assert facts({"lab_hba1c_last": 58.0}).known["hba1c_last"] == 58


def test_without_medicine_in_the_source_facts_of_medicine_are_unknown(facts):
    known = facts(lacking=["drug"]).known
    assert not {"n_drugs", "on_antipsychotic"} & set(known)


def test_without_laboratory_in_the_source_facts_of_it_are_unknown_and_not_never(facts):
    known = facts(lacking=["lab"]).known
    assert not {"hba1c_last", "days_since_hba1c"} & set(known)


def test_where_the_source_does_not_tell_care_apart_facts_by_care_are_unknown(facts):
    """As the OMOP reader: no psychiatric and no somatic columns, though there are contacts and stays."""
    names = [
        n
        for n in NAMES
        if n.startswith(("contact_outpatient", "bed_days", "discharge", "stay_psychiatric", "stay_acute_som"))
    ]
    known = facts(dict.fromkeys(names, np.nan) | {"contact_all_days_since": 12.0}, care=False).known
    unknown = {
        "days_since_somatic_discharge",
        "days_since_psychiatric_discharge",
        "psychiatric_admissions_365d",
        "outpatient_contacts_365d",
    }
    assert not unknown & set(known)
    assert known["days_since_any_contact"] == 12
    assert known["acute_admissions_365d"] == 0


def test_where_acute_is_not_told_acute_admissions_are_unknown_and_not_0(facts):
    assert "acute_admissions_365d" not in facts({"stay_acute_count_365": np.nan}, acute=False).known


def test_outpatient_contacts_are_those_of_both_kinds_of_care(facts):
    cells = {"contact_outpatient_somatic_count_365": 3.0, "contact_outpatient_psychiatric_count_365": 2.0}
    assert facts(cells).known["outpatient_contacts_365d"] == 5
    cells["contact_outpatient_psychiatric_count_365"] = np.nan
    assert "outpatient_contacts_365d" not in facts(cells).known


@pytest.mark.parametrize("cell, sex", [(1.0, "f"), (0.0, "m"), (np.nan, None)])
def test_a_sex_that_the_register_does_not_tell_is_unknown(facts, cell, sex):
    assert facts({"person_female": cell}).known.get("sex") == sex


def test_a_risk_is_a_fact_where_there_is_one(facts):
    known = facts(risks={"acute_admission_365d": np.array([0.25]), "death_365d": np.array([np.nan])}).known
    assert known["risk_acute_admission_365d"] == 0.25
    assert "risk_death_365d" not in known


# --- conditions ------------------------------------------------------------------------------------------------------


def test_conditions_are_counted_by_kind_and_parts_are_not(facts):
    cells = {f"condition_{key}": 1.0 for key in ("copd", "copd_asthma", "hf", "schizophrenia")}
    known = facts(cells).known
    assert known["conditions"] == {"copd", "copd_asthma", "hf", "schizophrenia"}
    assert (known["n_conditions"], known["n_somatic"], known["n_psychiatric"]) == (3, 2, 1)
    assert known["psychiatric_somatic"] is True
    assert known["smi"] is True


@pytest.mark.parametrize("has", [["hf", "gout"], ["schizophrenia"], []])
def test_one_kind_of_condition_is_not_both(has):
    assert of_conditions(frozenset(has), CATALOGUE, IDS)["psychiatric_somatic"] is False


def test_where_one_code_may_tell_both_sides_conditions_alone_do_not_say():
    both = frozenset(["alcohol", "liver"])
    assert "psychiatric_somatic" not in of_conditions(both, CATALOGUE, IDS)
    assert of_conditions(both, CATALOGUE, IDS, both=False)["psychiatric_somatic"] is False
    assert of_conditions(both | {"gout"}, CATALOGUE, IDS)["psychiatric_somatic"] is True


@pytest.mark.parametrize("mind", ["dementia", "distress"])
def test_neither_dementia_nor_distress_makes_psychiatric_and_somatic(mind):
    assert of_conditions(frozenset([mind, "hf"]), CATALOGUE, IDS)["psychiatric_somatic"] is False


def test_conditions_that_the_source_cannot_tell_are_named():
    known = of_conditions(frozenset(["hf"]), CATALOGUE, [key for key in IDS if key not in ("pain", "gout")])
    assert known["conditions_not_measurable"] == {"pain", "gout"}
    assert "conditions_not_measurable" not in of_conditions(frozenset(), CATALOGUE, IDS)


def test_severe_mental_illness_is_unknown_where_one_of_its_conditions_cannot_be_told():
    told = [key for key in IDS if key != SMI[0]]
    assert "smi" not in of_conditions(frozenset(), CATALOGUE, told)
    assert of_conditions(frozenset([SMI[1]]), CATALOGUE, told)["smi"] is True
    assert of_conditions(frozenset(), CATALOGUE, IDS)["smi"] is False


# --- medicine in use -------------------------------------------------------------------------------------------------


def test_medicines_in_use_are_different_codes_of_the_fifth_level(write_store):
    codes = ["A10BA02", "A10BA02", "C03CA01", "C03", "N05A"]
    assert drugs_in_use(write_store({"drug": [redeemed(code, 50) for code in codes]}), T) == {0: 2}


@pytest.mark.parametrize(
    "ago, late, counted",
    [(DRUG_DAYS, 14, 1), (DRUG_DAYS + 1, 14, 0), (15, 14, 1), (14, 14, 0), (0, 0, 0), (1, 0, 1), (-3, 0, 0)],
)
def test_a_medicine_is_in_use_when_redeemed_in_the_time_and_known_before_the_day(write_store, ago, late, counted):
    found = drugs_in_use(write_store({"drug": [redeemed("A10BA02", ago, late=late)]}), T)
    assert found.get(0, 0) == counted


def test_the_number_of_medicines_is_each_persons_own(facts):
    tables = {"drug": [redeemed("A10BA02", 50), redeemed("C03CA01", 50, person=1), redeemed("C09AA02", 50, person=1)]}
    assert facts(tables=tables).known["n_drugs"] == 1


def test_who_redeemed_nothing_uses_no_medicine(facts):
    assert facts(tables={"drug": [redeemed("A10BA02", 300)]}).known["n_drugs"] == 0


def test_antipsychotic_medicine_redeemed_in_the_year_is_in_use(facts):
    assert facts({"drug_antipsychotic_count_365": 2.0}).known["on_antipsychotic"] is True


# --- living alone ----------------------------------------------------------------------------------------------------


def test_a_household_of_one_is_a_hint_and_no_confirmed_fact(facts):
    found = facts(tables={"household": [household(100, 1)]})
    assert found.get("lives_alone") is True
    assert found.proxies == {"lives_alone"}
    assert found.confirmed().get("lives_alone") is None


def test_without_a_household_nothing_is_hinted(facts):
    assert facts().proxies == frozenset()
    assert "lives_alone" not in facts(lacking=["household"]).known


@pytest.mark.parametrize(
    "rows, alone",
    [
        pytest.param([household(400, 1), household(35, 2)], False, id="the latest household counts"),
        pytest.param([household(400, 2), household(35, 1)], True, id="who came to live alone does"),
        pytest.param([household(400, 1), household(0, 2)], True, id="one of the day itself is not known yet"),
        pytest.param([household(400, 1), household(5, 2, late=9)], True, id="one that was told later is not known yet"),
        pytest.param([household(35, 1), household(35, 3)], False, id="of two on a day the store's last one"),
        pytest.param([household(400, 1), household(35, None)], True, id="one that says nothing changes nothing"),
    ],
)
def test_who_lives_alone(write_store, rows, alone):
    assert living_alone(write_store({"household": rows}), T) == {0: alone}


def test_a_person_of_one_row_gets_no_facts_of_another(write_store):
    store = write_store({name: [] for name in EVERYTHING} | {"household": [household(9, 1, person=1)]})
    cells = np.zeros((2, len(NAMES)))
    first, second = from_rows(cells, NAMES, np.array([0, 1]), CATALOGUE, store, T, {}, np.array([0, 70]))
    assert (first.known["age"], second.known["age"]) == (0, 70)
    assert ("lives_alone" in first.known, "lives_alone" in second.known) == (False, True)


def test_psychiatric_and_somatic_is_no_only_where_every_condition_could_be_seen():
    """Hypertension and COPD alone can be seen: nobody can say that there is nothing psychiatric."""
    told = of_conditions(frozenset(["hypertension", "copd_asthma"]), CATALOGUE, ["hypertension", "copd_asthma"])
    assert "psychiatric_somatic" not in told
    seen = [key for key, condition in CATALOGUE.conditions.items() if not condition.by_drugs_only]
    assert of_conditions(frozenset(["hypertension"]), CATALOGUE, seen)["psychiatric_somatic"] is False
    both = frozenset(["hypertension", "schizophrenia"])
    assert of_conditions(both, CATALOGUE, ["hypertension", "schizophrenia"])["psychiatric_somatic"] is True


def test_a_column_that_a_local_family_left_out_is_unknown_like_one_the_source_cannot_fill(write_store):
    store = write_store({name: [] for name in EVERYTHING})
    names = [name for name in NAMES if not name.startswith(("drug_", "lab_"))]
    (found,) = from_rows(np.zeros((1, len(names))), names, np.array([0]), CATALOGUE, store, T, {}, np.array([50]))
    assert {"on_antipsychotic", "hba1c_last", "days_since_hba1c"}.isdisjoint(found.known)
