"""Labels: what happened in [t, t + horizon), against a rule read word by word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.catalogue import load
from stratify.cohort import Spells, residents, spells
from stratify.features.kernel import Rows
from stratify.outcomes import evaluate_example, labels, outcome_stays

OUTCOMES = load().outcomes
ADMISSION, DEATH = OUTCOMES["acute_admission_365d"], OUTCOMES["death_365d"]
LAST = 100_000  # data that cover everything


def label(outcome=ADMISSION, *, stays=(), death=None, leaves=None, day=0, covers_to=LAST, delivered=LAST):
    """The label of one person at one landmark."""
    return labels(
        outcome,
        Rows(np.array([0]), np.array([day])),
        stay_person=np.zeros(len(stays), dtype=np.int64),
        stay_day=np.array(sorted(stays), dtype=np.int64),
        death=np.array([np.nan if death is None else death]),
        lived=Spells(np.array([0]), np.array([-5000]), np.array([np.inf if leaves is None else leaves])),
        covers_to=covers_to,
        delivered=delivered,
    ).tolist()


UNKNOWN = pytest.approx([np.nan], nan_ok=True)


@pytest.mark.parametrize("stay, expected", [(-1, 0), (0, 1), (1, 1), (364, 1), (365, 0)])
def test_the_window_is_half_open_and_begins_with_the_landmark_itself(stay, expected):
    assert label(stays=[stay]) == [expected]


@pytest.mark.parametrize("death, expected", [(1, 1), (364, 1), (365, 0), (None, 0)])
def test_death_is_counted_in_the_same_window(death, expected):
    assert label(DEATH, death=death, leaves=death) == [expected]


def test_an_earlier_stay_does_not_hide_the_next_one():
    assert label(stays=[-400, -1, 30]) == [1]


def test_who_dies_without_the_event_has_none():
    assert label(death=20, leaves=20) == [0]


def test_who_dies_after_the_event_had_it():
    assert label(stays=[10], death=20, leaves=20) == [1]


def test_a_stay_registered_after_death_is_no_event():
    assert label(stays=[100], death=20, leaves=20) == [0]


def test_who_dies_in_a_country_they_moved_to_is_unknown():
    assert label(DEATH, death=100, leaves=50) == UNKNOWN
    assert label(death=100, leaves=50) == UNKNOWN


def test_who_moves_away_before_anything_happened_is_unknown():
    assert label(leaves=364) == UNKNOWN
    assert label(DEATH, leaves=364) == UNKNOWN


def test_who_moves_away_after_the_window_is_a_no():
    assert label(leaves=365) == [0]


def test_who_moves_away_within_the_window_is_unknown_whatever_had_happened():
    """To keep the events of movers and drop their quiet years would make movers look sicker."""
    assert label(stays=[10], leaves=20) == UNKNOWN


def test_an_event_after_a_move_away_does_not_make_a_label():
    assert label(stays=[30], leaves=20) == UNKNOWN


def test_a_label_waits_until_the_window_is_covered():
    """The window of day 0 ends before day 365: the data must cover day 364."""
    assert label(stays=[10], covers_to=363) == UNKNOWN
    assert label(stays=[10], covers_to=364) == [1]


def test_a_label_waits_until_the_registers_delay_is_over():
    closes = 365 + ADMISSION.register_delay_days
    assert label(delivered=closes - 1) == UNKNOWN
    assert label(delivered=closes) == [0]


def test_an_event_that_is_seen_already_does_not_close_a_label_early():
    """Else the labels of a window half over would hold events alone."""
    assert label(stays=[1], covers_to=200, delivered=300) == UNKNOWN


def test_one_persons_stay_is_not_anothers():
    rows = Rows(np.array([0, 1, 2]), np.array([0, 0, 0]))
    lived = Spells(np.arange(3), np.full(3, -10), np.full(3, np.inf))
    given_stays = {"stay_person": np.array([0, 2]), "stay_day": np.array([-3, 5])}
    found = labels(
        ADMISSION, rows, **given_stays, death=np.full(3, np.nan), lived=lived, covers_to=LAST, delivered=LAST
    )
    assert found.tolist() == [0, 0, 1]


def test_without_stays_or_rows_there_is_nothing_to_find():
    assert label() == [0]
    nobody = np.empty(0, dtype=np.int64)
    lived = Spells(nobody, nobody, np.empty(0))
    none = {"stay_person": nobody, "stay_day": nobody, "death": np.empty(0), "lived": lived}
    assert labels(ADMISSION, Rows(nobody, nobody), **none, covers_to=LAST, delivered=LAST).tolist() == []


# --- which stays -----------------------------------------------------------------------------------------------------

STAYS = {
    "admission": np.array([True, True, False, True, True]),
    "acute": np.array([True, False, True, None, True], dtype=object),
    "care": np.array(["somatic", "somatic", "somatic", "somatic", "psychiatric"], dtype=object),
}


def which(outcome, acute_told=True):
    return outcome_stays(outcome, STAYS, acute_told=acute_told).tolist()


def test_an_acute_outcome_takes_acute_admissions_and_none_whose_kind_is_unknown():
    assert which(ADMISSION) == [True, False, False, False, True]


def test_where_the_source_does_not_tell_acute_from_planned_any_admission_is_the_event():
    assert which(ADMISSION, acute_told=False) == [True, True, False, True, True]


def test_an_outcome_of_one_kind_of_care_takes_no_other():
    assert which(ADMISSION.model_copy(update={"care": ("psychiatric",)})) == [False, False, False, False, True]


def test_an_outcome_that_names_no_care_takes_all():
    assert which(ADMISSION.model_copy(update={"care": ()})) == [True, False, False, False, True]


def test_an_outcome_of_planned_admissions_takes_planned_ones():
    assert which(ADMISSION.model_copy(update={"acute": False})) == [False, True, False, False, False]


def test_choosing_stays_leaves_the_columns_as_they_were():
    before = STAYS["admission"].copy()
    which(ADMISSION)
    np.testing.assert_array_equal(STAYS["admission"], before)


# --- against a loop --------------------------------------------------------------------------------------------------

days = st.integers(0, 60)
homes = st.lists(st.tuples(st.integers(0, 2), days, st.one_of(st.none(), st.integers(1, 40))), max_size=6)
short = st.sampled_from(
    [outcome.model_copy(update={"horizon_days": 20, "register_delay_days": 5}) for outcome in (ADMISSION, DEATH)]
)


@given(
    short,
    homes,
    st.lists(st.tuples(st.integers(0, 2), days), max_size=10),
    st.lists(st.one_of(st.none(), days), min_size=3, max_size=3),
    st.lists(days, min_size=1, max_size=4, unique=True),
    st.integers(20, 90),
    st.integers(0, 9),
)
@settings(deadline=None, max_examples=300)
def test_labels_are_what_the_rule_says_day_by_day(outcome, drawn, stays, deaths, landmarks, covers_to, delay):
    def end_of(person, start, length):
        """Residence ends with the move or with death, whichever comes first."""
        return min([end for end in (length and start + length, deaths[person]) if end is not None], default=None)

    ends = [(person, start, end_of(person, start, length)) for person, start, length in drawn]
    ends = sorted([s for s in ends if s[2] is None or s[2] > s[1]], key=lambda s: s[:2])
    columns = [np.array([s[i] for s in ends], dtype=np.int64) for i in (0, 1)]
    until = np.array([np.nan if s[2] is None else s[2] for s in ends], dtype=np.float64)
    lived = spells({"person": columns[0], "start": columns[1], "end": until})
    death = np.array([np.nan if d is None else d for d in deaths], dtype=np.float64)
    rows = residents({"birth": np.full(3, -20_000), "death": death}, lived, landmarks)
    stays = sorted(stays)
    found = labels(
        outcome,
        rows,
        stay_person=np.array([p for p, _ in stays], dtype=np.int64),
        stay_day=np.array([d for _, d in stays], dtype=np.int64),
        death=death,
        lived=lived,
        covers_to=covers_to,
        delivered=covers_to + delay,
    )

    def by_rule(person, t):
        if t + 20 > covers_to + 1 or t + 20 + 5 > covers_to + delay:
            return None
        alive = [day for day in range(t, t + 20) if deaths[person] is None or day < deaths[person]]
        if not all(any(p == person and s <= day and (e is None or day < e) for p, s, e in ends) for day in alive):
            return None  # moved away within the window
        if outcome.event == "death":
            return int(deaths[person] in range(t, t + 20))
        return int(any((person, day) in stays for day in [*alive, deaths[person]] if day in range(t, t + 20)))

    expected = [by_rule(person, t) for person, t in zip(rows.person.tolist(), rows.day.tolist(), strict=True)]
    assert [None if np.isnan(value) else int(value) for value in found] == expected


def test_an_example_in_which_death_comes_first_ends_residence_with_it():
    example = ADMISSION.example[0].model_copy(update={"stays": (), "death": 20, "leaves": 300})
    assert evaluate_example(ADMISSION, example) is False
