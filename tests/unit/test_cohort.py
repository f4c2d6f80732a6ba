"""Who is counted on a day, against a loop over days and people."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.cohort import Spells, adult_residents, latest_adult_birth, residents, spell_of, spells, years_old
from stratify.features.kernel import Rows
from stratify.registers.clock import day_number, day_of

T = day_number(date(2024, 1, 1))
OLD = T - 20_000


def residence(*stretches):
    """Stretches (person, start, end), sorted as the store does."""
    stretches = sorted(stretches, key=lambda s: (s[0], s[1], np.inf if s[2] is None else s[2]))
    columns = list(zip(*stretches, strict=True)) or [(), (), ()]
    return {
        "person": np.array(columns[0], dtype=np.int32),
        "start": np.array(columns[1], dtype=np.int32),
        "end": np.array([np.nan if end is None else end for end in columns[2]], dtype=np.float64),
    }


def told(found):
    return list(zip(found.person.tolist(), found.start.tolist(), found.end.tolist(), strict=True))


def people(*each):
    """People as (birth, death)."""
    return {
        "birth": np.array([birth for birth, _ in each]),
        "death": np.array([np.nan if death is None else death for _, death in each], dtype=np.float64),
    }


def on(lived, *landmarks, of=((OLD, None),) * 3):
    rows = residents(people(*of), spells(residence(*lived)), list(landmarks))
    return list(zip(rows.person.tolist(), rows.day.tolist(), strict=True))


# --- spells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stretches, expected",
    [
        pytest.param([(0, 10, 20), (0, 20, 30)], [(0, 10, 30)], id="stretches that touch are one"),
        pytest.param([(0, 10, 20), (0, 21, 30)], [(0, 10, 20), (0, 21, 30)], id="a day away breaks the spell"),
        pytest.param([(0, 10, 50), (0, 20, 30)], [(0, 10, 50)], id="a stretch inside another adds nothing"),
        pytest.param([(0, 10, 50), (0, 20, 30), (0, 40, 60)], [(0, 10, 60)], id="the longest end so far counts"),
        pytest.param([(0, 10, 30), (0, 20, 40)], [(0, 10, 40)], id="stretches that overlap are one"),
        pytest.param([(0, 10, None), (0, 90, 95)], [(0, 10, np.inf)], id="one without an end holds all later ones"),
        pytest.param([(0, 10, None), (1, 5, 8)], [(0, 10, np.inf), (1, 5, 8)], id="one person's end is not another's"),
        pytest.param([(0, -30, -20), (0, -20, 5)], [(0, -30, 5)], id="days before 1970 are days"),
        pytest.param([(0, 10, 20), (0, 10, 20)], [(0, 10, 20)], id="the same stretch twice is one"),
        pytest.param([], [], id="no stretches, no spells"),
    ],
)
def test_spells(stretches, expected):
    assert told(spells(residence(*stretches))) == expected


def test_unsorted_stretches_are_refused():
    unsorted = {"person": np.array([0, 0]), "start": np.array([20, 10]), "end": np.array([30.0, 20.0])}
    with pytest.raises(ValueError, match="residence must be sorted"):
        spells(unsorted)


# --- residents -------------------------------------------------------------------------------------------------------


def test_residence_is_half_open_and_moving_in_on_the_day_counts():
    assert on([(0, T, None), (1, OLD, T), (2, OLD, T + 1)], T) == [(0, T), (2, T)]


def test_who_dies_on_the_landmark_is_not_in_it_and_who_dies_the_day_after_is():
    assert on([(0, OLD, None), (1, OLD, None)], T, of=((OLD, T), (OLD, T + 1))) == [(1, T)]


def test_rows_are_sorted_by_person_and_day_whatever_the_order_of_landmarks():
    assert on([(0, OLD, None), (1, OLD, None)], T, T - 365) == [(0, T - 365), (0, T), (1, T - 365), (1, T)]


def test_without_landmarks_or_people_there_are_no_rows():
    assert on([(0, OLD, None)]) == []
    assert on([], T) == []


@pytest.mark.parametrize(
    "birth, day, adult",
    [
        ("2006-01-01", "2024-01-01", True),
        ("2006-01-02", "2024-01-01", False),
        ("2007-01-01", "2025-01-01", True),
        ("2008-01-01", "2026-01-01", True),
        ("2004-02-29", "2022-02-28", False),
        ("2004-02-29", "2022-03-01", True),
        ("2006-02-28", "2024-02-29", True),
        ("2006-03-01", "2024-02-29", False),
    ],
)
def test_adults_are_so_from_their_18th_birthday_on_whatever_the_leap_years(birth, day, adult):
    born, t = (day_number(date.fromisoformat(text)) for text in (birth, day))
    assert on([(0, OLD, None)], t, of=((born, None),)) == ([(0, t)] if adult else [])


@given(st.dates(date(1950, 1, 1), date(2060, 12, 31)), st.integers(-3, 3))
def test_age_is_that_of_the_calendar(day, around):
    born = day_of(latest_adult_birth(day_number(day))) + timedelta(days=around)
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    assert (age >= 18) == (around <= 0)


days = st.integers(0, 40)
stretch = st.tuples(st.integers(0, 3), days, st.one_of(st.none(), st.integers(1, 20)))
lives = st.lists(st.tuples(st.sampled_from([OLD, 0, 30 - 6575]), st.one_of(st.none(), days)), min_size=4, max_size=4)


@given(st.lists(stretch, max_size=12), lives, st.lists(days, max_size=4, unique=True))
@settings(deadline=None, max_examples=200)
def test_residents_and_their_spells_are_what_a_loop_finds(drawn, of, landmarks):
    stretches = [(person, start, None if length is None else start + length) for person, start, length in drawn]

    def home(person, day):
        return any(p == person and start <= day and (end is None or day < end) for p, start, end in stretches)

    def since(person, day):
        while home(person, day - 1):
            day -= 1
        return day

    lived = spells(residence(*stretches))
    rows = residents(people(*of), lived, landmarks)
    expected = [
        (person, t)
        for person, (birth, death) in enumerate(of)
        for t in sorted(landmarks)
        if home(person, t) and birth <= latest_adult_birth(t) and (death is None or t < death)
    ]
    assert list(zip(rows.person.tolist(), rows.day.tolist(), strict=True)) == expected
    found = spell_of(rows, lived)
    assert lived.start[found].tolist() == [since(person, t) for person, t in expected]
    assert lived.person[found].tolist() == [person for person, _ in expected]


# --- the spell of a row ----------------------------------------------------------------------------------------------

TWO = Spells(np.array([1, 1]), np.array([10, 50]), np.array([20, np.inf]))


@given(st.lists(stretch, max_size=12), lives, st.lists(days, max_size=4, unique=True))
@settings(deadline=None, max_examples=100)
def test_rows_of_adult_residents_are_those_that_residents_gives(drawn, of, landmarks):
    lived = spells(residence(*drawn))
    rows = Rows(np.repeat(np.arange(len(of)), len(landmarks)), np.tile(np.array(sorted(landmarks), dtype=int), len(of)))
    there = adult_residents(rows, people(*of), lived)
    found = residents(people(*of), lived, landmarks)
    assert list(zip(rows.person[there].tolist(), rows.day[there].tolist(), strict=True)) == list(
        zip(found.person.tolist(), found.day.tolist(), strict=True)
    )


def test_nobody_lives_here_where_no_residence_is_told():
    rows = Rows(np.array([0, 1]), np.array([T, T]))
    assert adult_residents(rows, people((OLD, None), (OLD, None)), spells(residence())).tolist() == [False, False]


def test_a_row_stands_in_the_spell_that_holds_its_day():
    assert spell_of(Rows(np.array([1, 1, 1]), np.array([10, 19, 50])), TWO).tolist() == [0, 0, 1]


@pytest.mark.parametrize("person, day", [(1, 9), (1, 20), (1, 49), (0, 15), (2, 15)])
def test_a_row_outside_every_spell_is_refused(person, day):
    with pytest.raises(ValueError, match="rows must be of people resident on their day"):
        spell_of(Rows(np.array([person]), np.array([day])), TWO)


def test_no_rows_stand_in_no_spell():
    nobody = np.empty(0, dtype=np.int64)
    assert spell_of(Rows(nobody, nobody), TWO).tolist() == []


@pytest.mark.parametrize(
    "birth, day, age",
    [
        ("2006-01-01", "2024-01-01", 18),
        ("2006-01-02", "2024-01-01", 17),
        ("1990-12-31", "2024-12-30", 33),
        ("1990-12-31", "2024-12-31", 34),
        ("2000-02-29", "2023-02-28", 22),
        ("2000-02-29", "2023-03-01", 23),
        ("1899-06-15", "2024-01-01", 124),
    ],
)
def test_people_turn_a_year_older_on_their_birthday(birth, day, age):
    born, on = (int(np.datetime64(text).astype("datetime64[D]").astype(int)) for text in (birth, day))
    assert years_old(np.array([born]), on).tolist() == [age]
