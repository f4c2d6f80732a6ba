"""Measures whose case is an admission: readmission, contact after discharge, death after it began, coercion in it.

What makes a case a yes, unknown or left out:

readmission              index: an admission of one kind of care discharged alive in the period, be it itself a
                         readmission or not; yes: an acute admission of the same kind of care starts more than 4 h after
                         and at most `days` days after discharge, the same day counting; left out: death within `days`
                         days, where the target says so; unknown: the later admission's priority is not recorded, or
                         the person left the region before it could have come
contact_after_discharge  index as above; yes: a contact in one of the settings on day `from_day` to `to_day`; left out:
                         a new admission of the same kind of care or death on day 0 to `to_day`; unknown: left
death_after_admission    index: an acute admission, counted on the day it began and owned by the unit that received it;
                         yes: death at most `days` days after that day; unknown: left before, alive as far as is known
during_stay              index: an admission discharged in the period, alive or dead; yes: one of the codes on a day of
                         the stay

The index of a discharge belongs to the unit that discharged (R2).
"""

from __future__ import annotations

import numpy as np

from stratify.quality.cases import Bools, Cases, Days, State
from stratify.quality.columns import NO_DAY, Tables, among, days
from stratify.quality.lookup import Stays, died, first_event, left
from stratify.quality.members import Members
from stratify.quality.parameters import ContactParameters, DeathParameters, DuringStayParameters, ReadmissionParameters

Period = tuple[int, int]


def readmission(
    asked: ReadmissionParameters, tables: Tables, members: Members, period: Period, mature_to: int
) -> Cases:
    """Return the cases; from the day `mature_to` on nobody is left out yet."""
    stays, dead = _stays(tables, asked.care)
    index = _discharged_alive(stays, dead, members, period) & stays.coded(asked.codes)
    state = np.full(len(stays), State.NO, dtype=np.int8)
    perhaps = stays.next_after(stays.acute == -1) <= asked.days
    state[_left_within(tables, stays.person, stays.end_day, dead, asked.days) | perhaps] = State.UNKNOWN
    state[stays.next_after(stays.acute == 1) <= asked.days] = State.YES
    out = (dead - stays.end_day <= asked.days) & asked.exclude_dead
    return Cases(stays.person, stays.end_day, stays.unit_last, state).of(index & (~out | (stays.end_day >= mature_to)))


def contact_after_discharge(
    asked: ContactParameters, tables: Tables, members: Members, period: Period, mature_to: int
) -> Cases:
    """Return the cases; from the day `mature_to` on nobody is left out yet."""
    stays, dead = _stays(tables, asked.care)
    index = _discharged_alive(stays, dead, members, period)
    counts = among(tables, "contact", "care", [asked.care]) & among(tables, "contact", "setting", asked.settings)
    person, day = days(tables, "contact", "person")[counts], days(tables, "contact", "day")[counts]
    first = first_event(stays.person, stays.end_day + asked.from_day, person, day)
    state = np.full(len(stays), State.NO, dtype=np.int8)
    state[_left_within(tables, stays.person, stays.end_day, dead, asked.to_day)] = State.UNKNOWN
    state[first - stays.end_day <= asked.to_day] = State.YES
    again = stays.next_after(np.ones(len(stays), dtype=bool)) <= asked.to_day
    out = again | (dead - stays.end_day <= asked.to_day)
    return Cases(stays.person, stays.end_day, stays.unit_last, state).of(index & (~out | (stays.end_day >= mature_to)))


def death_after_admission(asked: DeathParameters, tables: Tables, members: Members, period: Period, _: int) -> Cases:
    """Return the cases; nobody is left out."""
    stays, dead = _stays(tables, asked.care)
    index = (stays.day >= period[0]) & (stays.day < period[1]) & (stays.acute == 1) & stays.coded(asked.codes)
    index &= members.among(stays.person, stays.day)
    state = np.full(len(stays), State.NO, dtype=np.int8)
    state[_left_within(tables, stays.person, stays.day, dead, asked.days)] = State.UNKNOWN
    state[dead - stays.day <= asked.days] = State.YES
    return Cases(stays.person, stays.day, stays.unit_first, state).of(index)


def during_stay(asked: DuringStayParameters, tables: Tables, members: Members, period: Period, _: int) -> Cases:
    """Return the cases; nobody is left out."""
    stays = Stays.of(tables, asked.care)
    index = (stays.end_day >= period[0]) & (stays.end_day < period[1]) & members.among(stays.person, stays.end_day)
    which = np.ones(len(days(tables, asked.domain, "person")), dtype=bool)
    if asked.codes:
        which = among(tables, asked.domain, "code", asked.codes)
    person, day = days(tables, asked.domain, "person")[which], days(tables, asked.domain, "day")[which]
    first = first_event(stays.person, stays.day, person, day)
    state = np.where(first <= stays.end_day, State.YES, State.NO).astype(np.int8)
    return Cases(stays.person, stays.end_day, stays.unit_last, state).of(index)


def _stays(tables: Tables, care: str) -> tuple[Stays, Days]:
    stays = Stays.of(tables, care)
    return stays, died(tables, stays.person)


def _discharged_alive(stays: Stays, dead: Days, members: Members, period: Period) -> Bools:
    inside = (stays.end_day >= period[0]) & (stays.end_day < period[1])
    alive = dead > stays.end_day  # the day of death is all a register has: dead that day is not discharged alive
    return inside & alive & members.among(stays.person, stays.end_day)


def _left_within(tables: Tables, person: Days, day: Days, dead: Days, within: int) -> Bools:
    """Return whose residence ends at most `within` days after `day`, and before they died."""
    gone = left(tables, person, np.where(day == NO_DAY, 0, day))
    return np.asarray((gone != NO_DAY) & (gone - day <= within) & (dead > gone))
