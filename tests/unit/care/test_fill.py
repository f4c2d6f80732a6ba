"""Facts from a row of the matrix: what is known, what never happened, and what nobody can tell."""

import numpy as np
import pytest

from stratify.care.facts import NEVER
from stratify.care.fill import of_conditions, people_of
from stratify.care.fill_store import DRUG_DAYS, facts_of_store
from stratify.care.people import NO, YES
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

    def answer(cells=None, *, tables=None, risks=None, lacking=(), **source):
        tables = {name: [] for name in EVERYTHING if name not in lacking} | (tables or {})
        store = write_store(tables, **source)
        row = {name: np.nan if name.endswith(("_last", "_days_since")) else 0.0 for name in NAMES}
        row |= {name: np.nan for name in NAMES if name.startswith(tuple(f"{domain}_" for domain in lacking))}
        row |= {"person_age": 61.5} | (cells or {})
        matrix = np.array([[row[name] for name in NAMES]])
        return people_of(matrix, NAMES, np.array([0]), CATALOGUE, store, T, risks or {}, np.array([61]))

    return answer


def told(has, measurable=IDS, both=None):
    """The facts that follow from these conditions."""
    truths = {key: np.array([YES if key in has else NO]) for key in IDS}
    answer = None if both is None else np.array([YES if both else NO])
    return of_conditions(truths, CATALOGUE, measurable, answer).known(0)


def redeemed(code, ago, *, person=0, late=14):
    return {"person": person, "day": T - ago, "known": T - ago + late, "code": code}


# --- unknown and never -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [
        "days_since_somatic_discharge",
        "days_since_psychiatric_discharge",
        "days_since_hospital_contact",
        "days_since_any_contact",
        "days_since_hba1c",
    ],
)
def test_what_never_happened_is_a_known_never(facts, fact):
    assert facts().known(0)[fact] == NEVER


def test_what_happened_is_so_many_days_ago(facts):
    known = facts({"contact_all_days_since": 30.0, "discharge_somatic_days_since": 44.0}).known(0)
    assert (known["days_since_hospital_contact"], known["days_since_somatic_discharge"]) == (30, 44)


def test_a_value_never_measured_is_unknown(facts):
    assert "hba1c_last" not in facts().known(0)
    assert facts({"lab_hba1c_last": 58.0}).known(0)["hba1c_last"] == 58


def test_without_medicine_in_the_source_facts_of_medicine_are_unknown(facts):
    known = facts(lacking=["drug"]).known(0)
    assert not {"n_drugs", "on_antipsychotic"} & set(known)


def test_without_laboratory_in_the_source_facts_of_it_are_unknown_and_not_never(facts):
    known = facts(lacking=["lab"]).known(0)
    assert not {"hba1c_last", "days_since_hba1c"} & set(known)


def test_where_the_source_does_not_tell_care_apart_facts_by_care_are_unknown(facts):
    """As the OMOP reader: no psychiatric and no somatic columns, though there are contacts and stays."""
    names = [
        n
        for n in NAMES
        if n.startswith(("contact_outpatient", "bed_days", "discharge", "stay_psychiatric", "stay_acute_som"))
    ]
    known = facts(dict.fromkeys(names, np.nan) | {"contact_all_days_since": 12.0}, care=False).known(0)
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
    assert "acute_admissions_365d" not in facts({"stay_acute_count_365": np.nan}, acute=False).known(0)


def test_outpatient_contacts_are_those_of_both_kinds_of_care(facts):
    cells = {"contact_outpatient_somatic_count_365": 3.0, "contact_outpatient_psychiatric_count_365": 2.0}
    assert facts(cells).known(0)["outpatient_contacts_365d"] == 5
    cells["contact_outpatient_psychiatric_count_365"] = np.nan
    assert "outpatient_contacts_365d" not in facts(cells).known(0)


@pytest.mark.parametrize("cell, sex", [(1.0, "f"), (0.0, "m"), (np.nan, None)])
def test_a_sex_that_the_register_does_not_tell_is_unknown(facts, cell, sex):
    assert facts({"person_female": cell}).known(0).get("sex") == sex


def test_a_risk_is_a_fact_where_there_is_one(facts):
    known = facts(risks={"acute_admission_365d": np.array([0.25]), "death_365d": np.array([np.nan])}).known(0)
    assert known["risk_acute_admission_365d"] == 0.25
    assert "risk_death_365d" not in known


