"""Fictitious civil registration numbers (CPR): the shape of real ones, and no date, so that none is anybody's.

DDMMYYSSSS with 60 added to the day (61-91), as cpr.dk recommends for substitute numbers. The seventh digit tells the
century with the year, the last digit is odd for men. No check digit: since 2007 valid numbers without one exist.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.people import SHARD, People
from pipelines.synthesis.streams import Words, hashed, place_in_run
from stratify.errors import UsageError

DAY_ADDED = 60
PARTS = 48  # shards that can have numbers of their own: more than a region may have
STEP = 1_237  # coprime to how many numbers a day has, so that neighbours are not born one after the other
PER_DIGIT = 500  # numbers of one sex behind one seventh digit: two more digits, and five last ones
FIRST_YEAR, LAST_YEAR = 1858, 2057
# Seventh digits by year of birth (READ): 0-3 are 1900-99; 4 and 9 are 1937-2036; 5-8 are 1858-99 and 2000-57.
DIGITS = ((1858, (5, 6, 7, 8)), (1900, (0, 1, 2, 3)), (1937, (0, 1, 2, 3, 4, 9)), (2000, (4, 9, 5, 6, 7, 8)),
          (2037, (5, 6, 7, 8)))  # fmt: skip


def fictitious_cpr(people: People, part: int, seed: int) -> NDArray[np.int64]:
    """Return a ten-digit number for each of a shard's people, distinct in the whole region.

    Those of one sex born on one day are counted; each shard gives every `PARTS`-th number of the day, from a place that
    the seed decides. UsageError where a day has more people than numbers, or a year of birth has none.
    """
    if not 0 <= part < PARTS:
        raise UsageError(f"fictitious CPR numbers: at most {PARTS * SHARD} people are required")
    born = people.birth.astype("datetime64[D]")
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    if len(year) and (year.min() < FIRST_YEAR or year.max() > LAST_YEAR):
        raise UsageError(
            f"fictitious CPR numbers: years of birth from {FIRST_YEAR} to {LAST_YEAR} are required, "
            f"got {year.min()} to {year.max()}"
        )
    month = born.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (born - born.astype("datetime64[M]")).astype(np.int64) + 1
    period = np.searchsorted([first for first, _ in DIGITS], year, side="right") - 1
    numbers = np.array([len(digits) for _, digits in DIGITS], np.int64)[period] * PER_DIGIT
    slot = _place_among_alike(people.birth, people.sex) * PARTS + part
    if (slot >= numbers).any():
        raise UsageError("fictitious CPR numbers: there are too few for so many born on one day; use pseudonyms")
    start = hashed(_key(seed, len(slot)), "fictitious cpr", people.birth.astype(np.int64) * 2 + people.sex)
    place = (slot * STEP + (start % np.uint64(PER_DIGIT)).astype(np.int64)) % numbers
    table = np.array([(*digits, *(-1,) * (6 - len(digits))) for _, digits in DIGITS])
    seventh = table[period, place // PER_DIGIT]
    middle, last = place % PER_DIGIT // 5, place % 5 * 2 + (people.sex == 1)
    date = ((day + DAY_ADDED) * 100 + month) * 100 + year % 100
    number: NDArray[np.int64] = ((date * 10 + seventh) * 100 + middle) * 10 + last
    return number


def _place_among_alike(birth: NDArray[np.int32], sex: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return how many with the same day of birth and sex stand before each."""
    order = np.lexsort((np.arange(len(birth)), sex, birth))
    alike = birth[order].astype(np.int64) * 2 + sex[order]
    place = np.empty(len(alike), np.int64)
    place[order] = place_in_run(alike)
    return place


def _key(seed: int, count: int) -> Words:
    return np.full(count, seed, np.uint64)
