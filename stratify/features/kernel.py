"""The window kernel: what had happened, and was known, in each window before each landmark.

One function for the nightly batch and for one person. Events and landmark rows come sorted by person and day; an event
reaches the landmarks t with max(day, known) < t <= day + window, and t <= until where a fact stopped being true. All
windows of a family are answered in one pass: their edges cut the past into bins, each event falls into one bin of each
row it reaches, and a window adds up its bins. The pass itself is a compiled loop (`stratify.features.loops`).

Ties: of several events of a person, group and day, the one that the store sorts last is the last one, and the one it
sorts first is the first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.signedinteger[Any]]
Days = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]
Group = int | slice | Ints  # one, or several at once: then a cell's axis of groups comes before that of rows
Window = int | tuple[int, int]  # days: w stands for [t - w, t), (near, far) for [t - far, t - near)
_NONE = np.iinfo(np.int32).max
MANY_CODES = 1_000_000
PARTS: dict[str, tuple[type[np.generic], float]] = {  # what may be gathered: its kind, and what stands for nothing
    "count": (np.int32, 0), "valued": (np.int32, 0), "distinct": (np.int32, 0), "sum": (np.float64, 0),
    "least": (np.float64, np.inf), "most": (np.float64, -np.inf), "newest": (np.int32, 0), "oldest": (np.int32, _NONE),
    "newest_valued": (np.int32, 0), "oldest_valued": (np.int32, _NONE), "moments": (np.float64, 0),
    "days": (np.float64, 0),
}  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """Landmark rows: a person on a day, sorted by person and day."""

    person: Ints
    day: Ints

    def __len__(self) -> int:
        return len(self.person)

    @cached_property
    def for_loops(self) -> tuple[int, Days, Days, Days]:
        """The lowest person; of each from there on, the first row and how many there are; and the rows' days.

        Raises ValueError where rows are not sorted.
        """
        refuse_unsorted(self.person, self.day, "rows")
        lowest = int(self.person[0]) if len(self.person) else 0
        times = np.bincount(self.person - lowest)
        return lowest, _days(np.cumsum(times) - times), _days(times), _days(self.day)


@dataclass(frozen=True)
class Belonging:
    """Which groups each event belongs to: `times[k]` of them, `groups[first[k]]` and on, where k is its `number`."""

    number: Days
    first: Days
    times: Days
    groups: Days

    def __getitem__(self, places: Ints) -> Belonging:
        """Return that of the events at these places."""
        return replace(self, number=self.number[places])

    @property
    def for_loops(self) -> tuple[Days, Days, Days, Days]:
        """The four of them."""
        return _days(self.number), _days(self.first), _days(self.times), _days(self.groups)


@dataclass(frozen=True)
class Events:
    """Events sorted by person, day and tie-break. `value` is NaN where there is none; `until` NaN while true.

    `group` is the one group of each, or tells which ones it belongs to. `code` numbers what `distinct` tells apart.
    `end` and `end_known` are the day on which what lasts was over, and from which that was known; NaN while open.
    """

    person: Ints
    day: Ints
    known: Ints
    group: Ints | Belonging
    value: Floats | None = None
    until: Floats | None = None
    code: Ints | None = None
    end: Floats | None = None
    end_known: Floats | None = None

    def at(self, places: Ints) -> Events:
        """Return the events at these places."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return replace(self, **{name: column[places] for name, column in told.items() if column is not None})

    def each(self) -> tuple[Events, Ints, Ints]:
        """Return an event for each group of each event, those groups, and the places of the events they come from."""
        from stratify.features.loops import spread

        if not isinstance(self.group, Belonging):
            return self, self.group, np.arange(len(self.person))
        place, group = spread(*self.group.for_loops)
        return replace(self.at(place), group=group), group, place

    def for_loops(self, groups: int) -> tuple[Days, ...]:
        """Return person, day, known and the groups they belong to; ValueError for a group that is none of so many."""
        of = self.group.groups if isinstance(self.group, Belonging) else self.group
        if len(of) and not 0 <= of.min() <= of.max() < groups:
            raise ValueError(f"events must be of groups 0 to {groups - 1}")
        if isinstance(self.group, Belonging):
            belonging = self.group
        else:
            every = np.arange(groups, dtype=np.int32)
            belonging = Belonging(self.group, every, np.ones_like(every), every)
        told = {len(column) for column in (self.day, self.known, belonging.number, self.value, self.until, self.code,
                                           self.end, self.end_known) if column is not None}  # fmt: skip
        if told != {len(self.person)}:
            raise ValueError("events must have as many of each column as of people")
        return _days(self.person), _days(self.day), _days(self.known), *belonging.for_loops


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


