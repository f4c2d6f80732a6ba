"""Policies: who has which offer from a landmark on, and what that truly does to their hazards.

The effects act on hazards of admission and death, not on the onset of disease. A policy draws no number of its own: two
policies on one seed differ only where an offer changes a hazard (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    """Offers in use from the landmark on, a 1 January: for each offer, the `pnr` of those who have it.

    standings: the effects that count, by how well they are known; of others an offer has none. since: by offer and
    `pnr`, the later 1 January from which that one has it; all others have it from the landmark.
    """

    landmark: date
    offers: Mapping[str, Iterable[str]]
    standings: frozenset[str] = frozenset({"proven", "none", "assumed"})
    since: Mapping[str, Mapping[str, date]] = field(default_factory=dict)

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
        """Raise UsageError for a day that is no 1 January up to the last year, and for unknown offers and people."""
        known = {effect.offer for effect in given.offers.effect}
        problems = [f"{name}: no effect is declared for this offer" for name in sorted(set(self.offers) - known)]
        if (self.landmark.month, self.landmark.day) != (1, 1) or self.landmark.year > last_year:
            told = f"a 1 January, {last_year} at the latest, is required"
            problems.append(f"landmark: {told}, got {self.landmark.isoformat()}")
        for offer, since in self.since.items():
            if strange := len(since.keys() - frozenset(self.offers.get(offer, ()))):
                problems.append(f"since: {offer}: {strange} of its people are not among those who have the offer")
            days = {day for day in since.values() if (day.month, day.day) != (1, 1)}
            days |= {day for day in since.values() if not self.landmark <= day <= date(last_year, 1, 1)}
            told = f"a 1 January from {self.landmark.isoformat()} to {last_year} is required"
            problems += [f"since: {offer}: {told}, got {day.isoformat()}" for day in sorted(days)]
        if problems:
            raise UsageError("The policy does not fit the region.", problems)

    def factors(self, life: Life, year: Year, given: Parameters) -> Floats | None:
        """Return the factors on each person's hazards (people × HAZARDS) in a year, None before the landmark."""
        if year.first < day_number(self.landmark):
            return None
        number = life.numbers
        found = np.ones((len(number), len(HAZARDS)))
        for offer, people in self.offers.items():
            since = self.since.get(offer, {})
            now = [int(pnr) for pnr in people if day_number(since.get(pnr, self.landmark)) <= year.first]
            has = np.isin(number, np.array(now, np.int64))
            for effect in given.offers.effect:
                if effect.offer == offer and effect.ratio != 1.0 and effect.standing in self.standings:
                    rows = np.flatnonzero(has & fits(effect.of, life.people, life.state, year, given))
                    for name in effect.on:
                        found[rows, HAZARDS.index(name)] *= effect.ratio
        return found
