"""Which conditions a person has on a day: as known then, within each look-back, never what the source cannot tell."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.definitions import DEFINITIONS
from stratify.features.conditions import Present, group_names, holding, present
from stratify.features.kernel import Rows
from stratify.morbidity import count_conditions, has_condition

T = 20_000
CATALOGUE = load()
IDS = tuple(CATALOGUE.conditions)


def rows_on(*days, person=0):
    return Rows(np.full(len(days), person), np.array(days))


def diagnosed(code, ago, *, person=0, known_after=14, until=None):
    return {"person": person, "day": T - ago, "known": T - ago + known_after, "code": code, "until": until}


@pytest.fixture
def found(write_store):
    """Return a function from condition events to what is present at some days."""

    def answer(*events, days=(T,), told=IDS):
        store = write_store({"condition": list(events)}, conditions=list(told))
        return present(store, rows_on(*days), CATALOGUE, 0)

    return answer


def has(found, key):
    return found.conditions[:, IDS.index(key)].tolist()


def test_a_diagnosis_counts_from_the_day_after_it_was_known(found):
    answer = found(diagnosed("hf", 100), days=[T - 100, T - 99, T - 86, T - 85, T])
    assert has(answer, "hf") == [False, False, False, True, True]


@pytest.mark.parametrize("late, expected", [(-1, True), (0, True), (1, False)])
def test_a_condition_with_a_look_back_ends_with_it(found, late, expected):
    limited = {c.id: c.lookback_days for c in CATALOGUE.conditions.values() if c.lookback_days}
    assert limited
    answer = found(*(diagnosed(key, days + late) for key, days in limited.items()))
    assert {key: has(answer, key) for key in limited} == {key: [expected] for key in limited}


def test_a_condition_without_a_look_back_lasts_for_life(found):
    assert CATALOGUE.conditions["schizophrenia"].lookback_days is None
    assert has(found(diagnosed("schizophrenia", 19_000)), "schizophrenia") == [True]


def test_the_newest_diagnosis_renews_the_look_back(found):
    key = next(c.id for c in CATALOGUE.conditions.values() if c.lookback_days)
    old = CATALOGUE.conditions[key].lookback_days + 50
    assert has(found(diagnosed(key, old), diagnosed(key, 60)), key) == [True]


def test_a_refuted_diagnosis_holds_until_the_refutation_was_known(found):
    answer = found(diagnosed("hf", 100, until=T + 45), days=[T, T + 45, T + 46])
    assert has(answer, "hf") == [True, True, False]


def test_an_older_diagnosis_stands_when_a_newer_one_is_refuted(found):
    answer = found(diagnosed("hf", 100), diagnosed("hf", 50, until=T - 1))
    assert has(answer, "hf") == [True]


def test_what_the_source_cannot_tell_is_missing_and_not_a_no(found):
    cells = found(told=[key for key in IDS if key != "gout"]).cells()
    assert np.isnan(cells[0, IDS.index("gout")])
    assert cells[0, IDS.index("hf")] == 0


def test_a_group_that_this_catalogue_lacks_is_nobodys_condition(found):
    answer = found(diagnosed("a_local_condition", 100), diagnosed("hf", 100))
    assert answer.conditions.sum() == 1


def test_without_any_event_nobody_has_anything(found):
    answer = found()
    assert not answer.conditions.any()
    assert list(answer.ids()) == [frozenset()]


def test_a_part_is_shown_and_never_counted_beside_its_whole(found):
    answer = found(*(diagnosed(key, 100) for key in ("copd", "copd_asthma", "t2d", "diabetes", "schizophrenia")))
    assert list(answer.ids()) == [frozenset(["copd", "copd_asthma", "t2d", "diabetes", "schizophrenia"])]
    assert answer.counted(CATALOGUE).tolist() == [3]
    assert answer.counted(CATALOGUE, "somatic").tolist() == [2]
    assert answer.counted(CATALOGUE, "psychiatric").tolist() == [1]


@pytest.mark.parametrize("domain", [None, "somatic", "psychiatric"])
def test_counting_is_that_of_the_definition(domain):
    matrix = np.random.default_rng(3).random((50, len(IDS))) < 0.2
    answer = Present(matrix, IDS, np.ones(len(IDS), bool))
    expected = count_conditions(matrix, IDS, CATALOGUE.conditions, domain)
    np.testing.assert_array_equal(answer.counted(CATALOGUE, domain), expected)


def test_groups_have_different_names():
    assert len(set(group_names(CATALOGUE))) == len(group_names(CATALOGUE)) == len(IDS) + 4 + 30


def test_presence_is_what_the_definition_says_of_random_records(write_store):
    """The kernel over stored groups against `has_condition` over codes, on the same made-up histories."""
    rng = np.random.default_rng(11)
    keys = ["hf", "hypertension", "depression", "cancer", "schizophrenia", "anemia"]
    codes = {key: CATALOGUE.conditions[key].icd10[0] for key in keys}
    records = {
        person: [
            (key, T - int(rng.integers(-400, 5000)), int(rng.integers(0, 60)))
            for key in rng.choice(keys, size=int(rng.integers(0, 8)))
        ]
        for person in range(40)
    }
    events = [
        {"person": person, "day": day, "known": day + late, "code": str(key)}
        for person, found in records.items()
        for key, day, late in found
    ]
    rows = Rows(np.arange(40), np.full(40, T))
    answer = present(write_store({"condition": events}), rows, CATALOGUE, 0)
    for person, found in records.items():
        for key in keys:
            own = [(codes[key], day, day + late) for name, day, late in found if name == key]
            expected = has_condition(CATALOGUE.conditions[key], own, T)
            assert answer.conditions[person, IDS.index(key)] == expected, (person, key)


def test_a_definition_is_asked_of_single_people_on_a_day(write_store):
    """Alcoholic cirrhosis alone, and with a cirrhosis that says nothing of alcohol; person 7 has nothing."""
    events = [diagnosed(code, 100, person=3) for code in ("alcohol", "liver")]
    events += [diagnosed(code, 100, person=5) for code in ("alcohol", "liver", "alone.liver")]
    told = holding(write_store({"condition": events}), np.array([3, 5, 7]), T, CATALOGUE, DEFINITIONS["PSYKSOM-1"])
    assert told == {3: False, 5: True, 7: False}


def test_rows_kept_forget_how_their_conditions_are_told(found):
    kept = found(diagnosed("hf", 100)).only(np.array([True]))
    assert kept.conditions.sum() == 1
    with pytest.raises(ValueError, match="was left behind"):
        kept.holds(DEFINITIONS["DK39-2"])
