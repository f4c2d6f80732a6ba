"""The calendar of a simulated year: its days, and how its hazards are spread over them (season, the COVID spring).

One profile with mean 1 multiplies all hazards of a year, so risks over the whole year do not depend on it: events are
drawn in operational time, 0 to 1, and mapped to minutes here (facts: warping leaves every closed form as it is).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

DAY = 24 * 60  # minutes
NEVER = 2**31 - 1  # a day that does not come


@dataclass(frozen=True)
class Year:
    """A calendar year; `months` are the twelve relative intensities of its hazards."""

    number: int
    months: tuple[float, ...]

    @cached_property
    def first(self) -> int:
        """1 January, in days since 1970-01-01."""
        return day_number(date(self.number, 1, 1))

    @cached_property
    def length(self) -> int:
        """How many days the year has."""
        return day_number(date(self.number + 1, 1, 1)) - self.first

    @cached_property
    def _edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The first minute of each month, counted from 1 January, and the operational time that has passed by then."""
        starts = [day_number(date(self.number, month, 1)) - self.first for month in range(1, 13)]
        minutes = np.array([*starts, self.length], dtype=np.float64) * DAY
        passed = np.concatenate([[0.0], np.cumsum(np.diff(minutes) * np.asarray(self.months))])
        return minutes, passed / passed[-1]

    def minute(self, time: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the minute since 1970-01-01 at which an operational time in [0, 1) comes."""
        minutes, passed = self._edges
        found = np.floor(np.interp(time, passed, minutes)).astype(np.int64)
        return found + self.first * DAY

    def time(self, minute: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the operational time that has passed at a minute since 1970-01-01, 0 before the year and 1 after."""
        minutes, passed = self._edges
        return np.interp(minute - self.first * DAY, minutes, passed)


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
