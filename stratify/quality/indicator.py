"""Who counts in a quality target, who meets it, and for whom nobody can tell: three measures over the store's tables.

Each measure returns one case per index (a discharge, or a person) with its state; `measure` counts the states. What
makes a case a yes, a no, unknown, not mature yet or left out:

readmission              index: a stay counted as admission, of one kind of care, discharged alive in the period, be it
                         itself a readmission or not; yes: an acute admission of the same kind of care starts more than
                         4 h after and at most `days` days after discharge, the same day counting; left out: death
                         within `days` days, where the target says so; unknown: the later admission's priority is not
                         recorded, or the person left the country before it could have come
contact_after_discharge  index as above; yes: a contact in one of the settings on day `from_day` to `to_day`; left out:
                         a new admission of the same kind of care or death on day 0 to `to_day`; unknown: left
                         the country
last_lab_value           index: each person of the population alive at the start; the latest value in the period
                         decides; unknown: none was measured, or a < or > that leaves it open

A case younger than `maturity_days` is immature, whatever has already happened to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Target
from stratify.quality.columns import NO_DAY, Tables, among, days, flags, numbers, texts
from stratify.quality.parameters import ContactParameters, LabParameters, ReadmissionParameters

Days = NDArray[np.int64]

_APART = 4 * 60  # minutes: what starts sooner belongs to the same stay
_SPAN = np.int64(2**34)  # more than any minute since 1970, so that person and time fit in one sortable number


class State(IntEnum):
    """What became of one case."""

    NO = 0
    YES = 1
    UNKNOWN = 2
    IMMATURE = 3


@dataclass(frozen=True)
class Cases:
    """One entry per case: whose, its day, the unit it belongs to (the discharging one; "" for people), its state."""

    person: Days
    day: Days
    unit: NDArray[np.str_]
    state: NDArray[np.int8]

    def tally(self, keep: NDArray[np.bool_] | None = None) -> Result:
        """Return the counts of all cases, or of those to keep (one unit, one part of the population)."""
        state = self.state if keep is None else self.state[keep]
        no, yes, unknown, immature = (int(n) for n in np.bincount(state, minlength=4))
        return Result(yes, no + yes, unknown, immature)


@dataclass(frozen=True)
class Result:
    """The counts of one target. A point is complete only when `immature` is 0."""

    numerator: int
    denominator: int
    unknown: int
    immature: int


def measure(
    target: Target, tables: Tables, population: NDArray[Any], period_start: int, period_end: int, delivered: int
) -> Result:
    """Return the counts of a target for the people of `population` in the period [start, end), all in days."""
    return cases(target, tables, population, period_start, period_end, delivered).tally()


def cases(
    target: Target, tables: Tables, population: NDArray[Any], period_start: int, period_end: int, delivered: int
) -> Cases:
    """Return the cases behind `measure`, so that units and parts of the population can be counted apart.

    `population` holds person numbers. `tables` hold columns as the store has them: stay, persons and, where there is
    one, residence for readmission; contact beside them for contact_after_discharge; lab and persons for
    last_lab_value. Without residence nobody is taken to have left. Raises DataError for a table or column not there.
    """
    population = np.unique(np.asarray(population, dtype=np.int64))
    asked = target.parameters
    if isinstance(asked, LabParameters):
        return _last_value(asked, target.maturity_days, tables, population, (period_start, period_end), delivered)
    stays = _Stays.of(tables, asked.care)
    died = _died(tables, stays.person)
    index = (
        (stays.end_day >= period_start)
        & (stays.end_day < period_end)
        & (died > stays.end_day)  # the day of death is all a register has: dead that day is not discharged alive
        & np.isin(stays.person, population)
    )
    state = np.full(len(index), State.NO, dtype=np.int8)
    if isinstance(asked, ReadmissionParameters):
        left_out = _readmitted(asked, tables, stays, died, state)
    else:
        left_out = _seen(asked, tables, stays, died, state)
    immature = stays.end_day + target.maturity_days > delivered
    state[immature] = State.IMMATURE
    keep = index & (immature | ~left_out)
    return Cases(stays.person[keep], stays.end_day[keep], stays.unit_last[keep], state[keep])


@dataclass(frozen=True)
class _Stays:
    """The admissions of one kind of care."""

    person: Days
    day: Days
    start: Days
    end: Days
    end_day: Days
    acute: NDArray[np.int8]
    unit_last: NDArray[np.str_]

    @staticmethod
    def of(tables: Tables, care: str) -> _Stays:
        keep = (flags(tables, "stay", "admission") == 1) & among(tables, "stay", "care", [care])
        person, day, start, end, end_day = (
            days(tables, "stay", name)[keep] for name in ("person", "day", "start_min", "end_min", "end_day")
        )
        acute, unit = flags(tables, "stay", "acute")[keep], texts(tables, "stay", "unit_last")[keep]
        order = np.lexsort((end, start, person))
        return _Stays(person[order], day[order], start[order], end[order], end_day[order], acute[order], unit[order])

    def next_after(self, among: NDArray[np.bool_]) -> Days:
        """Return, for each stay, how many days after its end the next of `among` starts; NO_DAY for none."""
        open_stay = self.end == NO_DAY
        after = np.where(open_stay, np.int64(0), self.end) + _APART
        where = _first_above(_key(self.person[among], self.start[among]), _key(self.person, after))
        return _gap(self.person, self.end_day, self.person[among], self.day[among], where)


def _readmitted(
    asked: ReadmissionParameters, tables: Tables, stays: _Stays, died: Days, state: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Set the state of each stay; return which are left out."""
    acute = stays.next_after(stays.acute == 1) <= asked.days
    perhaps = stays.next_after(stays.acute == -1) <= asked.days
    state[_left(tables, stays, died, asked.days) | perhaps] = State.UNKNOWN
    state[acute] = State.YES
    return (died - stays.end_day <= asked.days) & asked.exclude_dead


