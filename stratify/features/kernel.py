"""The window kernel: what had happened, and was known, in each window before each landmark.

One function for the nightly batch and for one person. Events and landmark rows come sorted by person and day; an event
reaches the landmarks t with max(day, known) < t <= day + window, and t <= until where a fact stopped being true. All
windows of a family are answered in one pass: their edges cut the past into bins, each event falls into one bin of each
row it reaches, and a window adds up its bins.

Ties: of several events of a person, group and day, the one that the store sorts last is the last one, and the one it
sorts first is the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]
Group = int | slice  # one, or several at once: then a cell's axis of groups comes before that of rows
Window = int | tuple[int, int]  # days: w stands for [t - w, t), (near, far) for [t - far, t - near)
EVENTS_AT_ONCE = 100_000  # what a processor's cache holds
PARTS = ("count", "valued", "sum", "least", "most", "newest", "oldest", "newest_valued", "oldest_valued", "moments",
         "distinct", "days")  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """Landmark rows: a person on a day, sorted by person and day."""

    person: Ints
    day: Ints

    def __len__(self) -> int:
        return len(self.person)

    def has(self, person: Ints) -> npt.NDArray[np.bool_]:
        """Return which of these people have a row."""
        lowest, _, times = self._by_person
        at = person - lowest
        inside = (at >= 0) & (at < len(times))
        return np.asarray(inside & (times[np.where(inside, at, 0)] > 0))

    def first_of(self, person: Ints) -> tuple[Ints, Ints, Ints]:
        """Return (place, first row, rows) for each of these people who has rows, by their places among those asked."""
        lowest, first, times = self._by_person
        place = np.flatnonzero(self.has(person))
        at = person[place] - lowest
        return place, first[at], times[at]

    @cached_property
    def _by_person(self) -> tuple[int, Ints, Ints]:
        """The lowest person; and of each from there on, the first row and how many there are."""
        lowest = int(self.person[0])
        times = np.bincount(self.person - lowest)
        return lowest, np.cumsum(times) - times, times


@dataclass(frozen=True)
class Events:
    """Events sorted by person, day and tie-break. `value` is NaN where there is none; `until` NaN while true.

    `code` numbers what `distinct` tells apart. `end` and `end_known` are the day on which what lasts was over, and from
    which that was known; NaN while open.
    """

    person: Ints
    day: Ints
    known: Ints
    group: Ints
    value: Floats | None = None
    until: Floats | None = None
    code: Ints | None = None
    end: Floats | None = None
    end_known: Floats | None = None


@dataclass(frozen=True)
class Cells:
    """What was gathered in each bin, from which the aggregates make any cell asked for."""

    edges: tuple[int, ...]  # days, ascending from 0: bin i holds ages above edges[i], up to edges[i + 1]
    parts: dict[str, npt.NDArray[np.generic]]  # each (groups, bins, rows); moments (3, groups, bins, rows)
    events: Events
    rows: Rows

    def bins(self, window: Window) -> slice:
        """Return which bins make up a window; ValueError for one whose edges were not asked for."""
        near, far = span(window)
        return slice(self.edges.index(near), self.edges.index(far))

    def added(self, part: str, group: Group, window: Window) -> Floats:
        """Return the sum of a part over a window's bins, by row."""
        return np.asarray(self.parts[part][group, self.bins(window)].sum(axis=-2, dtype=np.float64))

    def moments(self, group: Group, window: Window) -> Floats:
        """Return the sums of age, age squared and age times value over a window's bins, shape (3, rows)."""
        return np.asarray(self.parts["moments"][:, group, self.bins(window)].sum(axis=-2, dtype=np.float64))

    def extreme(self, part: str, group: Group, window: Window) -> Floats:
        """Return the least or the greatest of a part over a window's bins, by row; NaN where there is none."""
        found = self.parts[part][group, self.bins(window)]
        told = found.min(axis=-2) if part == "least" else found.max(axis=-2)
        return np.where(np.isinf(told), np.nan, told)

    def place(self, part: str, group: Group, window: Window) -> Ints:
        """Return the place of the newest or oldest event of a window, by row; -1 where there is none."""
        found = self.parts[part][group, self.bins(window)]
        if part.startswith("newest"):
            return np.asarray(found.max(axis=-2).astype(np.int64) - 1)
        first = found.min(axis=-2).astype(np.int64)
        return np.asarray(np.where(first == _NONE, -1, first))

    def column(self, aggregate: str, group: Group, window: Window) -> Floats:
        """Return one aggregate of a group in a window, by row; see `stratify.features.aggregates`."""
        from stratify.features.aggregates import AGGREGATES

        return AGGREGATES[aggregate].column(self, group, window)

    @cached_property
    def ever(self) -> Window:
        """The widest window there is."""
        return self.edges[-1]


