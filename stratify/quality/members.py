"""Who belongs to a target's population, and from when.

Who belongs is settled on 1 January of each year, by what was known then, so that a denominator does not move within
the year and is the same for every target with that population. For a rate somebody in whom the condition is found in
the course of the year is at risk from the day after it was known (R8).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stratify.quality.cases import Bools, Days


class Members(Protocol):
    """A population as measures ask for it."""

    def among(self, person: Days, day: Days) -> Bools:
        """Return which of these people belong on these days."""

    def on(self, day: int) -> Days:
        """Return who belongs on a day, ascending."""

    def at_risk(self, start: int, end: int) -> tuple[Days, Days, Days]:
        """Return stretches in [start, end) in which somebody belongs: person, start, end (half open)."""


class Always:
    """The same people on every day; at risk from the day after `known`, where somebody has one."""

    def __init__(self, population: NDArray[np.integer], known: dict[int, int] | None = None) -> None:
        self.population = np.unique(np.asarray(population, dtype=np.int64))
        self._known = known or {}

    def among(self, person: Days, day: Days) -> Bools:  # noqa: ARG002 - the same on every day
        """Return which of these people belong."""
        return np.asarray(np.isin(person, self.population))

    def on(self, day: int) -> Days:  # noqa: ARG002 - the same on every day
        """Return who belongs."""
        return self.population

    def at_risk(self, start: int, end: int) -> tuple[Days, Days, Days]:
        """Return one stretch for each of them."""
        begins = np.array([max(start, self._known.get(one, start - 1) + 1) for one in self.population.tolist()])
        begins = begins.astype(np.int64)
        kept = begins < end
        return self.population[kept], begins[kept], np.full(int(kept.sum()), end, dtype=np.int64)
