"""Calls at night and alarms: when they come, before which stays, and that blocks do not matter."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pipelines.synthesis.calendar import DAY
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.contacts import EMERGENCY, contacts_of_year
from pipelines.synthesis.out_of_hours import ambulances as alarms_of
from pipelines.synthesis.out_of_hours import laegevagt_columns, out_of_hours, praehospital_columns
from pipelines.synthesis.parameters import read_parameters
from tests.unit.synthesis.scenes import FIRST_DAY, NO_STAYS, joined, part, scene_of, settled

GIVEN = read_parameters()
CODES = Codes(GIVEN)
NIGHT, ALARM = GIVEN.services.out_of_hours, GIVEN.services.ambulance


def emergencies(scene):
    """Emergency contacts of the year, none of them the first hours of a stay."""
    rows = contacts_of_year(
        replace(scene, stays=NO_STAYS | {"bits": np.zeros(0, np.uint64)}), np.zeros(len(scene), np.int64), CODES, GIVEN
    )
    return {name: values[rows["setting"] == EMERGENCY] for name, values in rows.items()}


def ambulances(scene, given):
    return alarms_of(scene, emergencies(scene), given)


@pytest.fixture(scope="module")
def people():
    return settled(GIVEN, 6000)


def all_admitted(scene, hour=23, days=2):
    """Everybody is admitted on a Wednesday in March, late at night."""
    n = len(scene)
    start = np.full(n, (FIRST_DAY + 76) * DAY + hour * 60)
    stays = {"person": np.arange(n), "start": start, "end": start + days * DAY, "kind": np.zeros(n, np.int8)}
    return replace(scene, stays=stays)


def test_the_doctor_on_call_is_called_when_practices_are_closed(people):
    scene = scene_of(people, GIVEN)
    for some in (scene, all_admitted(scene), all_admitted(scene, hour=12)):
        minute = out_of_hours(some, GIVEN)["minute"]
        hour, weekday = minute // 60 % 24, (minute // DAY + 3) % 7
        assert np.all((weekday >= 5) | (hour >= NIGHT.opens) | (hour < NIGHT.closes))
    weekday = (out_of_hours(scene, GIVEN)["minute"] // DAY + 3) % 7
    assert 0.33 < np.mean(weekday >= 5) < 0.47


def test_calls_come_at_the_rate_of_their_age(people):
    scene = scene_of(people, GIVEN)
    rows = out_of_hours(scene, GIVEN)
    age = scene.age[rows["person"]]
    whole = scene.there() & (scene.begins == FIRST_DAY)
    small = whole & (scene.age >= 0) & (scene.age < 5)
    assert np.count_nonzero((age >= 0) & (age < 5)) / small.sum() == pytest.approx(0.9, abs=0.2)
    assert 0.3 < len(age) / whole.sum() < 0.6


def test_an_acute_stay_is_often_preceded_by_a_call_and_an_ambulance(people):
    scene = scene_of(people, GIVEN)
    admitted = all_admitted(scene)
    start = admitted.stays["start"][0]
    there = scene.there() & (scene.begins == FIRST_DAY)
    for table, most in ((out_of_hours, 720), (ambulances, 90)):
        rows = table(admitted, GIVEN)
        close = (rows["minute"] >= start - most) & (rows["minute"] < start)
        assert np.count_nonzero(close) > 0.1 * there.sum()
        without = table(scene, GIVEN)["minute"]
        assert np.count_nonzero((without >= start - most) & (without < start)) < 0.02 * there.sum()


def test_the_old_come_by_ambulance_more_often_and_the_outcome_says_admitted(people):
    scene = all_admitted(scene_of(people, GIVEN))
    rows = ambulances(scene, GIVEN)
    admitted = rows["outcome"] == 0
    assert np.all(rows["minute"][admitted] < scene.stays["start"][0])
    there = scene.there() & (scene.begins == FIRST_DAY)
    old, young = there & (scene.age >= 80), there & (scene.age >= 20) & (scene.age < 50)
    share = [np.mean(np.isin(np.flatnonzero(group), rows["person"][admitted])) for group in (young, old)]
    assert share[0] == pytest.approx(0.28, abs=0.04)
    assert share[1] == pytest.approx(0.58, abs=0.09)
    assert np.mean(rows["urgency"][admitted] == 0) > np.mean(rows["urgency"][~admitted] == 0)


def test_who_is_brought_to_the_emergency_department_has_an_emergency_contact_soon_after(people):
    scene = scene_of(people, GIVEN)
    seen, rows = emergencies(scene), ambulances(scene, GIVEN)
    brought = rows["outcome"] == 1
    assert ALARM.outcomes[1] == "bragt til akutmodtagelse"
    assert 0.3 < np.mean(brought) < 0.7
    arrivals = np.sort(seen["person"] << 32 | seen["start"])
    alarm = rows["person"][brought] << 32 | rows["minute"][brought]
    wait = arrivals[np.searchsorted(arrivals, alarm)] - alarm
    assert 15 <= wait.min() <= wait.max() < 90
    nobody = {name: values[:0] for name, values in seen.items()}
    assert set(alarms_of(scene, nobody, GIVEN)["outcome"]) == {2, 3}


def test_the_first_hours_of_a_stay_are_no_emergency_contact_of_their_own(people):
    scene = all_admitted(scene_of(people, GIVEN))
    first = {name: scene.stays[name] for name in ("person", "start", "end")}
    first["setting"] = np.full(len(scene), EMERGENCY, np.int8)
    assert 1 not in alarms_of(scene, first, GIVEN)["outcome"]


@pytest.mark.parametrize("table", [out_of_hours, ambulances])
def test_nothing_outside_the_persons_part_of_the_year_nor_in_hospital(people, table):
    scene = all_admitted(scene_of(people, GIVEN), days=200)
    scene = replace(scene, until=np.full(len(scene), (FIRST_DAY + 20) * DAY))
    rows = table(scene, GIVEN)
    start, end = scene.stays["start"][0], scene.stays["end"][0]
    assert rows["minute"].min() > (FIRST_DAY + 20) * DAY
    assert not np.any((rows["minute"] >= start) & (rows["minute"] <= end))
    early = replace(scene, ends=np.full(len(scene), FIRST_DAY + 40, np.int32))
    assert table(early, GIVEN)["minute"].max() < (FIRST_DAY + 41) * DAY
    gone = replace(scene, ends=np.full(len(scene), FIRST_DAY - 1, np.int32))
    assert len(table(gone, GIVEN)["person"]) == 0


def test_there_is_no_video_before_it_existed(people):
    video = NIGHT.forms.index("video")
    assert not np.any(out_of_hours(scene_of(people, GIVEN), GIVEN)["form"] == video)
    later = settled(GIVEN, 3000, first_day=FIRST_DAY + 7 * 365 + 2)
    assert np.any(out_of_hours(scene_of(later, GIVEN, year=2022), GIVEN)["form"] == video)


def test_the_tables_have_their_columns(people):
    scene = all_admitted(scene_of(people, GIVEN))
    calls, alarms = out_of_hours(scene, GIVEN), ambulances(scene, GIVEN)
    table = pa.table(laegevagt_columns(calls, pa.array(["x"] * len(calls["person"])), GIVEN))
    assert table.column_names == ["pnr", "kontakttidspunkt", "form"]
    assert set(table["form"].to_pylist()) <= set(NIGHT.forms)
    table = pa.table(praehospital_columns(alarms, pa.array(["x"] * len(alarms["person"])), GIVEN))
    assert table.column_names == ["pnr", "alarmtidspunkt", "hastegrad", "udfald"]
    assert set(table["hastegrad"].to_pylist()) == set(ALARM.urgency)
    assert set(table["udfald"].to_pylist()) == set(ALARM.outcomes)


@pytest.mark.parametrize("table", [out_of_hours, ambulances])
def test_rows_are_ordered_and_the_same_in_one_block_and_in_two(people, table):
    scene = all_admitted(scene_of(people.part(0, 300), GIVEN))
    whole = table(scene, GIVEN)
    both = joined(table(part(scene, 0, 170), GIVEN), table(part(scene, 170, 300), GIVEN), 170)
    assert np.all(np.diff(whole["person"] * 2**40 + whole["minute"]) >= 0)
    for column in whole:
        assert np.array_equal(whole[column], both[column]), column
        assert whole[column].dtype == both[column].dtype
