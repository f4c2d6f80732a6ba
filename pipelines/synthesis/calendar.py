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

from pipelines.synthesis.streams import Words, unit

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


def whole_years(birth: NDArray[np.integer], day: int) -> NDArray[np.int32]:
    """Return ages in whole years on a day by the calendar: one more on each birthday.

    >>> whole_years(np.array([-6210, -6209]), day_number(date(2014, 12, 31))).tolist()
    [62, 61]
    """
    then, now = (np.asarray(each, np.int64).astype("datetime64[D]") for each in (birth, day))
    months = [each.astype("datetime64[M]") for each in (then, now)]
    of_month = [each - month.astype("datetime64[D]") for each, month in zip((then, now), months, strict=True)]
    found = (months[1] - months[0]).astype(np.int64) - (of_month[1] < of_month[0])
    years: NDArray[np.int32] = np.floor_divide(found, 12).astype(np.int32)
    return years


def workday(
    day: NDArray[np.int64], bits: Words, place: int, since: NDArray[np.integer] | None = None
) -> NDArray[np.int64]:
    """Return the days, those on a weekend moved evenly over the Monday to Friday before it.

    One that would come before its day `since` waits for the Monday after the weekend.

    >>> workday(np.array([16438, 16439]), np.array([0, 2**64 - 1], np.uint64), 0).tolist()  # 3 January 2015, a Saturday
    [16433, 16437]
    """
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    rows = np.flatnonzero(weekday >= 5)
    found = day.copy()
    monday = day[rows] - weekday[rows]
    moved = monday + np.floor(unit(bits[rows], place) * 5).astype(np.int64)
    found[rows] = moved if since is None else np.where(moved < since[rows], monday + 7, moved)
    return found
