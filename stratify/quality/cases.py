"""What a measure finds: cases, each a yes, a no, unknown or not mature yet; or people at risk, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]
Bools = NDArray[np.bool_]
YEAR = 365.25  # days


class State(IntEnum):
    """What became of one case."""

    NO = 0
    YES = 1
    UNKNOWN = 2
    IMMATURE = 3


@dataclass(frozen=True)
class Result:
    """The counts of one target; the denominator of a rate is in years. Complete only when `immature` is 0."""

    numerator: int
    denominator: float
    unknown: int
    immature: int


@dataclass(frozen=True)
class Cases:
    """One entry per case: whose, its day, the unit it belongs to ("" for people), its state.

    `elements` says of each part of an all-or-none target how it stands, by the part's id.
    """

    person: Days
    day: Days
    unit: NDArray[np.str_]
    state: NDArray[np.int8]
    elements: dict[str, NDArray[np.int8]] | None = None

    def tally(self, keep: Bools | None = None) -> Result:
        """Return the counts of all cases, or of those to keep (one unit, one part of the population)."""
        state = self.state if keep is None else self.state[keep]
        no, yes, unknown, immature = (int(n) for n in np.bincount(state, minlength=4))
        return Result(yes, no + yes, unknown, immature)

    def of(self, keep: NDArray[Any]) -> Cases:
        """Return some of the cases."""
        parts = None if self.elements is None else {key: one[keep] for key, one in self.elements.items()}
        return Cases(self.person[keep], self.day[keep], self.unit[keep], self.state[keep], parts)


@dataclass(frozen=True)
class AtRisk:
    """Stretches in which people are at risk, half open, and the days on which it happened to one of them.

    mature_to: stretches and events from this day on are not mature yet.
    """

    person: Days
    start: Days
    end: Days
    event_person: Days
    event_day: Days
    mature_to: int

    def tally(self) -> Result:
        """Return events and years before `mature_to`, and how many events lie after it."""
        mature = self.event_day < self.mature_to
        ends = np.minimum(self.end, self.mature_to)
        days = np.maximum(ends - self.start, 0).sum()
        open_yet = int((self.end > self.mature_to).any())
        return Result(int(mature.sum()), float(days) / YEAR, 0, max(int((~mature).sum()), open_yet))
