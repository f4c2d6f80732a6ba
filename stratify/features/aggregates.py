"""The aggregates: what may be asked of the events in a window. Each is one function over what the kernel gathered.

`count`, `any`, `days_since`, `first_seen` and `distinct` see every event; the others those that have a value. Where
there is nothing to tell the answer is NaN, but 0 for `count`, `any`, `sum`, `distinct`, `first_seen` and `days_within`.
To add one: the function, its line in `AGGREGATES`, and its sentence in the loop that tests hold it against
(tests/property/test_kernel.py refuses an aggregate without one).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from stratify.features.kernel import Cells, Floats, Group, Ints, Window, span

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Aggregate:
    """What the kernel must gather, and the column made of it: a function of the cells, a group and a window."""

    needs: tuple[str, ...]
    column: Callable[[Cells, Group, Window], Floats]
    nothing: float = np.nan  # what it says of a window without events
    of_values: bool = False  # sees only events that have a value


def count(cells: Cells, group: Group, window: Window) -> Floats:
    """Return how many events there are."""
    return cells.added("count", group, window)


def any_(cells: Cells, group: Group, window: Window) -> Floats:
    """Return 1 where there is an event, else 0."""
    return (cells.added("count", group, window) > 0).astype(np.float64)


def total(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the sum of the values; 0 where there is none."""
    return cells.added("sum", group, window)


def mean(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the mean of the values."""
    return _divide(cells.added("sum", group, window), cells.added("valued", group, window))


def least(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the smallest value."""
    return cells.extreme("least", group, window)


def most(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the greatest value."""
    return cells.extreme("most", group, window)


def last(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the value of the latest event that has one."""
    return _value_at(cells, cells.place("newest_valued", group, window))


def first(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the value of the earliest event that has one."""
    return _value_at(cells, cells.place("oldest_valued", group, window))


def days_since(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the days from the latest event to the row's day: 1 or more."""
    return _age(cells, cells.place("newest", group, window))


def first_seen(cells: Cells, group: Group, window: Window) -> Floats:
    """Return 1 where the earliest event of the widest window lies in this one: new, not met before."""
    oldest = _age(cells, cells.place("oldest", group, cells.ever))
    near, far = span(window)
    return ((oldest > near) & (oldest <= far)).astype(np.float64)


def distinct(cells: Cells, group: Group, window: Window) -> Floats:
    """Return how many different codes there are; for windows that end at the row's day."""
    if not isinstance(window, int):
        raise ValueError("distinct is counted in windows that end at the landmark")
    return cells.added("distinct", group, window)


def slope(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the least-squares change of the value per year; NaN where values lie on fewer than two days."""
    age, square, product = cells.moments(group, window)
    n, total_value = cells.added("valued", group, window), cells.added("sum", group, window)
    return -DAYS_PER_YEAR * _divide(n * product - age * total_value, n * square - age * age)  # age runs backwards


def rate(cells: Cells, group: Group, window: Window) -> Floats:
    """Return events per year of the window's length."""
    near, far = span(window)
    return cells.added("count", group, window) * (DAYS_PER_YEAR / (far - near))


def trend(cells: Cells, group: Group, window: Window) -> Floats:
    """Return the rate in the last `near` days over that in the last `far` days; NaN where there is nothing in `far`."""
    if isinstance(window, int):
        raise ValueError("a trend compares two windows")
    near, far = window
    return _divide(cells.added("count", group, near) * far, cells.added("count", group, far) * near)


def days_within(cells: Cells, group: Group, window: Window) -> Floats:
    """Return how many days of the window lie within what began before the row's day; open is until that day."""
    return cells.added("days", group, window)


def _divide(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _value_at(cells: Cells, place: Ints) -> Floats:
    answer = np.full(place.shape, np.nan)
    if cells.events.value is not None:
        there = place >= 0
        answer[there] = cells.events.value[place[there]]
    return answer


def _age(cells: Cells, place: Ints) -> Floats:
    answer = np.full(place.shape, np.nan)
    there = place >= 0
    answer[there] = np.broadcast_to(cells.rows.day, place.shape)[there] - cells.events.day[place[there]]
    return answer


AGGREGATES: Mapping[str, Aggregate] = MappingProxyType(
    {
        "count": Aggregate(("count",), count, nothing=0),
        "any": Aggregate(("count",), any_, nothing=0),
        "sum": Aggregate(("sum", "valued"), total, nothing=0, of_values=True),
        "mean": Aggregate(("sum", "valued"), mean, of_values=True),
        "min": Aggregate(("least",), least, of_values=True),
        "max": Aggregate(("most",), most, of_values=True),
        "last": Aggregate(("newest_valued",), last, of_values=True),
        "first": Aggregate(("oldest_valued",), first, of_values=True),
        "days_since": Aggregate(("newest",), days_since),
        "first_seen": Aggregate(("oldest",), first_seen, nothing=0),
        "distinct": Aggregate(("distinct",), distinct, nothing=0),
        "slope": Aggregate(("sum", "valued", "moments"), slope, of_values=True),
        "rate": Aggregate(("count",), rate, nothing=0),
        "trend": Aggregate(("count",), trend),
        "days_within": Aggregate(("days",), days_within, nothing=0),
    }
)
