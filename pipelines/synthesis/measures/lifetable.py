"""Period life tables: death rates by age, years left, and how sure they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.synthesis.measures.estimates import NOTHING, Cells, over
from pipelines.synthesis.measures.region import Region, day
from pipelines.synthesis.targets import Measured

Given = dict[str, Any]
TOP = 95  # everybody older is taken together


def deaths(region: Region, given: Given) -> Measured:
    """Return the deaths of a year over the mean of the population at its two ends."""
    year, _ = region.span(given)
    row = region.con.execute(
        f"SELECT (SELECT count(DISTINCT pnr) FROM dod WHERE doddato >= {day(year)} AND doddato < {day(year + 1)}), "
        f"(SELECT count(DISTINCT (pnr, referencetid)) / count(DISTINCT referencetid) FROM bef "
        f"WHERE referencetid IN ({day(year - 1, 12, 31)}, {day(year, 12, 31)}))"
    ).fetchone()
    died, people = row or (0, None)
    return NOTHING if not people or not died else Measured(died / people, died**0.5 / people)


def life_expectancy(region: Region, given: Given) -> Measured:
    """Return the years left at an age by a period life table of one sex, with Chiang's standard error."""
    died, years = _rates(region, *region.span(given), women=given["women"])
    return remaining(died, years, given["age"])


def remaining(died: Cells, years: Cells, age: int) -> Measured:
    """Return the years left at an age, from deaths and years by age completed on 1 January, the last one open.

    Who is a on 1 January is a + 1 in the middle of the year: the rate of the age x to x + 1 is the mean of x - 1 and x.
    Deaths in the calendar year of birth are not known here. Nothing where nobody died or nobody is that old.
    """
    if not died.sum() or not years[age]:
        return NOTHING
    with_people = int(np.flatnonzero(years)[-1]) + 1
    died, years = died[:with_people], years[:with_people]
    rates = np.nan_to_num(over(died, years))
    moved = np.append(rates[:1], (rates[1:] + rates[:-1]) / 2)
    alive = np.exp(-np.append(0.0, np.cumsum(moved[:-1])))
    lived = np.append((alive[:-1] + alive[1:]) / 2, over(alive[-1], moved[-1]))
    lived = np.nan_to_num(lived)
    left = np.cumsum(lived[::-1])[::-1] / alive
    spread = np.nan_to_num(over(died, years**2))  # variance of the rate
    weight = np.append(alive[1:] * (0.5 + left[1:]), alive[-1] * left[-1] ** 2)  # years one more death takes away
    error = np.sqrt((weight**2 * spread)[age:].sum()) / alive[age]
    return Measured(float(left[age]), float(error))


def expectancies(rates: Cells, width: int) -> Cells:
    """Return the years left, until the end of the last age group, at the middle of each group of this width."""
    half = np.exp(-rates * width / 2)
    lived_half = width / 2 * (1 + half) / 2
    left = np.zeros(len(rates) + 1)  # at the start of each group
    middle = np.zeros(len(rates))
    for group in range(len(rates) - 1, -1, -1):
        middle[group] = lived_half[group] + half[group] * left[group + 1]
        left[group] = lived_half[group] + half[group] * middle[group]
    return middle


def one_year_mortality(region: Region, given: Given) -> Measured:
    """Return the risk of death in the year after an exact age, from the mean rate of two years of age on each side."""
    died, years = _rates(region, *region.latest(3), women=given["women"], top=120)
    ages = slice(given["age"] - 2, given["age"] + 2)  # completed on 1 January, so half a year older on average
    died, years = died[ages], years[ages]
    if not years.all() or not died.sum():
        return NOTHING
    rate = (died / years).mean()
    error = np.sqrt((died / years**2).sum()) / len(died)
    return Measured(float(-np.expm1(-rate)), float(error * np.exp(-rate)))


def _rates(region: Region, first: int, last: int, *, women: bool, top: int = TOP) -> tuple[Cells, Cells]:
    """Deaths and years at risk by completed age on 1 January, the last one open."""
    found = region.con.execute(
        f"SELECT least(age, {top}) AS age, count(*) FILTER (died) AS died, sum(years) AS years FROM person_years "
        f"WHERE year BETWEEN {first} AND {last} AND woman = {women} GROUP BY 1"
    ).fetchnumpy()
    died, years = np.zeros(top + 1), np.zeros(top + 1)
    died[found["age"]], years[found["age"]] = found["died"], found["years"]
    return died, years
