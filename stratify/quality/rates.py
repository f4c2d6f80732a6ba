"""Measures over time lived: admissions for each year at risk, and deaths held against those of others.

At risk (R8): half open stretches; from the day after the condition was known; the days of death and of moving out are
not at risk; a year is 365.25 days.
"""

from __future__ import annotations

import numpy as np

from stratify.quality.cases import AtRisk, Days
from stratify.quality.columns import Tables
from stratify.quality.lookup import Stays, died, first_above, key_of, left
from stratify.quality.members import Members
from stratify.quality.parameters import RateParameters


def admission_rate(
    asked: RateParameters, tables: Tables, members: Members, period: tuple[int, int], mature_to: int
) -> AtRisk:
    """Return the stretches at risk in the period, and the admissions that began in one of them.

    Admissions are those of one kind of care, acute or not as asked, whose first diagnosis is one of the codes.
    """
    person, start, end = ended(tables, *members.at_risk(*period))
    stays = Stays.of(tables, asked.care)
    which = stays.coded(asked.codes)
    if asked.acute is not None:
        which &= stays.acute == int(asked.acute)
    who, day = stays.person[which], stays.day[which]
    inside = within(who, day, person, start, end)
    return AtRisk(person, start, end, who[inside], day[inside], mature_to)


def ended(tables: Tables, person: Days, start: Days, end: Days) -> tuple[Days, Days, Days]:
    """Return the stretches cut off where somebody dies or moves out; those left empty are gone."""
    end = np.minimum(np.minimum(end, died(tables, person)), left(tables, person, start))
    kept = start < end
    return person[kept], start[kept], end[kept]


def within(who: Days, day: Days, person: Days, start: Days, end: Days) -> np.ndarray:
    """Return which days lie in a stretch of the same person. Stretches of one person do not overlap."""
    order = np.lexsort((start, person))
    person, start, end = person[order], start[order], end[order]
    at = first_above(key_of(person, start), key_of(who, day)) - 1
    inside = np.maximum(at, 0)
    if not len(person):
        return np.zeros(len(who), dtype=bool)
    found: np.ndarray = (at >= 0) & (person[inside] == who) & (day < end[inside])
    return found
