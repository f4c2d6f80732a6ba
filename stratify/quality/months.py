"""The months that targets are followed in: whole calendar years and what is covered of the current one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from stratify.quality.cases import Bools, Days
from stratify.registers.clock import day_number, day_of

YEARS = 5


@dataclass(frozen=True)
class Months:
    """Months from January of `first` to the last one covered to its end."""

    first: int  # year
    count: int

    @staticmethod
    def covered(covers_from: date | None, covers_to: date, years: int = YEARS) -> Months:
        """Return the months of so many years that the data cover; the first year is one they cover from its start.

        The year before the first belongs to windows that end in it, so it must be covered, too.
        """
        after = covers_to + timedelta(days=1)
        end = (after.year, after.month)  # the first month that is not covered
        last_year = end[0] - 1 if end[1] == 1 else end[0]
        first = last_year - years + 1
        if covers_from is not None:
            first = max(first, covers_from.year + (2 if (covers_from.month, covers_from.day) != (1, 1) else 1))
        return Months(first, max(0, (end[0] - first) * 12 + end[1] - 1))

    @cached_property
    def starts(self) -> Days:
        """The first day of each month, and of the month after the last."""
        found = [day_number(date(self.first + m // 12, m % 12 + 1, 1)) for m in range(self.count + 1)]
        return np.array(found, dtype=np.int64)

    @cached_property
    def year(self) -> Days:
        """The place of each month's year."""
        return np.arange(self.count, dtype=np.int64) // 12

    @property
    def years(self) -> list[int]:
        """The calendar years, the current one with the others."""
        return [self.first + place for place in range(-(-self.count // 12))]

    @property
    def start(self) -> int:
        """The first day."""
        return int(self.starts[0])

    @property
    def end(self) -> int:
        """The day after the last."""
        return int(self.starts[-1])

    def of(self, day: Days) -> Days:
        """Return the place of each day's month; -1 before the first, and `count` or more after the last."""
        return np.searchsorted(self.starts, day, side="right").astype(np.int64) - 1

    def mature(self, maturity_days: int, delivered: int) -> Bools:
        """Return which months are mature: a case on the last day of it has been followed up and reported (R7)."""
        return np.asarray(self.starts[1:] - 1 + maturity_days <= delivered)

    def names(self, step: int = 1) -> list[str]:
        """Return the periods of so many months: 2024-05, 2024-Q2, 2024."""
        firsts = [day_of(int(day)) for day in self.starts[:-1]][::step]
        if step == 1:
            return [day.strftime("%Y-%m") for day in firsts]
        return [f"{day.year}-Q{day.month // 3 + 1}" if step == 3 else str(day.year) for day in firsts]
