"""Who is counted on a day: people alive, of age and resident, by what the population register says on that day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stratify.features.kernel import Floats, Ints, Rows
from stratify.store.read import Columns

ADULT_YEARS = 18
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Spells:
    """Unbroken residence: stretches that touch are one. `end` is infinite while the person lives here."""

    person: Ints
    start: Ints
    end: Floats


def spells(residence: Columns) -> Spells:
    """Return unbroken spells from stretches sorted by person and start."""
    person = residence["person"].astype(np.int64)
    start = residence["start"].astype(np.int64)
    end = np.where(np.isnan(residence["end"]), np.inf, residence["end"])
    if not len(person):
        return Spells(person, start, end)
    # a stretch opens a new spell when it begins after everything before it, of the same person, has ended
    latest = _running_latest(person, end)
    opens = np.ones(len(person), dtype=bool)
    opens[1:] = (person[1:] != person[:-1]) | (start[1:] > latest[:-1])
    first = np.flatnonzero(opens)
    return Spells(person[first], start[first], np.maximum.reduceat(end, first))


def residents(people: Columns, lived: Spells, landmarks: Sequence[int]) -> Rows:
    """Return a row for each adult alive and resident on each landmark, sorted by person and day."""
    birth = people["birth"]
    death = np.where(np.isnan(people["death"]), np.inf, people["death"])
    found: list[npt.NDArray[np.int64]] = []
    for day in landmarks:
        here = lived.person[(lived.start <= day) & (lived.end > day)]
        who = np.unique(here)
        of_age = (day - birth[who]) / DAYS_PER_YEAR >= ADULT_YEARS
        who = who[of_age & (death[who] >= day)]
        found.append(np.stack([who, np.full(len(who), day)], axis=1))
    both = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    return Rows(both[:, 0].astype(np.int64), both[:, 1].astype(np.int64))


def spell_of(rows: Rows, lived: Spells) -> npt.NDArray[np.int64]:
    """Return the index of the spell each row stands in; every row of `residents` stands in one."""
    stride = int(max(rows.day.max(initial=0), lived.start.max(initial=0))) + 2
    base = int(min(rows.day.min(initial=0), lived.start.min(initial=0)))
    span = stride - base + 1
    keys = lived.person * span + (lived.start - base)
    return np.searchsorted(keys, rows.person * span + (rows.day - base), side="right") - 1


def _running_latest(person: Ints, end: Floats) -> Floats:
    """The latest end among a person's stretches so far: a running maximum that starts anew with each person."""
    finite = np.where(np.isinf(end), 0, end)
    never = int(np.abs(finite).max()) + 1
    span = 2 * never + 1
    rank = np.where(np.isinf(end), never, finite).astype(np.int64) + never
    latest = np.maximum.accumulate(person * span + rank) - person * span - never
    return np.where(latest == never, np.inf, latest.astype(np.float64))
