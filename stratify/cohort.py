"""Who is counted on a day: people alive, of age and resident, by what the population register says on that day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from stratify.features.kernel import Floats, Ints, Rows, refuse_unsorted
from stratify.registers.clock import day_number, day_of
from stratify.store.records import Columns

ADULT_YEARS = 18
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Spells:
    """Unbroken residence: stretches that touch are one. `end` is infinite while the person lives here."""

    person: Ints
    start: Ints
    end: Floats

    def of(self, kept: Ints | slice) -> Spells:
        """Return some of them."""
        return Spells(self.person[kept], self.start[kept], self.end[kept])


def spells(residence: Columns) -> Spells:
    """Return unbroken spells from stretches sorted by person and start; ValueError when they are not sorted."""
    person = residence["person"].astype(np.int64)
    start = residence["start"].astype(np.int64)
    refuse_unsorted(person, start, "residence")
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
    """Return a row for each adult alive and resident on each landmark, sorted by person and day.

    Adult from the 18th birthday on. Who dies on a landmark is not in it: the store ends residence on the day of death.
    """
    birth = people["birth"]
    death = np.where(np.isnan(people["death"]), np.inf, people["death"])
    found: list[npt.NDArray[np.int64]] = []
    for day in landmarks:
        who = np.unique(lived.person[(lived.start <= day) & (lived.end > day)])
        who = who[(birth[who] <= latest_adult_birth(day)) & (death[who] > day)]
        found.append(np.stack([who, np.full(len(who), day)], axis=1))
    both = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    return Rows(both[:, 0].astype(np.int64), both[:, 1].astype(np.int64))


def latest_adult_birth(day: int) -> int:
    """Return the last day of birth of those who are 18 on a day; born on 29 February, they are so on 1 March."""
    on = day_of(day)
    year = on.year - ADULT_YEARS
    if (on.month, on.day) == (2, 29):  # that year had none
        return day_number(date(year, 2, 28))
    return day_number(date(year, on.month, on.day))


def years_old(birth: npt.NDArray[Any], day: int | npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the whole years people have lived on a day, or each on a day of their own.

    Born on 29 February, they turn a year on 1 March.
    """
    born = birth.astype("datetime64[D]")
    years = born.astype("datetime64[Y]").astype(np.int64)
    months = born.astype("datetime64[M]")
    day_in_month = (born - months.astype("datetime64[D]")).astype(np.int64)
    on = np.asarray(day).astype("datetime64[D]")
    on_month = on.astype("datetime64[M]")
    today = (on_month.astype(np.int64) % 12) * 32 + (on - on_month.astype("datetime64[D]")).astype(np.int64)
    birthday = (months.astype(np.int64) % 12) * 32 + day_in_month
    return np.asarray(on.astype("datetime64[Y]").astype(np.int64) - years - (birthday > today), dtype=np.int64)


def adult_residents(rows: Rows, people: Columns, lived: Spells) -> npt.NDArray[np.bool_]:
    """Return which rows are of adults alive and resident on their day, by the rule of `residents`."""
    days, place = np.unique(rows.day, return_inverse=True)
    latest = np.array([latest_adult_birth(day) for day in days.tolist()], dtype=np.int64)[place]
    alive = ~(people["death"][rows.person] <= rows.day)
    return np.asarray(_stands(rows, lived, _last_begun(rows, lived)) & alive & (people["birth"][rows.person] <= latest))


def spell_of(rows: Rows, lived: Spells) -> npt.NDArray[np.int64]:
    """Return the index of the spell each row stands in; ValueError when one stands in none (see `residents`)."""
    at = _last_begun(rows, lived)
    if not _stands(rows, lived, at).all():
        raise ValueError("rows must be of people resident on their day")
    return at


def _stands(rows: Rows, lived: Spells, at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which rows stand in the spell at their place."""
    if not len(lived.person):
        return np.zeros(len(rows), dtype=bool)
    inside = np.maximum(at, 0)
    return np.asarray((at >= 0) & (lived.person[inside] == rows.person) & (lived.end[inside] > rows.day))


def _last_begun(rows: Rows, lived: Spells) -> npt.NDArray[np.int64]:
    """The index of the last spell, in the order of all, that began by each row's day; -1 where there is none."""
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    base = min(int(rows.day.min()), int(lived.start.min(initial=rows.day.min())))
    span = max(int(rows.day.max()), int(lived.start.max(initial=0))) - base + 1
    keys = lived.person * span + (lived.start - base)
    return np.asarray(np.searchsorted(keys, rows.person * span + (rows.day - base), side="right") - 1)


def _running_latest(person: Ints, end: Floats) -> Floats:
    """The latest end among a person's stretches so far: a running maximum that starts anew with each person."""
    finite = np.where(np.isinf(end), 0, end)
    never = int(np.abs(finite).max()) + 1
    span = 2 * never + 1
    rank = np.where(np.isinf(end), never, finite).astype(np.int64) + never
    latest = np.maximum.accumulate(person * span + rank) - person * span - never
    return np.where(latest == never, np.inf, latest.astype(np.float64))
