"""Cases, or people at risk, counted by unit and group and month: plain sums, so that buckets can be added up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stratify.quality.cases import AtRisk, Cases, Days
from stratify.quality.cuts import Grouping
from stratify.quality.months import Months

Counts = NDArray[np.int64]
LEVELS = ("region", "hospital", "psychiatric", "municipality", "practice")
OTHER = "elsewhere"  # of units that are none of ours
AGES = (18, 30, 40, 50, 60, 70, 80, 90)  # bands of age × sex that expected counts are made of


@dataclass
class Tally:
    """What was counted of one target in one grouping, by its labels.

    months[labels, months, 4]: of cases no, yes, unknown, immature; of people at risk events, days, people, 0.
    years[labels, years, strata, 2]: of cases all with an answer and the yes; of people at risk days and events.
    mix: the same by band of predicted risk; no bands in a grouping that is held against nothing.
    people[labels, years]: how many different people were at risk in a year; of cases nothing.
    """

    labels: list[str] = field(default_factory=list)
    months: Counts = field(default_factory=lambda: np.zeros((0, 0, 4), np.int64))
    years: Counts = field(default_factory=lambda: np.zeros((0, 0, 0, 2), np.int64))
    people: Counts = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    mix: Counts = field(default_factory=lambda: np.zeros((0, 0, 0, 2), np.int64))

    def add(self, other: Tally) -> Tally:
        """Return both together; labels that one of them lacks hold nothing there."""
        if not self.labels:
            return other
        if not other.labels:
            return self
        labels = list(dict.fromkeys([*self.labels, *other.labels]))
        return Tally(
            labels,
            *(
                _spread(getattr(self, name), self.labels, labels) + _spread(getattr(other, name), other.labels, labels)
                for name in ("months", "years", "people", "mix")
            ),
        )


def _spread(values: Counts, labels: list[str], wanted: list[str]) -> Counts:
    found = np.zeros((len(wanted), *values.shape[1:]), np.int64)
    place = {label: number for number, label in enumerate(wanted)}
    found[[place[label] for label in labels]] = values
    return found


@dataclass(frozen=True)
class Ground:
    """What a target is counted on in a bucket: the months, the years of its cuts, the strata of age and sex.

    mix: bands of predicted risk, where anybody was scored; compared: the groupings whose units are held against them.
    """

    months: Months
    days: Days  # the 1 January of each year of cuts; months may begin a year later
    stratum: Grouping
    offset: int  # how many years of cuts come before the first year of months
    mix: Grouping | None = None
    compared: Collection[str] = ()

    @property
    def strata(self) -> tuple[Grouping, ...]:
        """Return what units are held against: age and sex, and bands of risk where there are any."""
        return (self.stratum,) if self.mix is None else (self.stratum, self.mix)

    def held_against(self, grouping: str) -> int:
        """Return against how many of the strata a grouping is held."""
        return len(self.strata) if grouping in self.compared else 1

    def year_of(self, day: Days) -> Days:
        """Return the row of cuts that holds on a day."""
        return np.maximum(np.searchsorted(self.days, day, side="right") - 1, 0)


def count_cases(
    found: Cases, as_of: Days, place: Days, ground: Ground, by: Mapping[str, Grouping | NDArray[np.str_] | None]
) -> dict[str, Tally]:
    """Return the tallies of cases by each grouping.

    as_of: the day by whose year each case is grouped; place: of each case's person. by: cuts of people, the units of
    cases, or None for all together.
    """
    month = ground.months.of(found.day)
    inside = (month >= 0) & (month < ground.months.count)
    year = ground.year_of(as_of)
    told = inside & (found.state <= 1)
    which = np.maximum(month, 0) // 12
    strata = [(len(one.names), one.at(year, place)) for one in ground.strata]
    answers = {}
    for name, how in by.items():
        labels, code = _codes(how, year, place, len(found.day))
        shape = (len(labels), ground.months.count, 4)
        flat = (code * shape[1] + month) * 4 + found.state
        months = np.bincount(flat[inside], minlength=int(np.prod(shape))).reshape(shape)
        yearly = []
        for width, stratum in strata[: ground.held_against(name)]:
            cells = (len(labels), len(ground.months.years), width)
            flat = (code * cells[1] + which) * width + stratum
            both = [np.bincount(flat[rows], minlength=int(np.prod(cells))).reshape(cells)
                    for rows in (told, told & (found.state == 1))]  # fmt: skip
            yearly.append(np.stack(both, axis=-1))
        people = np.zeros((len(labels), len(ground.months.years)), np.int64)
        answers[name] = _tally(labels, months.astype(np.int64), yearly, people)
    return answers


def _tally(labels: tuple[str, ...], months: Counts, yearly: Sequence[Counts], people: Counts) -> Tally:
    none = np.zeros((*people.shape, 0, 2), np.int64)
    return Tally(list(labels), months, yearly[0], people, yearly[1] if len(yearly) > 1 else none)


def count_at_risk(
    found: AtRisk, place: Days, event_place: Days, ground: Ground, by: Mapping[str, Grouping | None]
) -> dict[str, Tally]:
    """Return the tallies of people at risk by each grouping; each stretch is all of somebody's in one year."""
    months = ground.months
    year, event_year = ground.year_of(found.start), ground.year_of(found.event_day)
    event_month = months.of(found.event_day)
    event_in = (event_month >= 0) & (event_month < months.count)
    strata = [(len(one.names), one.at(year, place), one.at(event_year, event_place)) for one in ground.strata]
    lived = [
        _lived(found, months, np.flatnonzero(year == one + ground.offset), one) for one in range(len(months.years))
    ]
    answers = {}
    for name, how in by.items():
        labels, code = _codes(how, year, place, len(place))
        _, event_code = _codes(how, event_year, event_place, len(event_place))
        monthly = np.zeros((len(labels), months.count, 4), np.int64)
        people = np.zeros((len(labels), len(months.years)), np.int64)
        held = strata[: ground.held_against(name)]
        yearly = [np.zeros((*people.shape, width, 2), np.int64) for width, _, _ in held]
        flat = (event_code * months.count + event_month)[event_in]
        monthly[..., 0] = np.bincount(flat, minlength=len(labels) * months.count).reshape(monthly.shape[:2])
        for number, (mine, in_year, in_months) in enumerate(lived):
            key = code[mine]
            for month, here, days in in_months:
                monthly[:, month, 1] = np.bincount(code[here], days, minlength=len(labels))
                monthly[:, month, 2] = np.bincount(code[here], minlength=len(labels))
            happened = event_in & (event_year == number + ground.offset)
            for cells, (width, stratum, of_event) in zip(yearly, held, strict=True):
                size, shape = len(labels) * width, (len(labels), width)
                cells[:, number, :, 0] = np.bincount(key * width + stratum[mine], in_year, minlength=size).reshape(
                    shape
                )
                flat = (event_code * width + of_event)[happened]
                cells[:, number, :, 1] = np.bincount(flat, minlength=size).reshape(shape)
            people[:, number] = np.bincount(key, minlength=len(labels))
        answers[name] = _tally(labels, monthly, yearly, people)
    return answers


def _lived(found: AtRisk, months: Months, mine: Days, year: int) -> tuple[Days, Days, list[tuple[int, Days, Days]]]:
    """Return a year's stretches, the days lived in each, and by month which reach into it with how many days."""
    start, end = found.start[mine], found.end[mine]
    in_months = []
    for month in range(year * 12, min(year * 12 + 12, months.count)):
        days = np.minimum(end, months.starts[month + 1]) - np.maximum(start, months.starts[month])
        here = np.flatnonzero(days > 0)
        in_months.append((month, mine[here], days[here]))
    return mine, np.minimum(end, months.end) - start, in_months


def _codes(
    how: Grouping | NDArray[np.str_] | None, year: Days, place: Days, n: int
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    if how is None:
        return ("",), np.zeros(n, np.int64)
    if isinstance(how, Grouping):
        return how.names, how.at(year, place)
    labels, code = np.unique(how, return_inverse=True)
    return tuple(str(one) for one in labels), code.astype(np.int64)
