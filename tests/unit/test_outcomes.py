"""What came first after an index day, in [t, t + horizon), against a rule read word by word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.catalogue import load
from stratify.cohort import Spells, residents, spells
from stratify.features.kernel import Rows
from stratify.outcomes import (
    DIED_FIRST,
    EVENT,
    LEFT,
    NEITHER,
    OPEN,
    FollowUp,
    evaluate_example,
    follow_up,
    outcome_stays,
)

OUTCOMES = load().outcomes
ADMISSION, DEATH, ACSC = (OUTCOMES[f"{key}_365d"] for key in ("acute_admission", "death", "acsc_admission"))
READMISSION, CONTACT = OUTCOMES["readmission_acute_somatic_30d"], OUTCOMES["acute_somatic_contact_30d"]
LAST = 100_000  # data that cover everything
DAY, HOUR = 24 * 60, 60


def follow(outcome=ADMISSION, *, stays=(), death=None, leaves=None, day=0, covers_to=LAST, delivered=LAST, minutes=()):
    """What came first for one person at one landmark; stays by their day, `minutes` by their minute."""
    found = follow_up(
        outcome,
        Rows(np.array([0]), np.array([day])),
        stay_person=np.zeros(len(stays) + len(minutes), dtype=np.int64),
        stay_min=np.array(sorted([*(stay * DAY + 9 * HOUR for stay in stays), *minutes]), dtype=np.int64),
        death=np.array([np.nan if death is None else death]),
        lived=Spells(np.array([0]), np.array([-5000]), np.array([np.inf if leaves is None else leaves])),
        covers_to=covers_to,
        delivered=delivered,
        minute=np.array([day * DAY + 12 * HOUR]),
    )
    return int(found.state[0]), float(found.days[0])


def label(outcome=ADMISSION, **told):
    """The label of one person at one landmark."""
    state, _ = follow(outcome, **told)
    return [{NEITHER: 0, EVENT: 1, DIED_FIRST: 0, LEFT: np.nan, OPEN: np.nan}[state]]


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


def test_what_happened_before_leaving_counts():
    assert follow(stays=[10], leaves=20) == (EVENT, 10)


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


@pytest.mark.parametrize(
    "told, state, days",
    [
        ({}, NEITHER, 365),
        ({"stays": [10, 50]}, EVENT, 10),
        ({"stays": [365]}, NEITHER, 365),
        ({"death": 20, "leaves": 20}, DIED_FIRST, 20),
        ({"leaves": 20}, LEFT, 20),
        ({"leaves": 20, "death": 30}, LEFT, 20),
        ({"leaves": 20, "stays": [21]}, LEFT, 20),
        ({"leaves": 365}, NEITHER, 365),
        ({"outcome": DEATH, "death": 20, "leaves": 20}, EVENT, 20),
        ({"outcome": DEATH, "stays": [10], "death": 20, "leaves": 20}, EVENT, 20),
        ({"outcome": DEATH, "leaves": 19, "death": 20}, LEFT, 19),
    ],
)
def test_what_came_first_and_after_how_many_days(told, state, days):
    assert follow(**told) == (state, days)


def test_on_one_day_the_event_comes_before_death_and_both_before_leaving():
    assert follow(stays=[20], death=20, leaves=20) == (EVENT, 20)
    assert follow(stays=[20], leaves=20) == (EVENT, 20)
    assert follow(death=20, leaves=20) == (DIED_FIRST, 20)
    assert follow(DEATH, death=20, leaves=20) == (EVENT, 20)


def test_days_of_who_is_open_are_not_told():
    state, days = follow(stays=[10], covers_to=100)
    assert state == OPEN
    assert np.isnan(days)


def both(outcome, stays, people=3):
    """What came first for three people, of whom some have stays, given as (person, day)."""
    return follow_up(
        outcome,
        Rows(np.arange(people), np.zeros(people, dtype=np.int64)),
        stay_person=np.array([person for person, _ in stays], dtype=np.int64),
        stay_min=np.array([day * DAY for _, day in stays], dtype=np.int64),
        death=np.full(people, np.nan),
        lived=Spells(np.arange(people), np.full(people, -10), np.full(people, np.inf)),
        covers_to=LAST,
        delivered=LAST,
    )


def test_one_persons_stay_is_not_anothers():
    found = both(ADMISSION, [(0, -3), (2, 5)])
    assert found.state.tolist() == [NEITHER, NEITHER, EVENT]
    assert found.y.tolist() == [0, 0, 1]
    assert found.of(np.array([2])).days.tolist() == [5]


def test_labels_are_nan_where_nobody_can_tell():
    told = FollowUp(np.array([NEITHER, EVENT, DIED_FIRST, LEFT, OPEN], dtype=np.int8), np.zeros(5))
    np.testing.assert_array_equal(told.y, [0, 1, 0, np.nan, np.nan])


def test_without_stays_or_rows_there_is_nothing_to_find():
    assert label() == [0]
    nobody = np.empty(0, dtype=np.int64)
    lived = Spells(nobody, nobody, np.empty(0))
    none = {"stay_person": nobody, "stay_min": nobody, "death": np.empty(0), "lived": lived}
    found = follow_up(ADMISSION, Rows(nobody, nobody), **none, covers_to=LAST, delivered=LAST)
    assert found.state.tolist() == found.days.tolist() == []


# --- windows after a discharge and an outpatient contact ------------------------------------------------------------

NOON = 12 * HOUR  # of the discharge


@pytest.mark.parametrize(
    "minute, state",
    [
        (NOON + 4 * HOUR - 1, NEITHER),
        (NOON + 4 * HOUR, EVENT),
        (30 * DAY - 1, EVENT),
        (30 * DAY, NEITHER),
        (NOON - 1, NEITHER),
    ],
)
def test_a_readmission_begins_four_hours_after_the_discharge_and_before_its_thirtieth_day(minute, state):
    assert follow(READMISSION, minutes=[minute])[0] == state


def test_the_stay_that_follows_at_once_does_not_hide_the_next():
    assert follow(READMISSION, minutes=[NOON + 10, 3 * DAY]) == (EVENT, 3)


def test_who_dies_after_the_discharge_was_not_readmitted():
    assert follow(READMISSION, death=2, leaves=2) == (DIED_FIRST, 2)
    assert follow(READMISSION, death=30, leaves=30) == (NEITHER, 30)


def test_discharges_need_the_minute_they_were_at():
    nobody = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="the minute"):
        follow_up(
            READMISSION,
            Rows(np.array([0]), np.array([0])),
            stay_person=nobody,
            stay_min=nobody,
            death=np.array([np.nan]),
            lived=Spells(np.array([0]), np.array([-9]), np.array([np.inf])),
            covers_to=LAST,
            delivered=LAST,
        )


@pytest.mark.parametrize("day, state, days", [(0, NEITHER, 30), (1, EVENT, 0), (30, EVENT, 29), (31, NEITHER, 30)])
def test_after_an_outpatient_contact_the_next_day_is_the_first(day, state, days):
    assert follow(CONTACT, stays=[day]) == (state, days)


def test_the_window_after_an_outpatient_contact_closes_a_day_later():
    assert follow(CONTACT, covers_to=29)[0] == OPEN
    assert follow(CONTACT, covers_to=30)[0] == NEITHER


# --- which stays -----------------------------------------------------------------------------------------------------

STAYS = {
    "admission": np.array([True, True, False, True, True]),
    "acute": np.array([True, False, True, None, True], dtype=object),
    "care": np.array(["somatic", "somatic", "somatic", "somatic", "psychiatric"], dtype=object),
    "first_code": np.array(["J441", "J441", "J441", "S720", None], dtype=object),
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


def test_an_outcome_of_diagnoses_takes_stays_that_begin_with_one_by_how_the_code_starts():
    any_kind = ADMISSION.model_copy(update={"acute": None})
    assert which(any_kind.model_copy(update={"icd10": ("J44",)})) == [True, True, False, False, False]
    assert which(any_kind.model_copy(update={"icd10": ("J", "S7")})) == [True, True, False, True, False]
    assert which(any_kind.model_copy(update={"icd10": ("44",)})) == [False] * 5
    left = {"icd10": ("J", "S"), "icd10_except": ("S72",)}
    assert which(any_kind.model_copy(update=left)) == [True, True, False, False, False]


def test_a_stay_without_a_diagnosis_is_no_injury_and_is_none_that_is_left_out():
    any_kind = ADMISSION.model_copy(update={"acute": None})
    assert which(any_kind.model_copy(update={"injuries": "leave_out"})) == [True, True, False, False, True]
    assert which(any_kind.model_copy(update={"icd10_except": ("J",)})) == [False, False, False, True, True]


def test_stays_of_any_length_are_events_where_an_outcome_says_so():
    any_length = ADMISSION.model_copy(update={"stay": "any"})
    assert which(any_length) == [True, False, True, False, True]


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
def test_what_came_first_is_what_the_rule_says_day_by_day(outcome, drawn, stays, deaths, landmarks, covers_to, delay):
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
    found = follow_up(
        outcome,
        rows,
        stay_person=np.array([p for p, _ in stays], dtype=np.int64),
        stay_min=np.array([d * DAY + 600 for _, d in stays], dtype=np.int64),
        death=death,
        lived=lived,
        covers_to=covers_to,
        delivered=covers_to + delay,
    )

    def by_rule(person, t):
        if t + 20 > covers_to + 1 or t + 20 + 5 > covers_to + delay:
            return OPEN, None
        for day in range(t, t + 20):  # the events of a day, in the order that the rule gives them
            if outcome.event == "stay" and (person, day) in stays:
                return EVENT, day - t
            if deaths[person] == day:
                return (EVENT if outcome.event == "death" else DIED_FIRST), day - t
            if not any(p == person and s <= day + 1 and (e is None or day + 1 < e) for p, s, e in ends) and (
                deaths[person] != day + 1
            ):
                # the last day here: leaving is the day after, whose events still come before it
                after = day + 1
                if after >= t + 20:
                    return NEITHER, 20
                if outcome.event == "stay" and (person, after) in stays:
                    return EVENT, after - t
                return LEFT, after - t
        return NEITHER, 20

    expected = [by_rule(person, t) for person, t in zip(rows.person.tolist(), rows.day.tolist(), strict=True)]
    told = zip(found.state.tolist(), found.days.tolist(), strict=True)
    assert [(state, None if np.isnan(days) else days) for state, days in told] == expected


def test_an_example_in_which_death_comes_first_ends_residence_with_it():
    example = ADMISSION.example[0].model_copy(update={"stays": (), "death": 20, "leaves": 300})
    assert evaluate_example(ADMISSION, example) is False