@pytest.mark.parametrize("column", ["contact_all_days_since", "gp_all_days_since", "specialist_all_days_since"])
def test_somebody_was_seen_when_any_part_of_health_care_saw_them(facts, column):
    found = facts({column: 20.0, "home_nursing_any_days_since": 50.0})
    assert found.known(0)["days_since_any_contact"] == 20
    assert "days_since_any_contact" not in found.hints(0)


def test_without_practice_in_the_source_a_year_of_silence_is_a_hint_alone(facts):
    """Whoever goes to the GP and never to hospital would look lost: nothing may follow but a question."""
    found = facts({"contact_all_days_since": 500.0}, lacking=["gp"])
    assert found.known(0)["days_since_any_contact"] == 500
    assert "days_since_any_contact" in found.hints(0)
    assert "settings_in_use" not in found.known(0)


def test_parts_of_care_in_use_are_counted(facts):
    cells = {"gp_all_count_365": 3.0, "stay_acute_somatic_count_365": 1.0, "stay_psychiatric_count_365": 1.0}
    assert facts(cells).known(0)["settings_in_use"] == 3
    assert facts(cells | {"home_nursing_any_count_365": 9.0}).known(0)["settings_in_use"] == 4
    assert facts().known(0)["settings_in_use"] == 0


def test_frailty_by_diagnoses_is_a_number_and_from_five_on_a_hint(facts):
    found = facts({"hfrs_danish": 5.0})
    assert (found.known(0)["hfrs"], found.known(0)["frail"]) == (5, True)
    assert "frail" in found.hints(0)
    assert "frail" not in facts({"hfrs_danish": 4.9}).known(0)


# --- conditions ------------------------------------------------------------------------------------------------------


def test_conditions_are_counted_by_kind_and_parts_are_not(facts):
    cells = {f"condition_{key}": 1.0 for key in ("copd", "copd_asthma", "hf", "schizophrenia")}
    known = facts(cells).known(0)
    assert known["conditions"] == {"copd", "copd_asthma", "hf", "schizophrenia"}
    assert (known["n_conditions"], known["n_somatic"], known["n_psychiatric"]) == (3, 2, 1)
    assert known["psychiatric_somatic"] is True
    assert known["smi"] is True


def test_body_systems_are_those_of_somatic_conditions(facts):
    assert told(["hf", "ihd", "gout", "schizophrenia"])["body_systems"] == 2


@pytest.mark.parametrize("has", [["hf", "gout"], ["schizophrenia"], []])
def test_one_kind_of_condition_is_not_both(has):
    assert told(has)["psychiatric_somatic"] is False


def test_where_one_code_may_tell_both_sides_conditions_alone_do_not_say():
    both = ["alcohol", "liver"]
    assert "psychiatric_somatic" not in told(both)
    assert told(both, both=False)["psychiatric_somatic"] is False
    assert told(both, both=True)["psychiatric_somatic"] is True
    assert told([*both, "gout"])["psychiatric_somatic"] is True


@pytest.mark.parametrize("mind", ["dementia", "distress"])
def test_neither_dementia_nor_distress_makes_psychiatric_and_somatic(mind):
    assert told([mind, "hf"])["psychiatric_somatic"] is False


def test_conditions_that_the_source_cannot_tell_are_named():
    known = told(["hf"], [key for key in IDS if key not in ("pain", "gout")])
    assert known["conditions_not_measurable"] == {"pain", "gout"}
    assert "conditions_not_measurable" not in told([])


def test_severe_mental_illness_is_unknown_where_one_of_its_conditions_cannot_be_told():
    seen = [key for key in IDS if key != SMI[0]]
    assert "smi" not in told([], seen)
    assert told([SMI[1]], seen)["smi"] is True
    assert told([])["smi"] is False


# --- medicine in use -------------------------------------------------------------------------------------------------


def drugs_in_use(store, numbers):
    truths = {key: np.full(len(numbers), NO) for key in IDS}
    return facts_of_store(store, T, np.array(numbers), truths)["n_drugs"].values.tolist()


def test_medicines_in_use_are_different_codes_of_the_fifth_level(write_store):
    codes = ["A10BA02", "A10BA02", "C03CA01", "C03", "N05A"]
    assert drugs_in_use(write_store({"drug": [redeemed(code, 50) for code in codes]}), [0]) == [2]


