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
from dataclasses import dataclass
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
    def by_person(self) -> tuple[int, Ints, Ints]:
        """The lowest person; and of each from there on, the first row and how many there are."""
        if not len(self.person):
            return 0, _NO_DAYS, _NO_DAYS
        lowest = int(self.person[0])
        times = np.bincount(self.person - lowest)
        return lowest, _days(np.cumsum(times) - times), _days(times)

    @cached_property
    def days(self) -> Days:
        """The rows' days as the loops take them."""
        return _days(self.day)


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


def aggregate(
    events: Events, rows: Rows, groups: int, windows: Sequence[Window], aggregates: Collection[str] | None = None
) -> Cells:
    """Return what was gathered of every group 0 … groups - 1 in the windows before each row.

    `windows` are days, ascending where they are nested. `aggregates`: those that will be asked for, which is what is
    gathered; all of them where it is not given. Raises ValueError when events or rows are not sorted, or an event is of
    no such group, since the answer would be wrong.
    """
    from stratify.features.loops import fill

    edges = edges_of(tuple(windows))
    person, day, known, group = _checked(events, rows, groups)
    wanted = _wanted(events, aggregates)
    superseded = superseded_by(events) if "distinct" in wanted else _NO_DAYS
    if "days" in wanted and (events.end is None or events.end_known is None):
        raise ValueError("days_within needs the events' ends")
    shape = (groups, len(edges) - 1, len(rows))
    parts = {name: _empty(name, shape) if name in wanted else _UNWANTED[name] for name in PARTS}
    fill(
        person, day, known, group, _numbers(events.value), _numbers(events.until), superseded, _numbers(events.end),
        _numbers(events.end_known), *rows.by_person, rows.days, np.array(edges), *parts.values(),
    )  # fmt: skip
    return Cells(edges, parts, events, rows)


def presence(events: Events, rows: Rows, lookback: Ints) -> npt.NDArray[np.bool_]:
    """Return which of the groups each row has, bool (rows, groups): an event known by then, within its look-back.

    `lookback` holds the days of each group. The same answer as an `any` of `aggregate`, without the counting.
    """
    from stratify.features.loops import mark

    has = np.zeros((len(rows), len(lookback)), dtype=bool)
    checked = _checked(events, rows, len(lookback))
    mark(*checked, _numbers(events.until), *rows.by_person, rows.days, np.asarray(lookback, dtype=np.int64), has)
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


def superseded_by(events: Events) -> Ints:
    """Return from which day on each event is no longer the newest known of its person, group and code.

    At a later t a newer event of the same code is known, so `distinct` counts that one.
    """
    from stratify.features import loops

    if events.code is None:
        raise ValueError("distinct needs the events' codes")
    if events.until is not None:
        raise ValueError("distinct cannot count facts that stop being true")
    code = events.code - min(events.code.min(initial=0), 0)
    codes = int(code.max(initial=0)) + 1
    if codes > MANY_CODES:
        found, code = np.unique(code, return_inverse=True)
        codes = len(found)
    key = events.group.astype(np.int64) * codes + code
    keys = (int(events.group.max(initial=0)) + 1) * codes
    return np.asarray(loops.superseded_by(_days(events.person), _days(events.day), _days(events.known), key, keys))


def _checked(events: Events, rows: Rows, groups: int) -> tuple[Ints, Ints, Ints, Ints]:
    """The events' person, day, known and group as the loops take them; ValueError where the answer would be wrong."""
    from stratify.features.loops import strangers, unsorted

    person, day, known, group = (_days(of) for of in (events.person, events.day, events.known, events.group))
    if strangers(group, groups):
        raise ValueError(f"events must be of groups 0 to {groups - 1}")
    for what, who, when in (("events", person, day), ("rows", _days(rows.person), rows.days)):
        if unsorted(who, when):
            raise ValueError(f"{what} must be sorted by person and day")
    return person, day, known, group


def _empty(part: str, shape: tuple[int, ...]) -> npt.NDArray[np.generic]:
    kind, nothing = PARTS[part]
    size = (3, *shape) if part == "moments" else shape
    return np.full(size, nothing, dtype=kind) if nothing else np.zeros(size, dtype=kind)


def _days(of: npt.NDArray[Any]) -> Days:
    """Days, people and groups as the loops take them; they would be compiled apart for what may not be written to."""
    if of.dtype == np.int32 and of.flags.c_contiguous and of.flags.writeable:
        return of
    return np.array(of, dtype=np.int32, order="C")


def _numbers(of: Floats | None) -> Floats:
    if of is None:
        return _NO_NUMBERS
    return of if of.flags.c_contiguous and of.flags.writeable else of.copy()


_NO_DAYS, _NO_NUMBERS = np.empty(0, dtype=np.int32), np.empty(0)
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

    return frozenset(part for name in aggregates or AGGREGATES for part in AGGREGATES[name].needs)


def refuse_unsorted(person: Ints, day: Ints, what: str) -> None:
    """Raise ValueError unless the two columns are sorted by person and, within a person, by day."""
    step = np.diff(person)
    if (step < 0).any() or (np.diff(day)[step == 0] < 0).any():
        raise ValueError(f"{what} must be sorted by person and day")