_NONE = np.iinfo(np.int32).max
_FOREVER = 10_000_000  # a day that no row has


@dataclass
class _Gathering:
    """The arrays being filled, flat: slot = (row x groups + group) x bins + bin."""

    slots: int
    wanted: frozenset[str]
    parts: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds: dict[str, tuple[type[np.generic], float]] = {
            "count": (np.int32, 0), "valued": (np.int32, 0), "distinct": (np.int32, 0), "sum": (np.float64, 0),
            "days": (np.float64, 0),
            "least": (np.float64, np.inf), "most": (np.float64, -np.inf),
            "newest": (np.int32, 0), "newest_valued": (np.int32, 0),
            "oldest": (np.int32, _NONE), "oldest_valued": (np.int32, _NONE),
        }  # fmt: skip
        for part in PARTS:
            if part in self.wanted and part != "moments":
                kind, nothing = kinds[part]
                self.parts[part] = np.full(self.slots, nothing, dtype=kind)
        if "moments" in self.wanted:
            self.parts["moments"] = np.zeros((3, self.slots))

    def add(self, event: Ints, slot: Ints, age: Ints, value: Floats | None) -> None:
        """Take up pairs: events, in their order, each with the slot it falls into at one row."""
        if "count" in self.parts:
            _add(self.parts["count"], slot)
        _newest(self.parts.get("newest"), slot, event)
        _oldest(self.parts.get("oldest"), slot, event)
        if value is None or not self.wanted & _VALUED:
            return
        has = ~np.isnan(value)
        if not has.all():
            event, slot, age, value = event[has], slot[has], age[has], value[has]
        if "valued" in self.parts:
            _add(self.parts["valued"], slot)
        if "sum" in self.parts:
            _add(self.parts["sum"], slot, value)
        if "least" in self.parts:
            np.minimum.at(self.parts["least"], slot, value)
        if "most" in self.parts:
            np.maximum.at(self.parts["most"], slot, value)
        _newest(self.parts.get("newest_valued"), slot, event)
        _oldest(self.parts.get("oldest_valued"), slot, event)
        if "moments" in self.parts:
            back = age.astype(np.float64)
            for sums, weights in zip(self.parts["moments"], (back, back * back, back * value), strict=True):
                _add(sums, slot, weights)


_VALUED = frozenset({"valued", "sum", "least", "most", "newest_valued", "oldest_valued", "moments"})


def aggregate(
    events: Events, rows: Rows, groups: int, windows: Sequence[Window], aggregates: Collection[str] | None = None
) -> Cells:
    """Return what was gathered of every group 0 … groups - 1 in the windows before each row.

    `windows` are days, ascending where they are nested. `aggregates`: those that will be asked for, which is what is
    gathered; all of them where it is not given. Raises ValueError when events or rows are not sorted, or an event is of
    no such group, since the answer would be wrong.
    """
    edges = edges_of(windows)
    if len(events.group) and not 0 <= events.group.min() <= events.group.max() < groups:
        raise ValueError(f"events must be of groups 0 to {groups - 1}")
    refuse_unsorted(events.person, events.day, "events")
    refuse_unsorted(rows.person, rows.day, "rows")
    wanted = _wanted(events, aggregates)
    bins = len(edges) - 1
    gathering = _Gathering(len(rows) * groups * bins, wanted)
    bin_of = np.repeat(np.arange(bins, dtype=np.int64), np.diff(edges))  # by age - 1
    for event, row in _pairs(events, rows, edges[-1], None):
        age = rows.day[row] - events.day[event]
        slot = (row * groups + events.group[event]) * bins + bin_of[age - 1]
        gathering.add(event, slot, age, None if events.value is None else events.value[event])
    if "distinct" in wanted:
        for event, row in _pairs(events, rows, edges[-1], superseded(events)):
            age = rows.day[row] - events.day[event]
            _add(gathering.parts["distinct"], (row * groups + events.group[event]) * bins + bin_of[age - 1])
    if "days" in wanted:
        for event, row in _pairs(events, rows, lasting(events, edges[-1]), None):
            first = (row * groups + events.group[event]) * bins
            for nth, days in enumerate(days_in_bins(events, event, rows.day[row], edges)):
                _add(gathering.parts["days"], first + nth, days)
    shape = (len(rows), groups, bins)
    parts = {
        name: _by_column(found.reshape((3, *shape)) if name == "moments" else found.reshape(shape))
        for name, found in gathering.parts.items()
    }
    return Cells(edges, parts, events, rows)


