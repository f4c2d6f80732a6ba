"""The window kernel: what had happened, and was known, in each window before each landmark.

One function for the nightly batch and for one person. Events and landmark rows come sorted by person and day; an event
reaches the landmarks t with max(day, known) < t <= day + window, and t <= until where a fact stopped being true. All
nested windows are answered in one pass: the smallest window that holds an event, then a running sum over windows.

Ties: of several events of a person, group and day, the one that the store sorts last is the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PAIRS_AT_ONCE = 2_000_000


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
    """The aggregates, each of shape (rows, groups, windows). Nothing there: count 0, any False, sum 0, the rest NaN."""

    count: Ints
    sum: Floats
    last: Floats
    days_since: Floats

    @property
    def any(self) -> npt.NDArray[np.bool_]:
        """Whether there was an event at all."""
        return self.count > 0


def aggregate(events: Events, rows: Rows, groups: int, windows: Sequence[int]) -> Cells:
    """Return every aggregate of every group in the windows [t - w, t) before each row.

    `windows` are days, ascending. `sum` and `last` see the events that have a value. Raises ValueError when events or
    rows are not sorted, since the answer would be wrong.
    """
    spans = np.asarray(windows, dtype=np.int64)
    if spans.ndim != 1 or not len(spans) or (np.diff(spans) <= 0).any() or spans[0] <= 0:
        raise ValueError("windows must be ascending and positive")
    _refuse_unsorted(events.person, events.day, "events")
    _refuse_unsorted(rows.person, rows.day, "rows")
    shape = (len(rows), groups, len(spans))
    value = events.value if events.value is not None else np.full(len(events.person), np.nan)
    valued = ~np.isnan(value)
    cells = len(rows) * groups
    count = np.zeros(cells * len(spans), dtype=np.int64)
    total = np.zeros(cells * len(spans), dtype=np.float64)
    newest = np.full(cells, -1, dtype=np.int64)
    newest_valued = np.full(cells, -1, dtype=np.int64)
    for event, row in _pairs(events, rows, int(spans[-1])):
        cell = row * groups + events.group[event]
        slot = cell * len(spans) + np.searchsorted(spans, rows.day[row] - events.day[event], side="left")
        count += np.bincount(slot, minlength=len(count))
        newest[cell] = event  # pairs come in the order of events: the last one written is the last one
        has = valued[event]
        total += np.bincount(slot[has], weights=value[event[has]], minlength=len(total))
        newest_valued[cell[has]] = event[has]
    return Cells(
        count=np.cumsum(count.reshape(shape), axis=2),
        sum=np.cumsum(total.reshape(shape), axis=2),
        last=_within(newest_valued.reshape(shape[:2]), events, rows, spans, value),
        days_since=_within(newest.reshape(shape[:2]), events, rows, spans, None),
    )


def _within(newest: Ints, events: Events, rows: Rows, spans: Ints, value: Floats | None) -> Floats:
    """The newest event's value, or its age, in each window that holds it."""
    found = newest >= 0
    answer = np.full((*newest.shape, len(spans)), np.nan)
    if not found.any():
        return answer
    event = newest[found]
    age = rows.day[np.nonzero(found)[0]] - events.day[event]
    told = age.astype(np.float64) if value is None else value[event]
    answer[found] = np.where(age[:, None] <= spans, told[:, None], np.nan)
    return answer


def _pairs(events: Events, rows: Rows, longest: int) -> Iterator[tuple[Ints, Ints]]:
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


def _refuse_unsorted(person: Ints, day: Ints, what: str) -> None:
    step = np.diff(person)
    if (step < 0).any() or (np.diff(day)[step == 0] < 0).any():
        raise ValueError(f"{what} must be sorted by person and day")
