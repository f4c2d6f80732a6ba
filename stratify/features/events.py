"""Reading a family's events from the store: which rows of a domain belong to which of its groups.

A group is asked once for each signature, the values of the columns that groups choose by, and not for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.errors import DataError
from stratify.features.columns import longest
from stratify.features.kernel import Events, Floats, Ints, Rows
from stratify.features.ranges import proven
from stratify.store.read import Store

if TYPE_CHECKING:  # it reads through pyarrow, which the command line starts without
    from stratify.store.slices import Signature, Slice

    Places = Callable[[Signature], Sequence[int]]  # which groups, ascending, a row of this signature belongs to

HOURS_PER_DAY = 24
Bools = npt.NDArray[np.bool_]
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
    chosen_by = {
        name for group in of for name in (*group.where, *(["code"] if group.codes or group.codes_except else []))
    }
    row, group = belonging(
        rows,
        sorted(chosen_by),
        lambda told: [n for n, one in enumerate(of) if chosen(one, told)],
        in_reach(rows, on, _longest(family), at_end=family.at == "end"),
    )
    if any(one.ranged for one in of):
        row, group = proven(rows, of, row, group)
    day, known = rows.ints("day"), rows.ints("known")
    if family.at == "end":
        row, group, day, known = _by_end(rows, row, group)
    value = until = None
    if family.domain in VALUES:
        column, unit = VALUES[family.domain]
        value = rows.floats(column)[row] / unit
    if family.domain == "diagnosis":
        refuted = rows.coded("refuted").place[row] == 1
        until = np.where(refuted, float(store.day("delivered")), np.nan)
    code = rows.coded("code").place[row] if "distinct" in family.aggregates else None
    end = end_known = None
    if "days_within" in family.aggregates:
        end, end_known = rows.floats("end_day")[row], rows.floats("end_known")[row]
    return Events(rows.ints("person")[row], day[row], known[row], group, value, until, code, end, end_known)


def in_reach(rows: Slice, on: Rows | None, longest: int | None, *, at_end: bool = False) -> Bools | None:
    """Return which rows may reach a landmark row: of its person, known by the last day, within `longest` of the first.

    `longest` is None where what happened at any time counts. None where there are no landmark rows to go by.
    """
    if on is None or not len(on):
        return None
    asked = rows.reach.get((longest, at_end))
    if asked is None or asked[0] is not on:
        asked = rows.reach[longest, at_end] = on, _reach(rows, on, longest, at_end=at_end)
    return asked[1]


def _reach(rows: Slice, on: Rows, longest: int | None, *, at_end: bool) -> Bools:
    names = ("end_day", "end_known") if at_end else ("day", "known")
    day, known = (rows.floats(name) if at_end else rows.ints(name) for name in names)
    last = on.day.max()
    kept = (day < last) & (known < last)
    if longest is not None:
        kept &= day >= on.day.min() - longest
    return np.asarray(kept & on.has(rows.ints("person")))


def _longest(family: FeatureFamily) -> int | None:
    """How far back a family looks; what lasts may have begun before."""
    return None if "days_within" in family.aggregates else longest(family)


def belonging(rows: Slice, columns: Sequence[str], places_of: Places, kept: Bools | None = None) -> tuple[Ints, Ints]:
    """Return (row, group) for each group that each row belongs to, by these columns alone; rows in order, then groups.

    `places_of` is asked once for each combination of the columns' values that occurs. `kept`: the rows looked at.
    """
    number, signatures = rows.signatures(tuple(columns))
    places = [places_of(one) for one in signatures]
    times = np.array([len(of) for of in places], dtype=np.int64)
    first = np.cumsum(times) - times
    flat = np.array([place for of in places for place in of], dtype=np.int64)
    row = np.flatnonzero((times > 0)[number] if kept is None else (times > 0)[number] & kept)
    of = number[row]
    if times.max(initial=0) <= 1:
        return row, flat[first[of]]
    often = times[of]
    from_flat = np.repeat(first[of] - (np.cumsum(often) - often), often)
    from_flat += np.arange(len(from_flat))
    return np.repeat(row, often), flat[from_flat]


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
