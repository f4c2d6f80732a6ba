"""The traps of counting conditions in Danish registers, one test each, in a clinician's words.

Each person is a list of diagnoses as hospitals write them and of redeemed drugs, as (code, day) before day 0.
"""

from datetime import date

import numpy as np
import pytest

from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.simulate_step import Wanted, synthesise_step
from stratify.catalogue import load
from stratify.codes import to_who
from stratify.cohort import residents, spells
from stratify.definitions import DEFINITIONS, QUALIFYING, coded_pairs, extra_pairs
from stratify.features.conditions import group_names, present, present_of
from stratify.features.kernel import Events, Rows
from stratify.indices import index_groups, score
from stratify.morbidity import code_groups, counted_conditions, told_by_drugs
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
CONDITIONS = CATALOGUE.conditions
SERTRALINE = [("N06AB06", -200), ("N06AB06", -110)]


def person(*diagnoses, drugs=()):
    """What is present of one person at day 0."""
    days = {to_who(code): day for code, day in diagnoses}
    pairs = code_groups(days, CATALOGUE)
    pairs = [*pairs, *extra_pairs(pairs, CATALOGUE), *coded_pairs(days)]
    names = group_names(CATALOGUE)
    events = sorted((days[code], names.index(group)) for code, group in pairs if group in names)
    day, group = (np.array([event[place] for event in events], dtype=np.int64) for place in (0, 1))
    met = np.array([[told_by_drugs(condition, drugs) for condition in CONDITIONS.values()]])
    told = Events(person=np.zeros(len(day), dtype=np.int64), day=day, known=day, group=group)
    return present_of(told, Rows(np.array([0]), np.array([0])), CATALOGUE, CONDITIONS, met)


def has(found):
    return {key for key in next(found.ids()) if CONDITIONS[key].part_of is None}


def holds(name, found):
    return bool(found.holds(DEFINITIONS[name])[0])


# --- codes -----------------------------------------------------------------------------------------------------------


def test_the_danish_d_goes_and_the_d_of_the_chapter_stays():
    """DD500 is the anaemia that the WHO writes D500; DI509 is heart failure, DE112 diabetes."""
    assert has(person(("DD500", -9))) == has(person(("D500", -9))) == {"anemia"}
    assert has(person(("DI509", -9), ("DE112", -9))) == {"hf", "diabetes"}


@pytest.mark.parametrize("code, condition", [("DI109", "hypertension"), ("DG318B", None), ("DE119A", "diabetes")])
def test_what_denmark_adds_at_the_end_changes_nothing(code, condition):
    assert has(person((code, -9))) == ({condition} if condition else set())


def test_one_code_makes_several_groups_true():
    """Alcoholic cardiomyopathy is an alcohol problem and heart failure; I13.0 is both of its names."""
    assert has(person(("DI426", -9))) == {"alcohol"}
    assert "chf" in index_groups(CATALOGUE.indices["charlson"], ["DI426"])
    assert has(person(("DI130", -9))) == {"hypertension"}
    assert has(person(("DK703", -9))) == {"alcohol", "liver"}


def test_unspecified_atrial_fibrillation_counts_as_danish_doctors_write_it():
    """Lists that stop at I48.0 miss most of it."""
    assert has(person(("DI489", -9))) == {"af"}


def test_acute_kidney_injury_and_stones_are_no_chronic_kidney_disease():
    assert has(person(("DN179", -9), ("DN200", -9))) == set()


def test_a_disease_coded_many_times_is_one_disease():
    """The change of registers in 2019 multiplies records: presence is read across it, not their number."""
    assert has(person(("DJ449", -900), ("DJ441", -30), ("DJ440", -3))) == {"copd_asthma"}
    assert not holds("DK39-2", person(("DJ449", -900), ("DJ441", -30), ("DJ440", -3)))


def test_a_graver_group_silences_the_milder_of_its_kind_only_where_asked():
    charlson = CATALOGUE.indices["charlson"]
    both = index_groups(charlson, ["DE112", "DE119"])
    assert score(both, charlson, weights="charlson1987") == 2
    assert score(both, charlson, weights="charlson1987", supersede=False) == 3


def test_diagnoses_of_ten_years_ago_are_gone_where_the_list_looks_back_ten():
    assert has(person(("DJ459", -3650))) == {"copd_asthma"}
    assert has(person(("DJ459", -3651))) == set()


