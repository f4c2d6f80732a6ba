"""Policies: who has which offer from a landmark on, and what that truly does to their hazards.

The effects act on hazards of admission and death, not on the onset of disease. A policy draws no number of its own: two
policies on one seed differ only where an offer changes a hazard (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from pipelines.synthesis.calendar import Year, day_number
from pipelines.synthesis.effects import HAZARDS, fits
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.streams import Floats
from stratify.errors import UsageError

if TYPE_CHECKING:
    from pipelines.synthesis.shard import Life


@dataclass(frozen=True)
class Policy:
    """Offers in use from the landmark on, a 1 January: for each offer, the `pnr` of those who have it."""

    landmark: date
    offers: Mapping[str, Iterable[str]]

    def __post_init__(self) -> None:
        """Keep the people as a set, whatever they came in; UsageError where they are no texts of digits."""
        wrong = [name for name, people in self.offers.items() if isinstance(people, str)]
        kept = {name: frozenset(people) for name, people in self.offers.items() if name not in wrong}
        wrong += [name for name, people in kept.items()
                  if not all(isinstance(pnr, str) and pnr.isdigit() and len(pnr) <= 12 for pnr in people)]  # fmt: skip
        if wrong:
            what = [f"{name}: a collection of pnr, texts of at most 12 digits, is required" for name in sorted(wrong)]
            raise UsageError("The people of an offer cannot be read.", what)
        object.__setattr__(self, "offers", kept)

    def check(self, given: Parameters, last_year: int) -> None:
        """Raise UsageError for a landmark that is no 1 January up to the last year, and for unknown offers."""
        known = {effect.offer for effect in given.offers.effect}
        problems = [f"{name}: no effect is declared for this offer" for name in sorted(set(self.offers) - known)]
        if (self.landmark.month, self.landmark.day) != (1, 1) or self.landmark.year > last_year:
            told = f"a 1 January, {last_year} at the latest, is required"
            problems.append(f"landmark: {told}, got {self.landmark.isoformat()}")
        if problems:
            raise UsageError("The policy does not fit the region.", problems)

    def factors(self, life: Life, year: Year, given: Parameters) -> Floats | None:
        """Return the factors on each person's hazards (people × HAZARDS) in a year, None before the landmark."""
        if year.first < day_number(self.landmark):
            return None
        number = life.numbers
        found = np.ones((len(number), len(HAZARDS)))
        for offer, people in self.offers.items():
            has = np.isin(number, np.array([int(pnr) for pnr in people], np.int64))
            for effect in given.offers.effect:
                if effect.offer == offer and effect.ratio != 1.0:
                    rows = np.flatnonzero(has & fits(effect.of, life.people, life.state, year, given))
                    for name in effect.on:
                        found[rows, HAZARDS.index(name)] *= effect.ratio
        return found
