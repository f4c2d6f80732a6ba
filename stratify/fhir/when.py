"""When something in a chart happened: FHIR's dates and moments, as days of the registers' clock.

A date may be whole, or a year or month alone: then it is taken at the middle of what it may be. What is dated today has
happened and counts as of yesterday: a landmark looks at the whole days before it. What lies after today is not seen.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from stratify.fhir.declared import declared
from stratify.fhir.tally import Tally
from stratify.registers.clock import day_number

LONGEST = 40  # characters of a date: with a fraction of a second and a zone it has fewer
YEARS = range(1880, 2200)
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True)
class When:
    """The first and the last day it may have been, the same where the date is whole; the moment, where it is told."""

    first: date
    last: date
    moment: datetime | None = None

    @property
    def whole(self) -> bool:
        """Whether the day is told."""
        return self.first == self.last


@dataclass(frozen=True)
class Clock:
    """The day a chart is read on; counts what has no date, or one that lies ahead."""

    today: date
    tally: Tally

    @property
    def landmark(self) -> int:
        """The day the person is scored on."""
        return day_number(self.today)

    def day(self, when: When | None) -> int | None:
        """Return the day something is taken to have happened on, before the landmark; None where it does not count."""
        if when is None:
            self.tally.add("undated")
            return None
        if when.first > self.today:
            self.tally.add("future")
            return None
        if not when.whole:
            self.tally.add("partly_dated")
        return self.before(self.middle(when))

    def middle(self, when: When) -> date:
        """Return the middle of the days it may have been, none of them after today."""
        last = min(when.last, self.today)
        return when.first + (last - when.first) // 2

    def before(self, day: date) -> int:
        """Return a day up to today as one before the landmark."""
        return min(day_number(day), self.landmark - 1)


def read_when(text: Any) -> When | None:
    """Return when a FHIR date, dateTime or instant says; None where it is none.

    >>> read_when("2020-02-29").whole, read_when("2020-02").last.isoformat(), read_when("2020-02-30")
    (True, '2020-02-29', None)
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        return None
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone(_zone()).replace(tzinfo=None) if moment.tzinfo else moment
            return When(moment.date(), moment.date(), moment) if moment.year in YEARS else None
        found = _DATE.fullmatch(text)
        if found is None or int(found[1]) not in YEARS:
            return None
        year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
        if day:
            return When(date(year, month, day), date(year, month, day))
        if month:
            return When(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        return When(date(year, 1, 1), date(year, 12, 31))
    except (ValueError, OverflowError):
        return None


def local_day(moment: datetime) -> date:
    """Return the day of a moment where the registers are kept."""
    return moment.astimezone(_zone()).date()


def first_of(resource: Mapping[str, Any], *names: str) -> When | None:
    """Return the first of these elements that tells a date; `name.part` is a part of an element, as period.start."""
    for name in names:
        value: Any = resource
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if (found := read_when(value)) is not None:
            return found
    return None


def noon(when: When) -> datetime:
    """Return the moment, or noon of the day where the hour is not told, as with registers."""
    return when.moment or datetime.combine(when.first + (when.last - when.first) // 2, time(12))


def midnight_after(day: date) -> datetime:
    """Return the last second of a day."""
    return datetime.combine(day, time()) + timedelta(seconds=86_399)


@cache
def _zone() -> ZoneInfo:
    return ZoneInfo(declared().zone)