# --- drugs -----------------------------------------------------------------------------------------------------------


def test_blood_pressure_treated_with_two_classes_within_half_a_year_is_hypertension():
    assert has(person(drugs=[("C08CA01", -100), ("C09AA05", -20)])) == {"hypertension"}
    assert has(person(drugs=[("C07BB07", -20)])) == {"hypertension"}  # a beta blocker and a diuretic in one tablet
    assert has(person(drugs=[("C08CA01", -100), ("C08CA01", -20)])) == set()


def test_weight_loss_drugs_are_no_diabetes():
    assert has(person(drugs=[("A10BJ06", -200), ("A10BJ06", -100)])) == set()
    assert has(person(drugs=[("A10BA02", -200), ("A10BA02", -100)])) == {"diabetes"}


@pytest.mark.parametrize("code", ["N06AA09", "N06AA10", "N06AX21"])
def test_an_antidepressant_given_for_pain_is_no_depression(code):
    assert has(person(drugs=[(code, -day) for day in (300, 200, 100, 30)])) == set()


def test_one_redemption_of_anything_is_no_disease():
    for condition in CONDITIONS.values():
        for one in (one for rule in condition.drugs if rule.count == "redemptions" for one in rule.classes):
            assert has(person(drugs=[(code, -30) for code in one.atc])) <= {"hypertension"}, condition.id


def test_sleeping_pills_with_a_depression_are_told_by_the_depression_alone():
    pills = [("N05CF01", -300), ("N05CF01", -100)]
    assert has(person(drugs=pills)) == {"distress"}
    assert has(person(drugs=[*pills, *SERTRALINE])) == {"mood_anxiety"}


# --- psychiatric and somatic -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "why, found, expected",
    [
        ("schizophrenia and diabetes", person(("DF200", -900), ("DE119", -90)), True),
        ("an antidepressant from the doctor, and COPD", person(("DJ449", -90), drugs=SERTRALINE), True),
        ("everything treated in general practice", person(drugs=[*SERTRALINE, ("C07BB07", -20)]), True),
        ("dementia and diabetes", person(("DF019", -900), ("DE119", -90)), False),
        ("sleeping pills and diabetes", person(("DE119", -9), drugs=[("N05CF01", -99), ("N05CF01", -9)]), False),
        ("amitriptyline for a neuropathy", person(("DG629", -9), drugs=[("N06AA09", -99), ("N06AA09", -9)]), False),
        ("alcoholic cirrhosis and nothing else", person(("DK703", -90)), False),
        ("alcoholic cirrhosis, coded twice", person(("DK703", -90), ("DK704", -30)), False),
        ("alcoholic polyneuropathy and nothing else", person(("DG621", -90)), False),
        ("alcoholic cirrhosis and dependence", person(("DK703", -90), ("DF102", -800)), True),
        ("alcoholic cirrhosis and diabetes", person(("DK703", -90), ("DE119", -90)), True),
        ("alcoholic cirrhosis and disulfiram", person(("DK703", -9), drugs=[("N07BB01", -99), ("N07BB01", -9)]), True),
        ("cirrhosis without alcohol", person(("DK746", -90)), False),
        ("two psychiatric conditions", person(("DF200", -90), ("DF329", -90)), False),
        ("two somatic conditions", person(("DE119", -90), ("DI509", -90)), False),
    ],
)
def test_mind_and_body_are_both_ill_and_by_different_records(why, found, expected):
    assert holds("PSYKSOM-1", found) is expected, why


def test_alcoholic_cirrhosis_is_two_conditions_of_the_list_all_the_same():
    found = person(("DK703", -90))
    assert has(found) == {"alcohol", "liver"}
    assert holds("DK39-2", found)
    assert holds("DK39-DX-PSYKSOM-0", found)  # as the older definition had it