def presence(events: Events, rows: Rows, lookback: Ints) -> npt.NDArray[np.bool_]:
    """Return which of the groups each row has, bool (rows, groups): an event known by then, within its look-back.

    `lookback` holds the days of each group. The same answer as an `any` of `aggregate`, without the counting.
    """
    if len(events.group) and not 0 <= events.group.min() <= events.group.max() < len(lookback):
        raise ValueError(f"events must be of groups 0 to {len(lookback) - 1}")
    refuse_unsorted(events.person, events.day, "events")
    refuse_unsorted(rows.person, rows.day, "rows")
    has = np.zeros((len(rows), len(lookback)), dtype=bool)
    for event, row in _pairs(events, rows, lookback[events.group], None):
        has[row, events.group[event]] = True
    return has


def span(window: Window) -> tuple[int, int]:
    """Return how near to the row's day a window ends and how far from it it begins, in days."""
    return (0, window) if isinstance(window, int) else window


def edges_of(windows: Sequence[Window]) -> tuple[int, ...]:
    """Return the ages, in days, at which any window begins or ends; ValueError for a window that is none."""
    pairs = [(0, window) if isinstance(window, int | np.integer) else window for window in windows]
    nested = [far for near, far in pairs if near == 0]
    if not pairs or any(not 0 <= near < far for near, far in pairs) or nested != sorted(set(nested)):
        raise ValueError("windows must be ascending and positive")
    return tuple(sorted({0, *(int(edge) for pair in pairs for edge in pair)}))


def superseded(events: Events) -> Floats:
    """Return from which day on each event is no longer the newest known of its person, group and code.

    At a later t a newer event of the same code is known, so `distinct` counts that one. Infinite while there is none.
    """
    if events.code is None:
        raise ValueError("distinct needs the events' codes")
    if events.until is not None:
        raise ValueError("distinct cannot count facts that stop being true")
    order = np.lexsort((events.code, events.group, events.person))  # stable: alike, they stay in their order
    after = np.maximum(events.day, events.known)[order].astype(np.float64)
    keys = [column[order] for column in (events.person, events.group, events.code)]
    answer = np.full(len(order), np.inf)
    if len(order) < 2:
        return answer
    same = np.logical_and.reduce([key[1:] == key[:-1] for key in keys])
    # the least `after` of those that follow in the run: a running minimum from the end, begun anew with each run
    run = np.concatenate([[0], np.cumsum(~same)])
    span = float(after.max() - after.min() + 1)
    ranked = after + run * span  # later runs lie above, so the minimum never reaches over a run's border
    least = np.minimum.accumulate(ranked[::-1])[::-1] - run * span
    followed = np.flatnonzero(same)
    answer[order[followed]] = least[followed + 1]
    return answer


def lasting(events: Events, longest: int) -> Ints:
    """Return how many days after its beginning each event still has days in the longest window; open ones forever."""
    end, known = _ends(events)
    return np.asarray(np.fmin(np.fmax(end + longest, known), _FOREVER) - events.day, dtype=np.int64)


