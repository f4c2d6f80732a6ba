"""Measures whose case is a person in a window of their own: the latest value, all parts done, treated after a value.

Each person has a window [start, end) and is counted on its last day. What makes a case a yes, unknown or left out:

last_lab_value       the latest value in the window decides; left out: who is dead when the window opens; unknown: none
                     was measured, or a < or > that leaves it open
elements             yes: every part done in its days before the window's end; no: one part that the source can tell is
                     not done; unknown: a part that no register tells, all others being done; left out: who is dead or
                     gone when the window ends
treated_after_value  index: who has a value from `at_least` up in the window; the first such value counts; yes: medicine
                     redeemed on its day or at most `days` days after; left out: a later value within these days is
                     below again and nothing was redeemed, or death within them; with `already = "left out"` who
                     redeemed it in the `days` before; unknown: left before, untreated
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratify.codes import starts_with_any
from stratify.quality.cases import Bools, Cases, Days, State
from stratify.quality.columns import Table, Tables, among, column, days, numbers
from stratify.quality.lookup import died, first_event, last_row, left
from stratify.quality.parameters import Element, ElementsParameters, LabParameters, TreatedParameters


def last_lab_value(asked: LabParameters, tables: Tables, person: Days, start: Days, end: Days) -> Cases:
    """Return the cases, none of them immature yet."""
    alive = died(tables, person) >= start
    person, start, end = person[alive], start[alive], end[alive]
    lab = Measured.of(tables, asked.codes)
    last = last_row(person, end, lab.person, lab.day)
    measured = (last >= 0) & (lab.day[last] >= start) if len(lab.day) else np.zeros(len(person), dtype=bool)
    state = np.full(len(person), State.UNKNOWN, dtype=np.int8)
    state[measured] = lab.told(asked.at_least)[last[measured]]
    return _cases(person, end - 1, state)


def elements(asked: ElementsParameters, tables: Tables, person: Days, end: Days) -> Cases:
    """Return the cases, none of them immature yet, with the state of each part."""
    here = (died(tables, person) >= end) & (left(tables, person, end - 366) >= end)
    person, end = person[here], end[here]
    parts = {one.id: _done(one, tables, person, end) for one in asked.elements}
    every = np.stack(list(parts.values()))
    state = np.where((every == State.NO).any(axis=0), State.NO, State.YES).astype(np.int8)
    state[(state == State.YES) & (every == State.UNKNOWN).any(axis=0)] = State.UNKNOWN
    found = _cases(person, end - 1, state)
    return Cases(found.person, found.day, found.unit, found.state, parts)


def treated_after_value(asked: TreatedParameters, tables: Tables, person: Days, start: Days, end: Days) -> Cases:
    """Return the cases on the last day of their window, none of them immature yet."""
    lab = Measured.of(tables, asked.codes)
    high = lab.told(asked.at_least) == State.YES
    value = first_event(person, start, lab.person[high], lab.day[high])
    index = value < end
    person, end, value = person[index], end[index], value[index]
    which = _begins(tables["drug"], asked.drugs)
    who, redeemed = days(tables, "drug", "person")[which], days(tables, "drug", "day")[which]
    treated = first_event(person, value, who, redeemed) - value <= asked.days
    already = first_event(person, value - asked.days, who, redeemed) < value
    low = lab.told(asked.at_least) == State.NO
    back = first_event(person, value + 1, lab.person[low], lab.day[low]) - value <= asked.days
    dead = died(tables, person)
    gone = left(tables, person, value)
    state = np.where(treated, State.YES, State.NO).astype(np.int8)
    state[~treated & (gone - value <= asked.days) & (dead > gone)] = State.UNKNOWN
    if asked.already == "counts":
        state[already] = State.YES
        out = ~(treated | already) & (back | (dead - value <= asked.days))
    else:
        out = already | (~treated & (back | (dead - value <= asked.days)))
    return _cases(person, end - 1, state).of(~out)


class Measured:
    """Laboratory values of some analyses, by person and day; of one day the later row counts."""

    def __init__(self, person: Days, day: Days, value: NDArray[np.float64], below: Bools, above: Bools) -> None:
        self.person, self.day, self.value, self.below, self.above = person, day, value, below, above

    @staticmethod
    def of(tables: Tables, codes: tuple[str, ...]) -> Measured:
        """Return the values that have a number."""
        value = numbers(tables, "lab", "value")
        use = ~np.isnan(value) & among(tables, "lab", "code", codes)
        person, day, value = days(tables, "lab", "person")[use], days(tables, "lab", "day")[use], value[use]
        below, above = (among(tables, "lab", "comparator", [sign])[use] for sign in "<>")
        order = np.lexsort((np.arange(len(person)), day, person))
        return Measured(person[order], day[order], value[order], below[order], above[order])

    def told(self, at_least: float) -> NDArray[np.int8]:
        """Return whether each value is at least so high: a bound may leave it open."""
        high = self.value >= at_least
        told = np.where(high & ~(self.below & (self.value == at_least)), State.YES, State.NO).astype(np.int8)
        told[(self.below & (self.value > at_least)) | (self.above & ~high)] = State.UNKNOWN
        return told


def _done(one: Element, tables: Tables, person: Days, end: Days) -> NDArray[np.int8]:
    """Return for each person whether a part was done in its days before the window's end; unknown without a source."""
    can_tell = (one.lab and "lab" in tables) or (one.services and "service" in tables)
    if not can_tell:
        return np.full(len(person), State.UNKNOWN, dtype=np.int8)
    who, day = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    if one.lab and "lab" in tables:
        which = among(tables, "lab", "code", one.lab)
        who.append(days(tables, "lab", "person")[which])
        day.append(days(tables, "lab", "day")[which])
    if one.services and "service" in tables:
        which = _begins(tables["service"], one.services)
        who.append(days(tables, "service", "person")[which])
        day.append(days(tables, "service", "day")[which])
    first = first_event(person, end - one.within_days, np.concatenate(who), np.concatenate(day))
    return np.where(first < end, State.YES, State.NO).astype(np.int8)


def _begins(table: Table, prefixes: tuple[str, ...]) -> Bools:
    values = column({"rows": table}, "rows", "code")
    codes, place = np.unique(np.asarray(values, dtype=np.str_), return_inverse=True)
    return np.array([starts_with_any(one, prefixes) for one in codes.tolist()], dtype=bool)[place]


def _cases(person: Days, day: Days, state: NDArray[np.int8]) -> Cases:
    return Cases(person, day, np.full(len(person), "", dtype=np.str_), state)
