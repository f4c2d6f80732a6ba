"""The window kernel: what had happened, and was known, in each window before each landmark.

One function for the nightly batch and for one person. Events and landmark rows come sorted by person and day; an event
reaches the landmarks t with max(day, known) < t <= day + window, and t <= until where a fact stopped being true. All
nested windows are answered in one pass: an event is counted in the smallest window that holds it, and a wider window
adds up the smaller ones.

Ties: of several events of a person, group and day, the one that the store sorts last is the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import Aggregate

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", np.int32, np.float64)
PAIRS_AT_ONCE = 250_000  # what a processor's cache holds: measured twice as fast as 2,000,000


@dataclass(frozen=True)
class Rows:
    """Landmark rows: a person on a day, sorted by person and day."""

    person: Ints
    day: Ints

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Events:
    """Events sorted by person, day and tie-break. `value` is NaN where there is none; `until` NaN while true."""

    person: Ints
    day: Ints
    known: Ints
    group: Ints
    value: Floats | None = None
    until: Floats | None = None


@dataclass(frozen=True)
class Cells:
    """What was counted, from which `column` makes any cell asked for; the matrix is far smaller than all of them."""

    windows: tuple[int, ...]
    count: npt.NDArray[np.int32]  # (groups, windows, rows): events in that window and in no smaller one
    total: Floats  # the sum of their values
    newest: npt.NDArray[np.int32]  # (groups, rows): the newest event's place, from 1; 0 where there is none
    newest_valued: npt.NDArray[np.int32]  # the same of those that have a value
    events: Events
    rows: Rows

    def column(self, aggregate: Aggregate, group: int, window: int) -> Floats:
        """Return one aggregate of a group in [t - window, t), by row. Nothing there: 0, and NaN for last, days_since.

        `sum` and `last` see the events that have a value, the other aggregates all of them.
        """
        widest = self.windows.index(window)
        if aggregate in ("last", "days_since"):
            return self._of_newest(aggregate, group, window)
        added = np.zeros(len(self.rows))
        for place in range(widest + 1):
            added += (self.total if aggregate == "sum" else self.count)[group, place]
        return (added > 0).astype(np.float64) if aggregate == "any" else added

    def _of_newest(self, aggregate: Aggregate, group: int, window: int) -> Floats:
        places = self.newest_valued if aggregate == "last" else self.newest
        row = np.flatnonzero(places[group])
        event = places[group, row] - 1
        age = self.rows.day[row] - self.events.day[event]
        answer = np.full(len(self.rows), np.nan)
        if aggregate == "days_since" or self.events.value is None:
            told = age.astype(np.float64)
        else:
            told = self.events.value[event]
        answer[row] = np.where(age <= window, told, np.nan)
        return answer


def aggregate(events: Events, rows: Rows, groups: int, windows: Sequence[int]) -> Cells:
    """Return what was counted of every group 0 … groups - 1 in the windows [t - w, t) before each row.

    `windows` are days, ascending. Raises ValueError when events or rows are not sorted, or an event is of no such
    group, since the answer would be wrong.
    """
    spans = np.asarray(windows, dtype=np.int64)
    if spans.ndim != 1 or not len(spans) or (np.diff(spans) <= 0).any() or spans[0] <= 0:
        raise ValueError("windows must be ascending and positive")
    if len(events.group) and not 0 <= events.group.min() <= events.group.max() < groups:
        raise ValueError(f"events must be of groups 0 to {groups - 1}")
    refuse_unsorted(events.person, events.day, "events")
    refuse_unsorted(rows.person, rows.day, "rows")
    wide = groups * len(spans)
    count = np.zeros(len(rows) * wide, dtype=np.int32)
    total = np.zeros(len(rows) * wide)
    newest = np.zeros(len(rows) * groups, dtype=np.int32)
    newest_valued = np.zeros(len(rows) * groups, dtype=np.int32)
    for event, row in _pairs(events, rows, int(spans[-1])):
        cell = row * groups + events.group[event]
        slot = cell * len(spans) + np.searchsorted(spans, rows.day[row] - events.day[event], side="left")
        _add(count, slot)
        newest[cell] = event + 1  # pairs come in the order of events: the last one written is the last one
        if events.value is not None:
            value = events.value[event]
            has = ~np.isnan(value)
            _add(total, slot[has], value[has])
            newest_valued[cell[has]] = event[has] + 1
    shape = (len(rows), groups, len(spans))
    return Cells(
        windows=tuple(windows),
        count=_by_column(count.reshape(shape)),
        total=_by_column(total.reshape(shape)),
        newest=_by_column(newest.reshape(shape[:2])),
        newest_valued=_by_column(newest_valued.reshape(shape[:2])),
        events=events,
        rows=rows,
    )


def presence(events: Events, rows: Rows, lookback: Ints) -> npt.NDArray[np.bool_]:
    """Return which of the groups each row has, bool (rows, groups): an event known by then, within its look-back.

    `lookback` holds the days of each group. The same answer as an `any` of `aggregate`, without the counting.
    """
    if len(events.group) and not 0 <= events.group.min() <= events.group.max() < len(lookback):
        raise ValueError(f"events must be of groups 0 to {len(lookback) - 1}")
    refuse_unsorted(events.person, events.day, "events")
    refuse_unsorted(rows.person, rows.day, "rows")
    has = np.zeros((len(rows), len(lookback)), dtype=bool)
    for event, row in _pairs(events, rows, lookback[events.group]):
        has[row, events.group[event]] = True
    return has


def _by_column(cells: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The same with rows last, so that a column lies in one piece: counting goes row by row, reading by column."""
    return np.ascontiguousarray(np.moveaxis(cells, 0, -1))


def _add(into: npt.NDArray[np.int32] | Floats, slot: Ints, weights: Floats | None = None) -> None:
    """Add one, or the weights, to the slots; a slot may stand several times. Touches only where the slots lie."""
    if len(slot):
        first, last = int(slot.min()), int(slot.max())
        into[first : last + 1] += np.bincount(slot - first, weights=weights).astype(into.dtype)


def _pairs(events: Events, rows: Rows, longest: int | Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield (event, row) for every row an event reaches, in the order of events, a bearable number at a time."""
    if not len(rows) or not len(events.person):
        return
    base = min(int(rows.day.min()), int(events.day.min())) - 1
    stride = int(rows.day.max()) - base + 2  # no row's day reaches it, so people cannot bleed into each other
    keys = rows.person * stride + (rows.day - base)
    after = np.clip(np.maximum(events.day, events.known) - base, 0, stride - 1)
    last_day = (events.day + longest).astype(np.float64)
    if events.until is not None:
        last_day = np.fmin(last_day, events.until)
    upto = np.clip(last_day - base, 0, stride - 1).astype(np.int64)
    low = np.searchsorted(keys, events.person * stride + after, side="right")
    high = np.searchsorted(keys, events.person * stride + upto, side="right")
    reach = np.maximum(high - low, 0)
    ends = np.cumsum(reach)
    start = 0
    while start < len(reach):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + PAIRS_AT_ONCE, side="right")), start + 1)
        block = reach[start:stop]
        event = np.repeat(np.arange(start, stop), block)
        first = np.repeat(low[start:stop] - (np.cumsum(block) - block), block)
        yield event, first + np.arange(len(event))
        start = stop


def refuse_unsorted(person: Ints, day: Ints, what: str) -> None:
    """Raise ValueError unless the two columns are sorted by person and, within a person, by day."""
    step = np.diff(person)
    if (step < 0).any() or (np.diff(day)[step == 0] < 0).any():
        raise ValueError(f"{what} must be sorted by person and day")
