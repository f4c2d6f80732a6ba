"""Who counts in a quality target, who meets it, and for whom nobody can tell, over the tables of the store.

One function for each measure stands in `discharges`, `of_people`, `rates` and `from_service`; the rules R1-R9 that all
of them follow are told there and in docs/quality.md. A case younger than `maturity_days` is immature, whatever has
already happened to it (R7): meeting a target early does not make it count earlier.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Target
from stratify.quality import discharges, from_service, of_people, rates
from stratify.quality.cases import AtRisk, Cases, Days, Result, State
from stratify.quality.columns import Tables
from stratify.quality.members import Always, Members
from stratify.quality.parameters import OF_PEOPLE

__all__ = ["AtRisk", "Cases", "Result", "State", "cases", "measure", "of_each"]


def measure(
    target: Target,
    tables: Tables,
    population: NDArray[Any] | Members,
    period_start: int,
    period_end: int,
    delivered: int,
) -> Result:
    """Return the counts of a target for a population in the period [start, end), all in days."""
    return cases(target, tables, population, period_start, period_end, delivered).tally()


def cases(
    target: Target,
    tables: Tables,
    population: NDArray[Any] | Members,
    period_start: int,
    period_end: int,
    delivered: int,
) -> Cases | AtRisk:
    """Return what stands behind `measure`, so that units and parts of the population can be counted apart.

    population: person numbers, or who belongs when. A measure of people takes everybody who belongs when the period
    opens, with the period as everybody's window. `tables` hold columns as the store has them. Raises DataError for a
    table or column that is not there, ValueError for a target that no register tells.
    """
    members = Always(population) if isinstance(population, np.ndarray) else population
    if target.measure in OF_PEOPLE:
        person = members.on(period_start)
        start, end = (np.full(len(person), day, dtype=np.int64) for day in (period_start, period_end))
        return of_each(target, tables, person, start, end, delivered)
    period, name = (period_start, period_end), target.measure
    asked: Any = target.parameters  # of the kind its measure takes: the catalogue has seen to that
    mature_to = delivered - target.maturity_days + 1
    if name == "admission_rate":
        return rates.admission_rate(asked, tables, members, period, mature_to)
    if name in ("listed", "answered"):
        found: Cases = getattr(from_service, name)(asked, tables, period)
    elif hasattr(discharges, name):
        found = getattr(discharges, name)(asked, tables, members, period, mature_to)
    else:
        raise ValueError(f"{target.id}: the measure {name} is not counted in cases")
    return _matured(found, found.day + target.maturity_days > delivered)


def of_each(target: Target, tables: Tables, person: Days, start: Days, end: Days, delivered: int) -> Cases:
    """Return the cases of a measure of people, each in a window [start, end) of their own."""
    asked: Any = target.parameters
    if target.measure == "elements":
        found = of_people.elements(asked, tables, person, end)
    else:
        found = getattr(of_people, target.measure)(asked, tables, person, start, end)
    return _matured(found, found.day + target.maturity_days > delivered)


def _matured(found: Cases, immature: NDArray[np.bool_]) -> Cases:
    state = np.where(immature, State.IMMATURE, found.state).astype(np.int8)
    parts = found.elements and {
        key: np.where(immature, State.IMMATURE, one).astype(np.int8) for key, one in found.elements.items()
    }
    return Cases(found.person, found.day, found.unit, state, parts)
