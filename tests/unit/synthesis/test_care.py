"""Care: visits follow onsets, transfers keep a stay's length, diagnoses belong to what the person has."""

import numpy as np
import pytest

from pipelines.synthesis import care
from pipelines.synthesis.lives import Hazards, birth_to_entry
from pipelines.synthesis.parameters import parameters
from pipelines.synthesis.people import NEVER, settle
from pipelines.synthesis.stays import DAY, Busy, stays_of_year
from pipelines.synthesis.streams import Streams

FIRST = 16436
WINDOW = (2015, FIRST, 365)
END = FIRST + 10 * 365
GIVEN = parameters()


@pytest.fixture
def people():
    return settle(Streams(5), GIVEN, 1500, FIRST, 1)


@pytest.fixture
def health(people):
    return birth_to_entry(people, Streams(5), GIVEN)


def a_year(people, health, somatic=0.3, psychiatric=0.1, carried=None, end=END):
    here = people.resident(FIRST - 1)
    hazard = Hazards(somatic * here, psychiatric * here, np.zeros(len(people)), here)
    busy = Busy(np.zeros(len(people), np.int64), np.zeros(len(people), np.int64))
    kinds, *taken = stays_of_year(people, hazard, busy, WINDOW, Streams(5), GIVEN)
    return care.contacts_of_year(people, health, kinds, tuple(taken), WINDOW, end, carried, Streams(5), GIVEN)


def code_of(condition):
    return {int(code) for code in GIVEN.condition_codes[GIVEN.index(condition)]}