def days_in_bins(events: Events, event: Ints, t: Ints, edges: Sequence[int]) -> Iterator[Floats]:
    """Yield for each bin how many of its days each event fills at day t: until its end, or t where none is known."""
    end, known = (times[event] for times in _ends(events))
    oldest = t - events.day[event]
    newest = np.where(known < t, np.maximum(t - end, 0), 0)  # days from its end to t
    for near, far in pairwise(edges):
        yield np.maximum(np.minimum(oldest, far) - np.maximum(newest, near), 0).astype(np.float64)


def _ends(events: Events) -> tuple[Floats, Floats]:
    if events.end is None or events.end_known is None:
        raise ValueError("days_within needs the events' ends")
    over = ~(np.isnan(events.end) | np.isnan(events.end_known))
    return np.where(over, events.end, _FOREVER), np.where(over, events.end_known, _FOREVER)


def _wanted(events: Events, aggregates: Collection[str] | None) -> frozenset[str]:
    from stratify.features.aggregates import AGGREGATES

    names = AGGREGATES if aggregates is None else aggregates
    wanted = {part for name in names for part in AGGREGATES[name].needs}
    if aggregates is None and (events.code is None or events.until is not None):
        wanted.discard("distinct")
    if aggregates is None and events.end is None:
        wanted.discard("days")
    return frozenset(wanted)


def _by_column(cells: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The same with rows last, so that a column lies in one piece: counting goes row by row, reading by column."""
    return np.ascontiguousarray(np.moveaxis(cells, -3, -1))


def _add(into: npt.NDArray[np.generic], slot: Ints, weights: Floats | None = None) -> None:
    """Add one, or the weights, to the slots; a slot may stand several times. Touches only where the slots lie."""
    if len(slot):
        first, last = int(slot.min()), int(slot.max())
        into[first : last + 1] += np.bincount(slot - first, weights=weights).astype(into.dtype)  # type: ignore[misc]


def _newest(into: npt.NDArray[np.generic] | None, slot: Ints, event: Ints) -> None:
    """Keep each slot's latest event, from 1: pairs come in the order of events, the last one written is the last."""
    if into is not None:
        into[slot] = event + 1


def _oldest(into: npt.NDArray[np.generic] | None, slot: Ints, event: Ints) -> None:
    """Keep each slot's earliest event, from 0: one that came in an earlier call stays."""
    if into is not None:
        new = into[slot] == _NONE
        into[slot[new][::-1]] = event[new][::-1]


def _pairs(events: Events, rows: Rows, longest: int | Ints, before: Floats | None) -> Iterator[tuple[Ints, Ints]]:
    """Yield (event, row) for every row an event reaches, a bearable number at a time; to each row in order of events.

    `before`: days up to which, and not after, each event reaches.
    """
    if not len(rows) or not len(events.person):
        return
    earliest, latest = int(rows.day.min()), int(rows.day.max())
    for start in range(0, len(events.person), EVENTS_AT_ONCE):
        block = slice(start, start + EVENTS_AT_ONCE)
        day = events.day[block]
        after = np.maximum(day, events.known[block])
        upto = day + (longest if isinstance(longest, int) else longest[block])
        for limit in (events.until, before):
            if limit is not None:
                upto = np.fmin(upto, limit[block])
        event = np.flatnonzero((after < latest) & (upto >= earliest))  # the others reach no row of anybody
        place, row, left = rows.first_of(events.person[block][event])
        event = event[place]
        nth = 0
        while len(event):
            t = rows.day[row]
            lasts = t <= upto[event]
            reached = np.flatnonzero((after[event] < t) & lasts)
            if len(reached):
                yield event[reached] + start, row[reached]
            nth += 1
            on = np.flatnonzero((left > nth) & lasts)  # a row that comes too late is followed by later ones
            event, row, left = event[on], row[on] + 1, left[on]


def refuse_unsorted(person: Ints, day: Ints, what: str) -> None:
    """Raise ValueError unless the two columns are sorted by person and, within a person, by day."""
    step = np.diff(person)
    if (step < 0).any() or (np.diff(day)[step == 0] < 0).any():
        raise ValueError(f"{what} must be sorted by person and day")