@pytest.mark.parametrize(
    "ago, late, counted",
    [(DRUG_DAYS, 14, 1), (DRUG_DAYS + 1, 14, 0), (15, 14, 1), (14, 14, 0), (0, 0, 0), (1, 0, 1), (-3, 0, 0)],
)
def test_a_medicine_is_in_use_when_redeemed_in_the_time_and_known_before_the_day(write_store, ago, late, counted):
    assert drugs_in_use(write_store({"drug": [redeemed("A10BA02", ago, late=late)]}), [0, 5]) == [counted, 0]


def test_the_number_of_medicines_is_each_persons_own(facts):
    tables = {"drug": [redeemed("A10BA02", 50), redeemed("C03CA01", 50, person=1), redeemed("C09AA02", 50, person=1)]}
    assert facts(tables=tables).known(0)["n_drugs"] == 1


def test_who_redeemed_nothing_uses_no_medicine(facts):
    assert facts(tables={"drug": [redeemed("A10BA02", 300)]}).known(0)["n_drugs"] == 0


def test_antipsychotic_medicine_redeemed_in_the_year_is_in_use(facts):
    assert facts({"drug_antipsychotic_count_365": 2.0}).known(0)["on_antipsychotic"] is True


# --- hints of a person's own resources -------------------------------------------------------------------------------


def test_a_household_of_one_is_a_hint_and_no_confirmed_fact(facts):
    found = facts({"household_people_last": 1.0})
    assert found.known(0)["lives_alone"] is True
    assert "lives_alone" in found.hints(0)
    assert facts({"household_people_last": 2.0}).known(0)["lives_alone"] is False


def test_without_a_household_nothing_is_hinted(facts):
    assert facts().hints(0) == frozenset()
    assert "lives_alone" not in facts(lacking=["household"]).known(0)


def test_only_a_yes_in_a_register_hints(facts):
    """Who has not used an interpreter or asked to be exempt may still need it: nothing is said of them."""
    found = facts({"communication_interpreter_any_36525": 1.0, "communication_no_digital_post_any_36525": 1.0})
    assert found.words(0)["danish?"] is False
    assert found.words(0)["digital_post_exempt?"] is True
    assert not {"danish", "digital_post_exempt"} & set(facts().known(0))


def test_medication_flags_are_a_set_and_unknown_without_medicine(facts):
    assert facts({"medication_flag_triple_whammy": 1.0}).known(0)["medication_flags"] == {"triple_whammy"}
    assert facts().known(0)["medication_flags"] == frozenset()
    names = {name: np.nan for name in NAMES if name.startswith("medication_flag_")}
    assert "medication_flags" not in facts(names).known(0)


def test_people_of_many_rows_are_each_their_own(write_store):
    store = write_store({name: [] for name in EVERYTHING})
    cells = np.zeros((2, len(NAMES)))
    cells[:, NAMES.index("household_people_last")] = [np.nan, 1]
    both = people_of(cells, NAMES, np.array([0, 1]), CATALOGUE, store, T, {}, np.array([0, 70]))
    assert [both.known(row)["age"] for row in (0, 1)] == [0, 70]
    assert [both.hints(row) for row in (0, 1)] == [frozenset(), {"lives_alone"}]


def test_psychiatric_and_somatic_is_no_only_where_every_condition_could_be_seen():
    """Hypertension and COPD alone can be seen: nobody can say that there is nothing psychiatric."""
    assert "psychiatric_somatic" not in told(["hypertension", "copd_asthma"], ["hypertension", "copd_asthma"])
    seen = [key for key, condition in CATALOGUE.conditions.items() if not condition.by_drugs_only]
    assert told(["hypertension"], seen)["psychiatric_somatic"] is False
    both = ["hypertension", "schizophrenia"]
    assert told(both, both)["psychiatric_somatic"] is True


def test_a_column_that_a_local_family_left_out_is_unknown_like_one_the_source_cannot_fill(write_store):
    store = write_store({name: [] for name in EVERYTHING})
    names = [name for name in NAMES if not name.startswith(("drug_", "lab_"))]
    found = people_of(np.zeros((1, len(names))), names, np.array([0]), CATALOGUE, store, T, {}, np.array([50]))
    assert {"on_antipsychotic", "hba1c_last", "days_since_hba1c"}.isdisjoint(found.known(0))