def test_contacts_are_sorted_and_begin_in_the_year(people, health):
    contacts, later = a_year(people, health)
    key = contacts["person"] * 2**40 + contacts["start"]
    assert (np.diff(key) >= 0).all()
    day = contacts["start"] // DAY
    assert ((day >= FIRST) & (day < FIRST + 365)).all()
    assert (later["start"] // DAY >= FIRST + 365).all()
    assert len(later["start"]) > 0


def test_what_is_carried_over_comes_back(people, health):
    contacts, _ = a_year(people, health)
    follow_up = {name: values[:1].copy() for name, values in contacts.items()}
    follow_up["person"][:] = np.flatnonzero(people.entry < FIRST)[-1]
    follow_up["setting"][:] = care.INPATIENT
    follow_up["start"][:] = FIRST * DAY + 77
    follow_up["end"][:] = FIRST * DAY + 99
    again, _ = a_year(people, health, carried=follow_up)
    assert ((again["start"] == FIRST * DAY + 77) & (again["end"] == FIRST * DAY + 99)).sum() == 1
    assert len(again["start"]) == len(contacts["start"]) + 1


def test_a_new_condition_is_seen_after_its_onset(people, health):
    health.onset[:] = NEVER
    health.seen[:] = True
    column = GIVEN.index("ibd")
    health.onset[:, column] = FIRST + 100
    contacts, _ = a_year(people, health, 0.0, 0.0)
    mine = np.isin(contacts["code"], list(code_of("ibd")))
    assert (contacts["start"][mine] // DAY >= FIRST + 100).all()
    seen = np.unique(contacts["person"][mine])
    assert len(seen) > 0.95 * people.resident(FIRST - 1).sum()


def test_what_is_not_seen_in_hospital_leaves_no_outpatient_trace(people, health):
    health.onset[:] = NEVER
    health.onset[:, GIVEN.index("hypertension")] = FIRST - 500
    health.seen[:] = False
    contacts, _ = a_year(people, health, 0.0, 0.0)
    assert not np.isin(contacts["code"], list(code_of("hypertension"))).any()


def test_conditions_without_a_code_make_no_contact(people, health):
    health.onset[:] = NEVER
    health.seen[:] = True
    quiet, _ = a_year(people, health, 0.0, 0.0)
    health.onset[:, [GIVEN.index("pain"), GIVEN.index("distress")]] = FIRST - 500
    contacts, _ = a_year(people, health, 0.0, 0.0)
    np.testing.assert_array_equal(contacts["code"], quiet["code"])


def test_schizophrenia_is_seen_in_psychiatry_and_cancer_is_not(people, health):
    health.onset[:] = NEVER
    health.seen[:] = True
    health.onset[:, [GIVEN.index("schizophrenia"), GIVEN.index("cancer")]] = FIRST - 500
    contacts, _ = a_year(people, health, 0.0, 0.0)
    outpatient = contacts["setting"] == care.OUTPATIENT
    for condition, psychiatric in (("schizophrenia", True), ("cancer", False)):
        mine = outpatient & np.isin(contacts["code"], list(code_of(condition)))
        assert mine.sum() > 500
        assert (contacts["psychiatric"][mine] == psychiatric).all()
    assert (contacts["unit"][contacts["psychiatric"]] == care.PSYCHIATRY).all()
    assert (contacts["unit"][~contacts["psychiatric"]] != care.PSYCHIATRY).all()


def test_most_people_go_to_the_hospital_of_their_municipality(people, health):
    contacts, _ = a_year(people, health)
    somatic = ~contacts["psychiatric"]
    own = GIVEN.municipality_unit[people.municipality()[contacts["person"][somatic]]]
    share = (contacts["unit"][somatic] == own).mean()
    assert 0.80 < share < 0.97


def test_a_transfer_lies_within_the_stay_it_splits(people, health):
    here = people.resident(FIRST - 1)
    hazard = Hazards(0.8 * here, 0.0 * here, np.zeros(len(people)), here)
    busy = Busy(np.zeros(len(people), np.int64), np.zeros(len(people), np.int64))
    kinds, *taken = stays_of_year(people, hazard, busy, WINDOW, Streams(5), GIVEN)
    starts, ends = set(kinds["acute"]["start"].tolist()), set(kinds["acute"]["end"].tolist())
    contacts, _ = care.contacts_of_year(people, health, kinds, tuple(taken), WINDOW, END, None, Streams(5), GIVEN)
    contacts = care.taken_from(contacts, contacts["acute"] & (contacts["setting"] == care.INPATIENT))
    order = np.lexsort((contacts["start"], contacts["person"]))
    person, start, end, unit = (contacts[name][order] for name in ("person", "start", "end", "unit"))
    gap = start[1:] - end[:-1]
    pairs = np.flatnonzero((person[1:] == person[:-1]) & (gap > 0) & (gap <= 240))
    assert len(pairs) > 5
    assert all(int(start[pair]) in starts and int(end[pair + 1]) in ends for pair in pairs)
    assert (unit[pairs] != unit[pairs + 1]).all()


def test_the_dead_have_no_contacts_and_stays_end_with_death(people, health):
    people.death[:] = FIRST + 100
    contacts, _ = a_year(people, health, 3.0, 1.0)
    assert (contacts["start"] // DAY <= FIRST + 100).all()
    assert (contacts["end"] // DAY <= FIRST + 100).all()
    assert (contacts["end"] >= contacts["start"]).all()


def test_stays_that_outlast_the_data_are_open(people, health):
    contacts, _ = a_year(people, health, 3.0, 1.0, end=FIRST + 364)
    unfinished = contacts["end"] == care.OPEN
    assert unfinished.sum() > 5
    assert (contacts["end"][~unfinished] // DAY <= FIRST + 364).all()


def test_secondary_diagnoses_are_what_the_person_has(people, health):
    contacts, _ = a_year(people, health, 1.0)
    found = care.diagnoses(contacts, health, 2015, Streams(5), GIVEN)
    second = (found["kind"] == "B") & ~found["refuted"]
    condition_of = {int(code): column for column, codes in enumerate(GIVEN.condition_codes) for code in codes}
    rows, codes = found["row"][second], found["code"][second]
    columns = np.array([condition_of[int(code)] for code in codes])
    days = contacts["start"][rows] // DAY
    assert len(rows) > 500
    assert (health.onset[contacts["person"][rows], columns] <= days).all()
    assert (codes != contacts["code"][rows]).all()


def test_no_contact_names_a_secondary_diagnosis_twice(people, health):
    contacts, _ = a_year(people, health, 1.0)
    found = care.diagnoses(contacts, health, 2015, Streams(5), GIVEN)
    second = (found["kind"] == "B") & ~found["refuted"]
    pairs = found["row"][second] * 2**16 + found["code"][second]
    assert len(np.unique(pairs)) == len(pairs)


def test_nothing_is_refuted_before_the_change_of_generation(people, health):
    contacts, _ = a_year(people, health, 1.0)
    assert not care.diagnoses(contacts, health, 2015, Streams(5), GIVEN)["refuted"].any()
    shifted = {**contacts, "start": contacts["start"] + 5 * 365 * DAY}
    assert care.diagnoses(shifted, health, 2020, Streams(5), GIVEN)["refuted"].any()


def test_codes_come_from_the_condition_asked_for():
    rng = Streams(1).at("x")
    columns = np.repeat(np.arange(len(GIVEN.conditions)), 200)
    codes = care.codes_of(columns, rng.random(len(columns)), rng, GIVEN)
    for column, own in enumerate(GIVEN.condition_codes):
        drawn = set(codes[columns == column].tolist())
        assert drawn == (set(own.tolist()) or {-1}), GIVEN.conditions[column]


@pytest.mark.parametrize("form", [0.0, 0.3, 0.7, 0.95, 1.0])
def test_one_person_keeps_to_one_form_of_a_condition(form):
    for condition in ("diabetes", "copd_asthma", "cancer"):
        column = np.full(100, GIVEN.index(condition))
        codes = care.codes_of(column, np.full(100, form), Streams(1).at("x"), GIVEN)
        assert len({GIVEN.codes[code][:4] for code in codes}) == 1


def test_type_1_diabetes_is_about_a_tenth_of_diabetes():
    rng = Streams(1).at("x")
    column = np.full(5000, GIVEN.index("diabetes"))
    codes = care.codes_of(column, rng.random(5000), rng, GIVEN)
    assert np.mean([GIVEN.codes[code].startswith("DE10") for code in codes]) == pytest.approx(0.10, abs=0.04)
