"""Contacts of a year made by hand: the working week, what is known before a visit, and that blocks do not matter."""

import numpy as np
import pytest

from pipelines.synthesis.calendar import DAY, NEVER, workday
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.contacts import EMERGENCY, INPATIENT, OUTPATIENT, contacts_of_year
from pipelines.synthesis.diagnoses import diagnoses_of
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.streams import hashed, unit
from tests.unit.synthesis.scenes import FIRST_DAY, NO_STAYS, joined, part, scene_of, settled

GIVEN = read_parameters()
CODES = Codes(GIVEN)
HAS = ("hf", "cancer", "copd", "depression")


@pytest.fixture(scope="module")
def scene():
    people = settled(GIVEN, 12_000)
    known = {}
    for name in HAS:  # some before the year, some in it, some never
        draw = unit(hashed(np.arange(len(people), dtype=np.uint64), name, np.zeros(len(people), np.int64)))
        known[name] = np.where(draw < 0.5, NEVER, FIRST_DAY - 200 + np.floor(1100 * (draw - 0.5)).astype(int))
    has = dict.fromkeys(HAS, FIRST_DAY - 900)
    return scene_of(people, GIVEN, has=has, recognised=known, stays=NO_STAYS | {"bits": np.zeros(0, np.uint64)})


@pytest.fixture(scope="module")
def contacts(scene):
    return contacts_of_year(scene, np.zeros(len(scene), np.int64), CODES, GIVEN)


def weekday(rows):
    return (rows["start"] // DAY + 3) % 7


def test_planned_contacts_come_from_monday_to_friday_alike(contacts):
    planned = ~contacts["acute"]
    assert np.mean(weekday(contacts)[planned] >= 5) < 0.01
    shares = np.bincount(weekday(contacts)[planned], minlength=7)[:5] / planned.sum()
    assert shares == pytest.approx([0.2] * 5, abs=0.02)
    stays = planned & (contacts["setting"] == INPATIENT)
    assert stays.sum() > 100
    assert not np.any(weekday(contacts)[stays] >= 5)


def test_emergencies_come_on_any_day(contacts):
    emergency = contacts["setting"] == EMERGENCY
    assert np.mean(weekday(contacts)[emergency] >= 5) == pytest.approx(2 / 7, abs=0.04)


def test_no_visit_comes_before_the_condition_is_known(scene, contacts):
    rows = np.flatnonzero((contacts["setting"] == OUTPATIENT) & (contacts["condition"] >= 0))
    day, known = contacts["start"][rows] // DAY, scene.recognised[contacts["person"][rows], contacts["condition"][rows]]
    assert np.all(day >= known)
    assert np.mean(known >= FIRST_DAY) > 0.1
    assert scene.within(contacts["person"], contacts["start"] // DAY).all()


def test_a_weekend_is_moved_within_its_week_or_to_the_next_monday():
    day = np.repeat(np.arange(FIRST_DAY, FIRST_DAY + 14), 500)
    bits = hashed(np.full(len(day), 1, np.uint64), "day", np.arange(len(day)))
    free, since = workday(day, bits, 4), workday(day, bits, 4, day)
    week, weekend = (day + 3) // 7, (day + 3) % 7 >= 5
    assert np.array_equal(free[~weekend], day[~weekend])
    assert np.array_equal((free + 3) // 7, week)
    assert np.bincount((free[weekend] + 3) % 7, minlength=7) / weekend.sum() == pytest.approx(
        [0.2] * 5 + [0, 0], abs=0.03
    )
    assert np.all((since >= day) & (since <= day + 2) & ((since + 3) % 7 < 5))


def test_codes_fit_sex_and_age(scene, contacts):
    for found in (contacts, None):
        rows = found or diagnoses_of(contacts, scene, CODES, GIVEN)
        person = rows["person"] if found else contacts["person"][rows["row"]]
        sex, age = scene.people.sex[person], scene.age[person]
        for column in ("code",) if found else ("code", "wrong"):
            code = np.array(CODES.vocabulary)[rows[column]]
            assert set(sex[np.char.startswith(code, "DC61")]) <= {1}
            assert set(sex[np.char.startswith(code, "DN40")]) <= {1}
            for prefix in ("DN951", "DN81", "DN84", "DD259", "DO8"):
                assert set(sex[np.char.startswith(code, prefix)]) <= {2}, prefix
            for prefix, first in {"DM17": 40, "DM16": 40, "DM480": 40, "DE660": 18, "DK219": 15, "DM545": 15}.items():
                assert np.all(age[np.char.startswith(code, prefix)] >= first), prefix
            breast = sex[code == "DC509"]
            if column == "code":
                assert np.mean(breast == 2) > 0.9


def test_odd_diagnoses_of_children_are_of_conditions_that_children_can_have(scene, contacts):
    found = diagnoses_of(contacts, scene, CODES, GIVEN)
    age = scene.age[contacts["person"][found["row"]]]
    code = np.array(CODES.vocabulary)[found["code"]]
    child = (age < 15) & (found["kind"] == 3)
    assert child.sum() > 5
    late = ("DF0", "DI", "DN40", "DG20", "DM81", "DJ44")
    assert not any(each.startswith(late) for each in code[child])


def test_rows_are_the_same_in_one_block_and_in_two(scene):
    some = part(scene, 0, 400)
    town = np.arange(400) % 3
    whole = contacts_of_year(some, town, CODES, GIVEN)
    halves = [contacts_of_year(part(some, *cut), town[slice(*cut)], CODES, GIVEN) for cut in ((0, 230), (230, 400))]
    both = joined(*halves, 230)
    for column, values in whole.items():
        assert np.array_equal(values, both[column]), column
