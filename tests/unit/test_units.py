"""Where somebody lives is looked up on the day of each row, and a home is a unit of three kinds or of none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratify.features.kernel import Rows
from stratify.units import ELSEWHERE, home_of, municipalities, units

AARHUS, HERNING, RANDERS = "751", "657", "730"
NAN = np.nan


def residence(*stretches: tuple) -> dict:
    """Stretches (person, start, end or NaN, municipality) as the store has them."""
    ordered = sorted(stretches, key=lambda one: one[:2])
    person, start, end, code = zip(*ordered, strict=True) if ordered else ((), (), (), ())
    return {
        "person": np.array(person, dtype=np.int64),
        "start": np.array(start, dtype=np.int64),
        "end": np.array(end, dtype=np.float64),
        "municipality": np.array(code, dtype=object),
    }


def homes(stretches: dict, *rows: tuple[int, int]) -> list[str]:
    person, day = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    return home_of(Rows(person, day), stretches).tolist()


def test_on_the_day_of_moving_the_new_home_holds():
    moved = residence((1, 0, 100, AARHUS), (1, 100, NAN, HERNING))
    assert homes(moved, (1, 0), (1, 99), (1, 100), (1, 101), (1, 90_000)) == [AARHUS, AARHUS, HERNING, HERNING, HERNING]


def test_before_the_first_and_in_a_gap_nobody_lives_here():
    away = residence((1, 10, 20, AARHUS), (1, 30, 40, HERNING))
    assert homes(away, (1, 9), (1, 19), (1, 20), (1, 29), (1, 30), (1, 40)) == [
        ELSEWHERE, AARHUS, ELSEWHERE, ELSEWHERE, HERNING, ELSEWHERE,
    ]  # fmt: skip


def test_nobody_is_given_the_home_of_the_one_before():
    two = residence((1, 0, NAN, AARHUS), (3, 50, NAN, HERNING))
    assert homes(two, (1, 60), (2, 60), (3, 40), (3, 60), (4, 60)) == [AARHUS, ELSEWHERE, ELSEWHERE, HERNING, ELSEWHERE]


def test_a_home_that_is_not_told_is_elsewhere_and_days_before_1970_are_days_like_others():
    some = residence((0, -9000, -400, AARHUS), (0, -400, NAN, None))
    assert homes(some, (0, -9001), (0, -9000), (0, -401), (0, -400), (0, 12)) == [
        ELSEWHERE, AARHUS, AARHUS, ELSEWHERE, ELSEWHERE,
    ]  # fmt: skip


def test_without_rows_or_stretches_there_is_nothing_to_tell():
    assert homes(residence((1, 0, NAN, AARHUS))) == []
    assert homes(residence(), (1, 5)) == [ELSEWHERE]


@given(
    moves=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-50, 50), st.integers(1, 30), st.sampled_from([AARHUS, HERNING])),
        max_size=12,
    ),
    asked=st.lists(st.tuples(st.integers(0, 4), st.integers(-60, 110)), min_size=1, max_size=12),
)
def test_it_is_the_stretch_that_holds_that_day_looked_for_one_by_one(moves, asked):
    stretches, ends = [], {}
    for person, start, length, code in sorted(moves):
        begin = max(start, ends.get(person, start))  # a person lives in one place at a time
        ends[person] = begin + length
        stretches.append((person, begin, float(begin + length), code))
    expected = [
        next((code for who, start, end, code in stretches if who == person and start <= day < end), ELSEWHERE)
        for person, day in sorted(asked)
    ]
    assert homes(residence(*stretches), *sorted(asked)) == expected


# --- units -----------------------------------------------------------------------------------------------------------


def test_a_home_lies_in_a_municipality_a_catchment_and_a_part():
    told = units(np.array([AARHUS, HERNING, AARHUS]))
    assert {kind: of.tolist() for kind, of in told.items()} == {
        "municipality": ["Aarhus", "Herning", "Aarhus"],
        "hospital": ["Aarhus", "Gødstrup", "Aarhus"],
        "part": ["øst", "vest", "øst"],
    }


@pytest.mark.parametrize("code", [ELSEWHERE, "101", "000", "7511", "Aarhus"])
def test_a_municipality_that_is_none_of_ours_is_no_unit(code):
    told = units(np.array([code, RANDERS]))
    assert {kind: of[0] for kind, of in told.items()} == dict.fromkeys(("municipality", "hospital", "part"), ELSEWHERE)
    assert told["hospital"][1] == "Randers"


def test_every_municipality_of_the_region_lies_in_one_of_five_catchments_and_each_of_these_in_one_part():
    known = municipalities()
    assert len(known) == 19
    assert all(len(code) == 3 and code.isdigit() for code in known)
    assert len({one.name for one in known.values()}) == 19
    parts = {one.hospital: set() for one in known.values()}
    for one in known.values():
        parts[one.hospital].add(one.part)
    assert len(parts) == 5
    assert all(len(found) == 1 for found in parts.values())
    assert {part for found in parts.values() for part in found} == {"vest", "midt", "øst"}


def test_no_rows_have_no_units():
    assert {kind: of.tolist() for kind, of in units(np.empty(0, dtype="<U8")).items()} == {
        "municipality": [], "hospital": [], "part": [],
    }  # fmt: skip