def _seen(
    asked: ContactParameters, tables: Tables, stays: _Stays, died: Days, state: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Set the state of each stay; return which are left out."""
    counts = among(tables, "contact", "care", [asked.care]) & among(tables, "contact", "setting", asked.settings)
    person, day = days(tables, "contact", "person")[counts], days(tables, "contact", "day")[counts]
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    first = _first_above(_key(person, day), _key(stays.person, stays.end_day + asked.from_day - 1))
    met = _gap(stays.person, stays.end_day, person, day, first) <= asked.to_day
    state[_left(tables, stays, died, asked.to_day)] = State.UNKNOWN
    state[met] = State.YES
    again = stays.next_after(np.ones(len(stays.person), dtype=bool)) <= asked.to_day
    return again | (died - stays.end_day <= asked.to_day)


def _last_value(
    asked: LabParameters, maturity: int, tables: Tables, population: Days, period: tuple[int, int], delivered: int
) -> Cases:
    population = population[_died(tables, population) >= period[0]]
    state = np.full(len(population), State.UNKNOWN, dtype=np.int8)
    if period[1] + maturity > delivered:
        state[:] = State.IMMATURE
    else:
        day, value = days(tables, "lab", "day"), numbers(tables, "lab", "value")
        use = (day >= period[0]) & (day < period[1]) & ~np.isnan(value)
        use &= among(tables, "lab", "code", asked.codes)
        person, value = days(tables, "lab", "person")[use], value[use]
        below, above = (among(tables, "lab", "comparator", [sign])[use] for sign in "<>")
        order = np.lexsort((np.arange(len(person)), day[use], person))  # on one day the later row counts
        person, value, below, above = person[order], value[order], below[order], above[order]
        last = np.searchsorted(person, population, side="right") - 1
        measured = (last >= 0) & (person[last] == population) if len(person) else np.zeros(len(population), dtype=bool)
        high = value >= asked.at_least
        told = np.where(high & ~(below & (value == asked.at_least)), State.YES, State.NO)
        told[(below & (value > asked.at_least)) | (above & ~high)] = State.UNKNOWN
        state[measured] = told[last[measured]]
    day_of_all = np.full(len(population), period[1], dtype=np.int64)
    return Cases(population, day_of_all, np.full(len(population), "", dtype=np.str_), state)


def _died(tables: Tables, person: Days) -> Days:
    """Return each one's day of death, NO_DAY for the living and for people the table lacks."""
    known, death = days(tables, "persons", "person"), days(tables, "persons", "death")
    order = np.argsort(known, kind="stable")
    known, death = known[order], death[order]
    if not len(known):
        return np.full(len(person), NO_DAY, dtype=np.int64)
    where = np.minimum(np.searchsorted(known, person), len(known) - 1)
    return np.where(known[where] == person, death[where], NO_DAY)


def _left(tables: Tables, stays: _Stays, died: Days, within: int) -> NDArray[np.bool_]:
    """Return whose residence ends, other than by death or a move inside, at most `within` days after discharge."""
    if "residence" not in tables:
        return np.zeros(len(stays.person), dtype=bool)
    person, start, end = (days(tables, "residence", name) for name in ("person", "start", "end"))
    order = np.lexsort((start, person))
    person, start, end = person[order], start[order], end[order]
    moved_on = np.zeros(len(person), dtype=bool)
    moved_on[:-1] = (person[1:] == person[:-1]) & (start[1:] <= end[:-1])
    gone = (end != NO_DAY) & ~moved_on
    person, end = person[gone], end[gone]
    first = _first_above(_key(person, end), _key(stays.person, stays.end_day))
    gap = _gap(stays.person, stays.end_day, person, end, first)
    return (gap <= within) & (died - stays.end_day > gap)


def _key(person: Days, time: Days) -> Days:
    return person * _SPAN + np.minimum(time, _SPAN // 4) + _SPAN // 4  # minutes before 1970 are negative


def _first_above(keys: Days, wanted: Days) -> Days:
    return np.searchsorted(keys, wanted, side="right").astype(np.int64)


def _gap(person: Days, day: Days, others: Days, other_day: Days, where: Days) -> Days:
    """Return other_day[where] - day where that is the same person's, else NO_DAY."""
    if not len(others):
        return np.full(len(person), NO_DAY, dtype=np.int64)
    inside = np.minimum(where, len(others) - 1)
    same = (where < len(others)) & (others[inside] == person) & (day != NO_DAY)
    return np.where(same, other_day[inside] - day, NO_DAY)