def aggregate(
    events: Events, rows: Rows, groups: int, windows: Sequence[Window], aggregates: Collection[str] | None = None
) -> Cells:
    """Return what was gathered of every group 0 … groups - 1 in the windows before each row.

    `windows` are days, ascending where they are nested. `aggregates`: those that will be asked for, which is what is
    gathered; all of them where it is not given. Raises ValueError when events or rows are not sorted, or an event is of
    no such group, since the answer would be wrong.
    """
    from stratify.features.loops import fill

    edges, told = edges_of(tuple(windows)), events.for_loops(groups)
    wanted = _wanted(events, aggregates)
    superseded = _superseded(events, told) if "distinct" in wanted else _NO_DAYS
    if "days" in wanted and (events.end is None or events.end_known is None):
        raise ValueError("days_within needs the events' ends")
    shape = (groups, len(edges) - 1, len(rows))
    parts = {name: _empty(name, shape) if name in wanted else _UNWANTED[name] for name in PARTS}
    numbers = tuple(_numbers(of) for of in (events.value, events.until, events.end, events.end_known))
    flat = tuple(of.ravel() for of in parts.values())
    if not fill(told, superseded, numbers, rows.for_loops, np.array(edges), flat):
        raise ValueError("events must be sorted by person and day")
    return Cells(edges, {name: parts[name] for name in wanted}, events, rows)


def presence(events: Events, rows: Rows, lookback: Ints) -> npt.NDArray[np.bool_]:
    """Return which of the groups each row has, bool (rows, groups): an event known by then, within its look-back.

    `lookback` holds the days of each group. The same answer as an `any` of `aggregate`, without the counting.
    """
    from stratify.features.loops import mark

    has, days = np.zeros((len(rows), len(lookback)), dtype=bool), np.asarray(lookback, dtype=np.int64)
    if not mark(events.for_loops(len(lookback)), _numbers(events.until), rows.for_loops, days, has):
        raise ValueError("events must be sorted by person and day")
    return has


def span(window: Window) -> tuple[int, int]:
    """Return how near to the row's day a window ends and how far from it it begins, in days."""
    return (0, window) if isinstance(window, int) else window


@lru_cache(maxsize=256)
def edges_of(windows: tuple[Window, ...]) -> tuple[int, ...]:
    """Return the ages, in days, at which any window begins or ends; ValueError for a window that is none."""
    pairs = [(0, window) if isinstance(window, int | np.integer) else window for window in windows]
    nested = [far for near, far in pairs if near == 0]
    if not pairs or any(not 0 <= near < far for near, far in pairs) or nested != sorted(set(nested)):
        raise ValueError("windows must be ascending and positive")
    return tuple(sorted({0, *(int(edge) for pair in pairs for edge in pair)}))


def _superseded(events: Events, told: tuple[Days, ...]) -> Days:
    """From which day on each event is no longer the newest known of its person, group and code; see `loops`.

    At a later t a newer event of the same code is known, so `distinct` counts that one.
    """
    from stratify.features.loops import superseded_by

    if events.code is None:
        raise ValueError("distinct needs the events' codes")
    if events.until is not None:
        raise ValueError("distinct cannot count facts that stop being true")
    code = events.code - min(int(events.code.min(initial=0)), 0)
    codes = int(code.max(initial=0)) + 1
    if codes > MANY_CODES:
        found, code = np.unique(code, return_inverse=True)
        codes = len(found)
    return np.asarray(superseded_by(told, _days(code), codes))


def _empty(part: str, shape: tuple[int, ...]) -> npt.NDArray[np.generic]:
    kind, nothing = PARTS[part]
    size = (3, *shape) if part == "moments" else shape
    return np.full(size, nothing, dtype=kind) if nothing else np.zeros(size, dtype=kind)


def _days(of: npt.NDArray[Any]) -> Days:
    """Days, people and groups as the loops take them."""
    return _unwritten(of if of.dtype == np.int32 and of.flags.c_contiguous else np.array(of, dtype=np.int32))


def _numbers(of: Floats | None) -> Floats:
    return _NO_NUMBERS if of is None else _unwritten(np.ascontiguousarray(of, dtype=np.float64))


def _unwritten(of: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array as one that is only read, as the store's are: loops are compiled for each kind apart."""
    if not of.flags.writeable:
        return of
    view = of.view()
    view.flags.writeable = False
    return view


_NO_DAYS, _NO_NUMBERS = _days(np.empty(0, dtype=np.int32)), _numbers(np.empty(0))
_UNWANTED = {part: _empty(part, (0, 0, 0)) for part in PARTS}


def _wanted(events: Events, aggregates: Collection[str] | None) -> frozenset[str]:
    wanted = _needed(None if aggregates is None else frozenset(aggregates))
    if aggregates is None and (events.code is None or events.until is not None):
        wanted -= {"distinct"}
    if aggregates is None and events.end is None:
        wanted -= {"days"}
    return wanted


@lru_cache(maxsize=256)
def _needed(aggregates: frozenset[str] | None) -> frozenset[str]:
    from stratify.features.aggregates import AGGREGATES

    names = AGGREGATES if aggregates is None else aggregates
    return frozenset(part for name in names for part in AGGREGATES[name].needs)


def refuse_unsorted(person: Ints, day: Ints, what: str) -> None:
    """Raise ValueError unless the two columns are sorted by person and, within a person, by day."""
    step = np.diff(person)
    if (step < 0).any() or (np.diff(day)[step == 0] < 0).any():
        raise ValueError(f"{what} must be sorted by person and day")
