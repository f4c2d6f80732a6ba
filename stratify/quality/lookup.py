"""What measures look up in the tables: the admissions of one kind of care, deaths, who left, what came next.

Everything is one search in keys of person and time, so that a region is measured in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratify.codes import starts_with_any
from stratify.quality.cases import Bools, Days
from stratify.quality.columns import NO_DAY, Tables, among, days, flags, once, texts

APART = 4 * 60  # minutes: what starts sooner belongs to the same stay
_SPAN = np.int64(2**34)  # more than any minute since 1970, so that person and time fit in one sortable number


@dataclass(frozen=True)
class Stays:
    """The admissions of one kind of care, by person and start."""

    person: Days
    day: Days
    start: Days
    end: Days
    end_day: Days
    acute: NDArray[np.int8]
    unit_first: NDArray[np.str_]
    unit_last: NDArray[np.str_]
    code: NDArray[np.str_]

    @staticmethod
    def of(tables: Tables, care: str) -> Stays:
        """Return them from the table of stays."""
        return once(tables, ("stays", care), lambda: Stays._of(tables, care))

    @staticmethod
    def _of(tables: Tables, care: str) -> Stays:
        keep = (flags(tables, "stay", "admission") == 1) & among(tables, "stay", "care", [care])
        person, day, start, end, end_day = (
            days(tables, "stay", name)[keep] for name in ("person", "day", "start_min", "end_min", "end_day")
        )
        acute = flags(tables, "stay", "acute")[keep]
        first, last, code = (texts(tables, "stay", name)[keep] for name in ("unit_first", "unit_last", "first_code"))
        order = np.lexsort((end, start, person))
        return Stays(*(one[order] for one in (person, day, start, end, end_day, acute, first, last, code)))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.person)

    def coded(self, prefixes: Sequence[str]) -> Bools:
        """Return which begin with one of these diagnoses; all, where none is asked for."""
        if not prefixes:
            return np.ones(len(self), dtype=bool)
        codes, place = np.unique(self.code, return_inverse=True)
        return np.array([starts_with_any(one, prefixes) for one in codes.tolist()], dtype=bool)[place]

    def next_after(self, which: Bools) -> Days:
        """Return, for each stay, how many days after its end the next of `which` starts; NO_DAY for none."""
        after = np.where(self.end == NO_DAY, np.int64(0), self.end) + APART
        where = first_above(key_of(self.person[which], self.start[which]), key_of(self.person, after))
        return gap(self.person, self.end_day, self.person[which], self.day[which], where)


def died(tables: Tables, person: Days) -> Days:
    """Return each one's day of death, NO_DAY for the living and for people the table lacks."""
    known, death = once(tables, "deaths", lambda: _deaths(tables))
    if not len(known):
        return np.full(len(person), NO_DAY, dtype=np.int64)
    where = np.minimum(np.searchsorted(known, person), len(known) - 1)
    return np.where(known[where] == person, death[where], NO_DAY)


def _deaths(tables: Tables) -> tuple[Days, Days]:
    known, death = days(tables, "persons", "person"), days(tables, "persons", "death")
    order = np.argsort(known, kind="stable")
    return known[order], death[order]


def left(tables: Tables, person: Days, day: Days) -> Days:
    """Return the first day after `day` on which residence ends, other than by a move inside; NO_DAY for none.

    A death ends residence too: hold it against `died`. Without a table of residence nobody is taken to have left.
    """
    if "residence" not in tables:
        return np.full(len(person), NO_DAY, dtype=np.int64)
    who, end = once(tables, "gone", lambda: _gone(tables))
    where = first_above(key_of(who, end), key_of(person, day))
    days_until = gap(person, day, who, end, where)
    return np.where(days_until == NO_DAY, NO_DAY, day + days_until)


def _gone(tables: Tables) -> tuple[Days, Days]:
    """Return who has left, and the day, by person and day."""
    who, start, end = (days(tables, "residence", name) for name in ("person", "start", "end"))
    order = np.lexsort((start, who))
    who, start, end = who[order], start[order], end[order]
    moved_on = np.zeros(len(who), dtype=bool)
    moved_on[:-1] = (who[1:] == who[:-1]) & (start[1:] <= end[:-1])
    gone = (end != NO_DAY) & ~moved_on
    return who[gone], end[gone]


def first_event(person: Days, day: Days, others: Days, other_day: Days) -> Days:
    """Return the first day >= `day` on which something happened to the same person; NO_DAY for none.

    others, other_day: what happened, in any order.
    """
    keys = key_of(others, other_day)
    if (keys[1:] < keys[:-1]).any():
        order = np.argsort(keys, kind="stable")
        keys, others, other_day = keys[order], others[order], other_day[order]
    where = first_above(keys, key_of(person, day - 1))
    days_until = gap(person, day, others, other_day, where)
    return np.where(days_until == NO_DAY, NO_DAY, day + days_until)


def last_row(person: Days, day: Days, others: Days, other_day: Days) -> NDArray[np.int64]:
    """Return the place of the last row of the same person before `day`, -1 for none. Rows sorted by person and day."""
    where = np.searchsorted(key_of(others, other_day), key_of(person, day), side="left") - 1
    if not len(others):
        return np.full(len(person), -1, dtype=np.int64)
    same = (where >= 0) & (others[np.maximum(where, 0)] == person)
    return np.where(same, where, -1).astype(np.int64)


def key_of(person: Days, time: Days) -> Days:
    """Return one sortable number for person and time (a day or a minute, before 1970 too)."""
    return person * _SPAN + np.clip(time, -(_SPAN // 4), _SPAN // 4) + _SPAN // 4


def first_above(keys: Days, wanted: Days) -> Days:
    """Return the place of the first key above each one wanted."""
    return np.searchsorted(keys, wanted, side="right").astype(np.int64)


def gap(person: Days, day: Days, others: Days, other_day: Days, where: Days) -> Days:
    """Return other_day[where] - day where that is the same person's, else NO_DAY."""
    if not len(others):
        return np.full(len(person), NO_DAY, dtype=np.int64)
    inside = np.minimum(where, len(others) - 1)
    same = (where < len(others)) & (others[inside] == person) & (day != NO_DAY)
    return np.where(same, other_day[inside] - day, NO_DAY)
