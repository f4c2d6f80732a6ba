"""Stays on the calendar: no first admission is lost or made, and there is room between one stay and the next."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.synthesis.calendar import DAY
from pipelines.synthesis.happenings import ACSC, AGAIN, OTHER, PSYCH, happen
from pipelines.synthesis.stays import APART, SHORTEST, leave_out, place_stays, remember
from pipelines.synthesis.streams import Draws
from tests.unit.synthesis.resimulation import GIVEN, YEAR, january

FIRST, LAST = YEAR.first * DAY, (YEAR.first + YEAR.length) * DAY - 1


@pytest.fixture(scope="module")
def found():
    return january(3000, 31)


@pytest.fixture(scope="module", params=[1.0, 40.0], ids=["usual hazards", "forty times as many admissions"])
def placed(found, request):
    hazard = replace(found.hazard, other=found.hazard.other * request.param, psych=found.hazard.psych * request.param)
    hazard = replace(hazard, acsc=found.hazard.acsc * request.param)
    draws = Draws(900, 0, len(found.life.people))
    happened = happen(hazard, draws, draws.keys(), 2024, GIVEN)
    rows, death = place_stays(happened, hazard, found.life.people, found.life.state, YEAR, draws.keys(), GIVEN)
    return happened, rows, death


def of_one_care(rows, psychiatric):
    mine = (rows["kind"] == PSYCH) == psychiatric
    return {name: values[mine] for name, values in rows.items()}


def test_stays_are_longer_than_half_a_day_and_begin_in_the_year(placed):
    _, rows, _ = placed
    assert (rows["end"] - rows["start"] >= SHORTEST).all()
    assert ((rows["start"] >= FIRST) & (rows["start"] <= LAST)).all()
    assert (rows["end"] - rows["start"] <= (GIVEN.admissions.length.most_days + 1) * DAY).all()


@pytest.mark.parametrize("psychiatric", [False, True])
def test_a_night_lies_between_two_stays_of_the_same_care(placed, psychiatric):
    rows = of_one_care(placed[1], psychiatric)
    same = rows["person"][1:] == rows["person"][:-1]
    assert (rows["start"][1:][same] // DAY > rows["end"][:-1][same] // DAY).all()


@pytest.mark.parametrize("psychiatric", [False, True])
def test_no_admission_that_happened_is_missing(placed, psychiatric):
    happened, rows, _ = placed
    mine = (happened.admissions.kind == PSYCH) == psychiatric
    of_person = np.bincount(happened.admissions.person[mine], minlength=len(happened.death))
    stays = of_one_care(rows, psychiatric)
    own = stays["cause"] != AGAIN
    carried = happened.admissions.cause[mine] == AGAIN
    again = np.bincount(happened.admissions.person[mine][carried], minlength=len(happened.death))
    np.testing.assert_array_equal(np.bincount(stays["person"][own], minlength=len(happened.death)), of_person - again)


def test_readmissions_follow_a_discharge_within_the_days_and_are_no_acsc(placed):
    _, rows, _ = placed
    rows = of_one_care(rows, False)
    again = np.flatnonzero(rows["cause"] == AGAIN)
    assert (rows["kind"][again] == OTHER).all()
    later = again[(again > 0)]
    later = later[rows["person"][later] == rows["person"][later - 1]]
    assert len(later) > 3
    gap = rows["start"][later] - rows["end"][later - 1]
    assert (gap > 0).all()
    assert np.median(gap) < 31 * DAY


def test_nothing_follows_death_and_a_fatal_stay_ends_with_it(placed):
    _, rows, death = placed
    dies = death[rows["person"]] >= 0
    assert (rows["end"][dies] <= death[rows["person"]][dies]).all()
    fatal = rows["fatal"].astype(bool)
    assert fatal.any()
    np.testing.assert_array_equal(rows["end"][fatal], death[rows["person"][fatal]])
    assert ((death < 0) | ((death >= FIRST) & (death <= LAST))).all()


def test_only_those_whom_death_met_die(placed):
    happened, rows, death = placed
    fatal = np.zeros(len(death), bool)
    fatal[rows["person"][rows["fatal"].astype(bool)]] = True
    np.testing.assert_array_equal(death >= 0, (happened.death < 1) | fatal)


def test_a_discharge_in_the_year_before_keeps_its_night(found):
    state = found.life.state
    until = np.full(len(state.until), FIRST - 60)  # an hour before the year
    kept, state.until = state.until, until
    try:
        hazard = replace(found.hazard, other=found.hazard.other * 50)
        draws = Draws(901, 0, len(until))
        happened = happen(hazard, draws, draws.keys(), 2024, GIVEN)
        rows, _ = place_stays(happened, hazard, found.life.people, state, YEAR, draws.keys(), GIVEN)
    finally:
        state.until = kept
    assert of_one_care(rows, False)["start"].min() >= FIRST


def test_who_moves_away_has_no_stay_after_it():
    rows = {"person": np.array([0, 1, 1]), "start": np.array([0, 0, 5000]), "end": np.array([3000, 3000, 9000])}
    kept = leave_out(rows, np.array([1000, 5100]))
    assert kept["person"].tolist() == [0, 1]
    assert kept["end"].tolist() == [999, 3000]
    assert leave_out(rows, np.array([600, 2**40]))["person"].tolist() == [1, 1]


def test_the_state_remembers_the_last_discharge_and_how_many_stays(found):
    from pipelines.synthesis.state import State

    state = State(**{name: getattr(found.life.state, name)[:3].copy() for name in State.__dataclass_fields__})
    state.after_acsc[:] = False
    before = state.psych_until.copy()
    rows = {
        "person": np.array([0, 0, 1]),
        "start": np.array([10, 9000, 20]),
        "end": np.array([2000, 12000, 3000]),
        "kind": np.array([OTHER, ACSC, PSYCH]),
    }
    remember(rows, state, GIVEN)
    assert state.stays.tolist() == [2, 0, 0]
    assert state.psych_stays.tolist() == [0, 1, 0]
    assert state.until[0] == 12000
    assert state.psych_until.tolist() == [before[0], 3000, before[2]]
    assert state.after_acsc.tolist() == [True, False, False]
    assert state.after_short[0] == (GIVEN.admissions.readmission.short_hours * 60 >= 3000)


def test_apart_leaves_room_for_a_day():
    assert APART >= SHORTEST + 24 * 60 + 5 * 60