def test_severe_mental_illness_depends_on_who_defines_it():
    """Schizotypal disorder, and severe depression, are in one of three; each lies within PSYKSOM-1."""
    schizotypal, severe = person(("DF219", -90), ("DE119", -9)), person(("DF322", -90), ("DE119", -9))
    bipolar, mild = person(("DF319", -90), ("DE119", -9)), person(("DF320", -90), ("DE119", -9))
    names = ("PSYKSOM-1-SMI", "PSYKSOM-1-SMI-CZECH", "PSYKSOM-1-SMI-BROAD")
    assert [holds(name, bipolar) for name in names] == [True, True, True]
    assert [holds(name, severe) for name in names] == [False, True, True]
    assert [holds(name, mild) for name in names] == [False, False, True]
    assert [holds(name, schizotypal) for name in names] == [False, False, False]  # no qualifying condition of the list


def test_who_has_nothing_is_there_and_counts_as_nothing():
    found = person()
    assert len(found.conditions) == 1
    assert not found.conditions.any()
    assert not any(holds(name, found) for name in DEFINITIONS)


# --- the same in a simulated region ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    found = Workspace(tmp_path_factory.mktemp("region"))
    synthesise_step(found, Wanted(3000, 6, 3, date(2024, 12, 31)), lambda *_: None)
    land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=lambda _: None)
    return found


@pytest.fixture(scope="module")
def region(work):
    store = Store(work.store)
    rows = residents(store.persons(), spells(store.residence()), [20_089])  # 1 January 2025
    return present(store, rows, CATALOGUE, 0)


def only(found, minds):
    """Rows whose psychiatric conditions are these and no other, with a somatic one beside."""
    ids = list(found.condition_ids)
    others = [ids.index(key) for key in counted_conditions(CONDITIONS, "psychiatric") if key not in minds]
    body = [ids.index(key) for key in counted_conditions(CONDITIONS, "somatic")]
    cells = found.conditions
    return cells[:, [ids.index(key) for key in minds]].all(1) & ~cells[:, others].any(1) & cells[:, body].any(1)


@pytest.mark.parametrize("mind", ["dementia", "distress"])
def test_in_a_region_neither_dementia_nor_distress_alone_makes_anybody_psychiatric_somatic(region, mind):
    mine = only(region, [mind])
    assert mine.sum() >= 3
    assert not region.holds(DEFINITIONS["PSYKSOM-1"])[mine].any()


def test_in_a_region_a_shared_code_alone_makes_nobody_psychiatric_somatic(region):
    """Alcohol by shared codes alone, and no somatic condition but by such codes: nobody of them is counted."""
    known, ids = region.known, list(region.condition_ids)
    mind = [ids.index(key) for key in QUALIFYING]
    body = [ids.index(key) for key in counted_conditions(CONDITIONS, "somatic")]
    told, alone = known.diagnosed | known.drugs, known.alone | known.drugs
    shared = told[:, mind].any(1) & told[:, body].any(1) & ~alone[:, mind].any(1) & ~alone[:, body].any(1)
    assert not region.holds(DEFINITIONS["PSYKSOM-1"])[shared].any()
    both = region.holds(DEFINITIONS["PSYKSOM-1"])
    assert both.any()
    assert (told[both][:, mind].any(1) & told[both][:, body].any(1)).all()


def test_in_a_region_drugs_show_people_whom_hospitals_do_not_know(region):
    by_either, by_diagnosis = (region.holds(DEFINITIONS[name]).sum() for name in ("DK39-2", "DK39-DX-2"))
    assert by_either > 1.2 * by_diagnosis
    pain = region.condition_ids.index("pain")
    assert region.measurable[pain]
    assert region.conditions[:, pain].any()


def test_building_counts_under_every_definition_and_makes_the_cohort_by_the_chosen_one(work):
    default, _ = build_step(work, CATALOGUE, lambda *_: None)
    last = default["results"]["score_landmark"] if "results" in default else default["score_landmark"]
    told = default.get("results", default)
    assert told["definitions"] == {"multimorbid": "DK39-2", "both": "PSYKSOM-1"}
    assert set(told["under"][last]) == set(DEFINITIONS)
    assert told["flow"][last]["multimorbid"] == told["under"][last]["DK39-2"]
    other, made = build_step(work, CATALOGUE, lambda *_: None, multimorbid="DK39-DX-2", both="PSYKSOM-1-DX")
    again = other.get("results", other)
    assert made
    assert again["under"] == told["under"]
    assert again["flow"][last]["multimorbid"] == told["under"][last]["DK39-DX-2"]
    assert again["flow"][last]["psychiatric_somatic"] == told["under"][last]["PSYKSOM-1-DX"]
