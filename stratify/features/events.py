"""Reading a family's events from the store: which rows of a domain belong to which of its groups.

A group is asked once for each signature, the values of the columns that groups choose by, and not for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.errors import DataError
from stratify.features.columns import longest
from stratify.features.kernel import Events, Floats, Ints, Rows
from stratify.features.ranges import proven
from stratify.store.read import Store

if TYPE_CHECKING:  # it reads through pyarrow, which the command line starts without
    from stratify.store.slices import Slice


WHEN = ("person", "day", "known")
HOURS_PER_DAY = 24
Signature = Mapping[str, Any]  # column: value, None where there is none
VALUES: dict[str, tuple[str, float]] = {  # what the aggregates of values read, by domain, and what it is divided by
    "stay": ("hours", HOURS_PER_DAY),
    "drug": ("ddd", 1),
    "lab": ("value", 1),
    "municipal": ("value", 1),
    "distance": ("value", 1),
    "household": ("value", 1),
    "income": ("value", 1),
}


def read_events(
    store: Store, family: FeatureFamily, of: Sequence[FeatureGroup], bucket: int, on: Rows | None = None
) -> Events:
    """Return a family's events, one for each group an event belongs to, in the order of the store.

    With landmark rows `on`, those alone that may reach one of them: it spares work, and changes no cell. A stay that
    has not ended has no event in a family that counts stays at their end. A diagnosis refuted later holds until the
    delivery that says so.
    """
    rows = store.slice(family.domain, bucket)
    row, group = belonging(rows, _choice(tuple(of)), in_reach(rows, on, _longest(family), at_end=family.at == "end"))
    if any(one.ranged for one in of):
        row, group = proven(rows, of, row, group)
    day, known = rows.ints("day"), rows.ints("known")
    if family.at == "end":
        row, group, day, known = _by_end(rows, row, group)
    person, day, known = taken(row, rows.ints("person"), day, known)
    value = until = None
    if family.domain in VALUES:
        column, unit = VALUES[family.domain]
        (value,) = taken(row, rows.floats(column))
        value = value if unit == 1 else value / unit
    if family.domain == "diagnosis":
        (refuted,) = taken(row, rows.coded("refuted").place)
        until = np.where(refuted == 1, float(store.day("delivered")), np.nan)
    code = end = end_known = None
    if "distinct" in family.aggregates:
        (code,) = taken(row, rows.coded("code").place)
    if "days_within" in family.aggregates:
        end, end_known = taken(row, rows.floats("end_day"), rows.floats("end_known"))
    return Events(person, day, known, group, value, until, code, end, end_known)


def in_reach(rows: Slice, on: Rows | None, longest: int | None, *, at_end: bool = False) -> Ints | None:
    """Return the rows that may reach a landmark row: of its person, known by the last day, within `longest` of the first.

    `longest` is None where what happened at any time counts. None where there are no landmark rows to go by.
    """
    if on is None or not len(on):
        return None
    asked = rows.reach.get((longest, at_end))
    if asked is None or asked[0] is not on:
        asked = rows.reach[longest, at_end] = on, _reach(rows, on, longest, at_end=at_end)
    return asked[1]


def _reach(rows: Slice, on: Rows, longest: int | None, *, at_end: bool) -> Ints:
    from stratify.features.loops import reaching

    names = ("end_day", "end_known") if at_end else ("day", "known")
    day, known = (rows.floats(name) if at_end else rows.ints(name) for name in names)
    lowest, _, times = on.by_person
    earliest = -np.inf if longest is None else float(on.day.min() - longest)
    return np.asarray(reaching(rows.ints("person"), day, known, lowest, times, earliest, float(on.day.max())))


def taken(row: Ints, *columns: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return these columns at these rows."""
    from stratify.features.loops import picked

    return [picked(column, row) for column in columns]


def _longest(family: FeatureFamily) -> int | None:
    """How far back a family looks; what lasts may have begun before."""
    return None if "days_within" in family.aggregates else longest(family)


@dataclass(frozen=True, eq=False)
class Choice:
    """Which groups a row belongs to, by the values of these columns alone: ascending, asked once and then known."""

    columns: tuple[str, ...]
    asks: Callable[[Signature], Sequence[int]]
    _known: dict[tuple[Any, ...], tuple[int, ...]] = field(default_factory=dict)

    def places(self, values: tuple[Any, ...]) -> tuple[int, ...]:
        """Return the groups of a row whose columns have these values."""
        if values not in self._known:
            self._known[values] = tuple(self.asks(dict(zip(self.columns, values, strict=True))))
        return self._known[values]


@lru_cache(maxsize=1024)
def _choice(of: tuple[FeatureGroup, ...]) -> Choice:
    named = {name for group in of for name in group.where}
    if any(group.codes or group.codes_except for group in of):
        named.add("code")
    return Choice(tuple(sorted(named)), lambda told: [n for n, one in enumerate(of) if chosen(one, told)])


def belonging(rows: Slice, choice: Choice, kept: Ints | None = None) -> tuple[Ints, Ints]:
    """Return (row, group) for each group that each row belongs to; rows in order, then groups.

    `kept`: the rows looked at, ascending.
    """
    from stratify.features.loops import spread

    number, signatures = rows.signatures(choice.columns)
    places = [choice.places(one) for one in signatures]
    times = np.array([len(of) for of in places], dtype=np.int32)
    first = np.cumsum(times, dtype=np.int32) - times
    flat = np.array([place for of in places for place in of], dtype=np.int32)
    looked_at = np.arange(len(number), dtype=np.int32) if kept is None else kept
    row, group = spread(looked_at, number, first, times, flat)
    return row, group


def _by_end(rows: Slice, row: Ints, group: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Rows that have ended, ordered by person and the day they ended, and both clocks of the end."""
    end, known = rows.floats("end_day"), rows.floats("end_known")
    ended = ~np.isnan(end[row])
    row, group = row[ended], group[ended]
    if np.isnan(known[row]).any():
        raise DataError(f"store: {rows.domain}: an end without `end_known`; land the extract again")
    order = np.lexsort((group, row, end[row], rows.ints("person")[row]))
    return row[order], group[order], _whole(end), _whole(known)


def _whole(days: Floats) -> Ints:
    """Days as whole numbers; what has no day is not read."""
    return np.nan_to_num(days, nan=-1).astype(np.int64)


def chosen(group: FeatureGroup, told: Signature) -> bool:
    """Return whether rows of a signature belong to a group: any of its prefixes, and all of its columns."""
    code = str(told["code"] or "") if group.codes or group.codes_except else ""
    if (group.codes and not code.startswith(group.codes)) or (
        group.codes_except and code.startswith(group.codes_except)
    ):
        return False
    return all(
        told[name] in value if isinstance(value, tuple) else told[name] == value for name, value in group.where.items()
    )
