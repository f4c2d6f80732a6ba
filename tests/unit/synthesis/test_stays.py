"""Stays: nothing touches an acute stay, and the first acute stays of a year are the points of a Poisson process."""

import numpy as np
import pytest

from pipelines.synthesis.lives import Hazards
from pipelines.synthesis.parameters import parameters
from pipelines.synthesis.people import settle
from pipelines.synthesis.stays import DAY, GAP, Busy, Taken, clear_of_each_other, stays_of_year
from pipelines.synthesis.streams import Streams

FIRST = 16436
WINDOW = (2015, FIRST, 365)
GIVEN = parameters()


def arrays(*rows):
    return tuple(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))


@pytest.fixture
def people():
    return settle(Streams(5), GIVEN, 1500, FIRST, 1)


def at_rates(people, somatic, psychiatric=0.0):
    here = people.resident(FIRST - 1)
    return Hazards(somatic * here, psychiatric * here, np.zeros(len(people)), here)


def nobody_busy(people):
    return Busy(np.zeros(len(people), np.int64), np.zeros(len(people), np.int64))


@pytest.mark.parametrize(
    "start, end, free",
    [
        (0, 100, True),  # long before
        (0, 1000 - GAP, False),  # one minute too close
        (0, 1000 - GAP - 1, True),
        (1500, 1600, False),  # inside
        (900, 2500, False),  # around
        (2000 + GAP - 1, 3000, False),  # one minute too close after
        (2000 + GAP, 3000, True),
    ],
)
def test_free_keeps_more_than_four_hours_away(start, end, free):
    taken = Taken()
    taken.add(*arrays((7, 1000, 2000)))
    assert taken.free(*arrays((7, start, end))).tolist() == [free]


def test_another_persons_stay_is_no_hindrance():
    taken = Taken()
    taken.add(*arrays((7, 1000, 2000), (9, 1000, 2000)))
    assert taken.free(*arrays((6, 1500, 1600), (8, 1500, 1600), (10, 1500, 1600))).all()


def test_everything_is_free_where_nothing_is_taken():
    assert Taken().free(*arrays((1, 0, 10))).tolist() == [True]


def test_free_agrees_with_looking_at_every_pair():
    rng = np.random.default_rng(3)
    taken = Taken()
    person, start = rng.integers(0, 5, 200), rng.integers(0, 100_000, 200)
    order = np.lexsort((start, person))
    person, start = person[order], start[order]
    end = start + rng.integers(1, 3000, 200)
    keep = clear_of_each_other(person, start, end)
    person, start, end = person[keep], start[keep], end[keep]
    taken.add(person, start, end)
    who, begin = rng.integers(0, 6, 500), rng.integers(0, 100_000, 500)
    finish = begin + rng.integers(1, 3000, 500)
    apart = (finish[:, None] + GAP < start) | (end + GAP <= begin[:, None]) | (who[:, None] != person)
    np.testing.assert_array_equal(taken.free(who, begin, finish), apart.all(axis=1))


def test_the_first_of_several_overlapping_stays_is_kept():
    person, start, end = arrays((1, 0, 1000), (1, 500, 600), (1, 900, 9000), (1, 20_000, 20_010), (2, 5, 10))
    assert clear_of_each_other(person, start, end).tolist() == [True, False, False, True, True]


def test_no_two_stays_of_a_domain_come_near_each_other(people):
    kinds, somatic, psychiatric = stays_of_year(
        people, at_rates(people, 3.0, 1.0), nobody_busy(people), WINDOW, Streams(5), GIVEN
    )
    for taken in (somatic, psychiatric):
        same = taken.person[1:] == taken.person[:-1]
        assert (taken.start[1:] - taken.end[:-1] >= GAP)[same].all()
    assert len(somatic.person) == sum(len(events["person"]) for kind, events in kinds.items() if kind != "psychiatric")


def test_an_acute_stay_lasts_more_than_twelve_hours_an_emergency_less(people):
    kinds, *_ = stays_of_year(people, at_rates(people, 2.0, 1.0), nobody_busy(people), WINDOW, Streams(5), GIVEN)
    for kind in ("acute", "psychiatric", "observation", "planned"):
        assert ((kinds[kind]["end"] - kinds[kind]["start"]) >= 13 * 60).all(), kind
    assert ((kinds["emergency"]["end"] - kinds["emergency"]["start"]) < 12 * 60).all()


def test_first_acute_stays_are_as_many_as_the_hazard_says(people):
    rate = 0.4
    hits = []
    for seed in range(12):
        kinds, *_ = stays_of_year(people, at_rates(people, rate), nobody_busy(people), WINDOW, Streams(seed), GIVEN)
        hits.append(len(np.unique(kinds["acute"]["person"])))
    n = int(people.resident(FIRST - 1).sum())
    share = 1 - np.exp(-rate)
    deviation = np.sqrt(share * (1 - share) * n * 12)
    assert sum(hits) == pytest.approx(share * n * 12, abs=3.5 * deviation)


def test_readmissions_follow_within_thirty_days_and_never_come_first(people):
    only_first = 0.05  # so rare that a second stay of the same person is nearly always a readmission
    kinds, *_ = stays_of_year(people, at_rates(people, only_first), nobody_busy(people), WINDOW, Streams(2), GIVEN)
    acute = kinds["acute"]
    order = np.lexsort((acute["start"], acute["person"]))
    person, start, end = (acute[name][order] for name in ("person", "start", "end"))
    again = np.flatnonzero(person[1:] == person[:-1])
    wait = start[again + 1] - end[again]
    assert (wait > 4 * 60).all()
    assert (np.sort(wait)[: max(len(wait) // 2, 1)] <= 30 * DAY).all()


def test_a_stay_from_last_year_is_not_interrupted(people):
    busy = nobody_busy(people)
    busy.somatic[:] = (FIRST + 200) * DAY
    _, somatic, _ = stays_of_year(people, at_rates(people, 3.0), busy, WINDOW, Streams(5), GIVEN)
    assert somatic.start.min() >= (FIRST + 200) * DAY + GAP
    assert busy.somatic.max() == somatic.end.max()


def test_nothing_begins_after_death(people):
    people.death[:] = FIRST + 50
    kinds, *_ = stays_of_year(people, at_rates(people, 5.0, 2.0), nobody_busy(people), WINDOW, Streams(5), GIVEN)
    assert all((events["start"] // DAY <= FIRST + 50).all() for events in kinds.values())


def test_no_hazard_no_acute_stay(people):
    kinds, *_ = stays_of_year(people, at_rates(people, 0.0), nobody_busy(people), WINDOW, Streams(5), GIVEN)
    assert len(kinds["acute"]["person"]) == len(kinds["psychiatric"]["person"]) == 0
    assert len(kinds["planned"]["person"]) > 0
