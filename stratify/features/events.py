"""Reading a family's events from the store: which rows of a domain belong to which of its groups.

Rows that are alike in every column a family chooses by have one signature, and there are few of them. A group is asked
once for each signature, not for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.errors import DataError
from stratify.features.kernel import Events, Floats, Ints
from stratify.store.read import Store
from stratify.store.slices import Slice

HOURS_PER_DAY = 24
VALUES: dict[str, tuple[str, float]] = {  # what the aggregates of values read, by domain, and what it is divided by
    "stay": ("hours", HOURS_PER_DAY),
    "drug": ("ddd", 1),
    "lab": ("value", 1),
}
Signature = dict[str, Any]  # column: value, None where there is none
Places = Callable[[Signature], Sequence[int]]  # which groups, ascending, a row of this signature belongs to


def read_events(store: Store, family: FeatureFamily, of: Sequence[FeatureGroup], bucket: int) -> Events:
    """Return a family's events, one for each group an event belongs to, in the order of the store.

    A stay that has not ended has no event in a family that counts stays at their end. A diagnosis refuted later holds
    until the delivery that says so.
    """
    rows = store.slice(family.domain, bucket)
    chosen_by = {name for group in of for name in (*group.where, *(["code"] if group.codes else []))}
    row, group = belonging(rows, sorted(chosen_by), lambda told: [n for n, one in enumerate(of) if chosen(one, told)])
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
    return Events(rows.ints("person")[row], day[row], known[row], group, value, until, code)


def belonging(rows: Slice, columns: Sequence[str], places_of: Places) -> tuple[Ints, Ints]:
    """Return (row, group) for each group that each row belongs to, by these columns alone; rows in order, then groups.

    `places_of` is asked once for each combination of the columns' values that occurs.
    """
    number, signatures = _signatures(rows, columns)
    places = [places_of(one) for one in signatures]
    times = np.array([len(of) for of in places], dtype=np.int64)
    first = np.cumsum(times) - times
    flat = np.array([place for of in places for place in of], dtype=np.int64)
    found = np.flatnonzero(times[number])
    row = np.repeat(found, times[number[found]])
    starts = np.cumsum(times[number[found]]) - times[number[found]]  # where each row's groups begin in the answer
    nth = np.arange(len(row)) - np.repeat(starts, times[number[found]])
    return row, flat[first[number[row]] + nth]


def _signatures(rows: Slice, columns: Sequence[str]) -> tuple[Ints, list[Signature]]:
    """Each row's signature by number, and the signatures."""
    coded = [rows.coded(name) for name in columns]
    number = np.zeros(len(rows.ints("person")), dtype=np.int64)
    for column in coded:
        number = number * (len(column.values) + 1) + (column.place + 1)
    occurs, number = _numbered(number, int(np.prod([len(column.values) + 1 for column in coded], dtype=np.int64)))
    found: list[Signature] = []
    for one in occurs.tolist():
        told: Signature = {}
        for name, column in zip(reversed(columns), reversed(coded), strict=True):
            one, place = divmod(one, len(column.values) + 1)
            told[name] = column.values[place - 1] if place else None
        found.append(told)
    return number, found


def _numbered(number: Ints, possible: int) -> tuple[Ints, Ints]:
    """The numbers that occur, ascending, and each row's place among them."""
    if possible > len(number) + 1_000_000:
        occurs, place = np.unique(number, return_inverse=True)
        return occurs, place
    occurs = np.flatnonzero(np.bincount(number, minlength=possible))
    place = np.zeros(possible, dtype=np.int64)
    place[occurs] = np.arange(len(occurs))
    return occurs, place[number]


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
    if group.codes and not str(told["code"] or "").startswith(group.codes):
        return False
    return all(told[name] == value for name, value in group.where.items())
