"""People: pseudonyms that are no dates, homes, partners, and who is there when."""

import numpy as np
import pytest

from pipelines.synthesis.parameters import parameters
from pipelines.synthesis.people import NEVER, leave_home, move_house, pseudonyms, settle
from pipelines.synthesis.streams import Streams

FIRST = 16436  # 2015-01-01


@pytest.fixture(scope="module")
def people():
    return settle(Streams(3), parameters(), 2000, FIRST, 5)


def is_date(six: str) -> bool:
    """Return whether six digits can be read as DDMMYY; every year has two digits, so day and month decide."""
    return 1 <= int(six[:2]) <= 31 and 1 <= int(six[2:4]) <= 12


def test_no_pseudonym_can_be_read_as_a_civil_number():
    drawn = pseudonyms(Streams(0).at("pnr"), 20_000)
    assert not any(is_date(pnr[:6]) or is_date(pnr[2:8]) for pnr in drawn.tolist())


def test_pseudonyms_are_distinct_sorted_and_keep_leading_zeros():
    drawn = pseudonyms(Streams(0).at("pnr"), 20_000).tolist()
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 20_000
    assert all(len(pnr) == 12 and pnr.isdigit() for pnr in drawn)
    assert sum(pnr.startswith("0") for pnr in drawn) > 1000


def test_one_person_is_a_region():
    alone = settle(Streams(0), parameters(), 1, FIRST, 1)
    assert len(alone) == 1
    assert alone.resident(FIRST - 1).all()


def test_everyone_is_born_before_they_enter(people):
    assert (people.birth <= people.entry).all()
    assert people.age(FIRST).max() <= 110


def test_the_start_has_as_many_residents_as_asked_for(people):
    assert people.resident(FIRST - 1).sum() == 2000
    assert len(people) == 2000 + 5 * (20 + 20)


def test_entrants_come_within_their_years(people):
    later = people.entry >= FIRST
    assert later.sum() == 200
    assert people.entry.max() < FIRST + 5 * 365.25 + 1
    newborn = later & ~people.immigrated
    assert (people.birth[newborn] == people.entry[newborn]).all()
    assert (people.age(FIRST)[people.immigrated] > 10).all()


def test_the_pyramid_is_about_the_declared_one(people):
    start = people.entry < FIRST
    age = people.age(FIRST)[start]
    assert (age >= 18).mean() == pytest.approx(0.80, abs=0.04)
    assert (age >= 80).mean() == pytest.approx(0.05, abs=0.02)


def test_partners_are_mutual_share_a_home_and_differ_in_sex(people):
    paired = np.flatnonzero(people.partner >= 0)
    other = people.partner[paired]
    assert len(paired) > 500
    assert (people.partner[other] == paired).all()
    assert (people.household[other] == people.household[paired]).all()
    assert (people.sex[other] != people.sex[paired]).all()
    assert (people.married[other] == people.married[paired]).all()
    assert np.median(np.abs(people.birth[other] - people.birth[paired])) < 4 * 365


def test_children_live_with_adults(people):
    start = people.entry < FIRST
    age = people.age(FIRST)
    adults = set(people.household[start & (age >= 18)].tolist())
    assert all(home in adults for home in people.household[start & (age < 15)].tolist())


def test_leaving_home_gives_a_household_of_ones_own(people):
    moving = settle(Streams(3), parameters(), 2000, FIRST, 5)
    before = moving.household.copy()
    leave_home(moving, FIRST, 0)
    went = np.flatnonzero(moving.household != before)
    assert len(went) > 5
    assert (moving.age(FIRST)[went] == moving.leaves_home[went]).all()
    assert len(set(moving.household[went].tolist())) == len(went)
    assert (moving.partner[went] < 0).all()


def test_households_move_together(people):
    moving = settle(Streams(3), parameters(), 2000, FIRST, 5)
    before = moving.municipality().copy()
    move_house(moving, Streams(3).at("moves", 2015), parameters())
    changed = moving.municipality() != before
    assert 0.003 < changed.mean() < 0.04
    paired = moving.partner >= 0
    assert (moving.municipality()[paired] == moving.municipality()[moving.partner[paired]]).all()


def test_residence_ends_with_death_and_with_moving_out(people):
    some = settle(Streams(3), parameters(), 50, FIRST, 1)
    some.death[0] = FIRST + 10
    some.emigration[1] = FIRST + 10
    assert some.resident(FIRST + 9)[:2].all()
    assert not some.resident(FIRST + 10)[:2].any()
    assert some.last_day(FIRST + 100)[:3].tolist() == [FIRST + 10, FIRST + 9, FIRST + 100]


def test_nobody_is_dead_or_gone_at_the_start(people):
    assert (people.death == NEVER).all()
    assert (people.emigration == NEVER).all()


def test_the_number_of_a_person_says_nothing_about_them(people):
    # people are shuffled before pseudonyms are given in ascending order
    place = np.arange(len(people))
    assert abs(np.corrcoef(place, people.birth)[0, 1]) < 0.06
    assert abs(np.corrcoef(place, people.entry)[0, 1]) < 0.06
