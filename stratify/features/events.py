"""Reading a family's events from the store: which rows of a domain belong to which of its groups.

A group is asked once for each signature, the values of the columns that groups choose by, and not for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.errors import DataError
from stratify.features.kernel import Belonging, Events
from stratify.features.ranges import proven
from stratify.store.records import Records

if TYPE_CHECKING:  # it reads through pyarrow, which the command line starts without
    from stratify.store.slices import Slice


HOURS_PER_DAY = 24
MOST_KNOWN = 20_000  # answers kept in mind: a chart may hold any code, and what is asked of one is soon asked again
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


def read_events(store: Records, family: FeatureFamily, of: Sequence[FeatureGroup], bucket: int) -> Events:
    """Return a family's events, in the order of the store.

    A stay that has not ended has no event in a family that counts stays at their end. A diagnosis refuted later holds
    until the delivery that says so.
    """
    rows = store.slice(family.domain, bucket)
    events = chosen_events(rows, _choice(tuple(of)))
    if family.domain in VALUES:
        column, unit = VALUES[family.domain]
        value = rows.floats(column)
        events = replace(events, value=value if unit == 1 else value / unit)
    if family.domain == "diagnosis":
        refuted = rows.coded("refuted").place == 1
        events = replace(events, until=np.where(refuted, float(store.day("delivered")), np.nan))
    if "distinct" in family.aggregates:
        events = replace(events, code=rows.coded("code").place)
    if "days_within" in family.aggregates:
        events = replace(events, end=rows.floats("end_day"), end_known=rows.floats("end_known"))
    if any(one.ranged for one in of):
        events = proven(events, of, rows.coded("comparator"))
    return _by_end(events, rows) if family.at == "end" else events


@dataclass(frozen=True, eq=False)
class Choice:
    """Which groups a row belongs to, by the values of these columns alone: ascending, asked once and then known."""

    columns: tuple[str, ...]
    asks: Callable[[Signature], Sequence[int]]
    _known: dict[tuple[Any, ...], tuple[int, ...]] = field(default_factory=dict)

    def places(self, values: tuple[Any, ...]) -> tuple[int, ...]:
        """Return the groups of a row whose columns have these values."""
        found = self._known.get(values)
        if found is None:
            found = tuple(self.asks(dict(zip(self.columns, values, strict=True))))
            if len(self._known) < MOST_KNOWN:
                self._known[values] = found
        return found


@lru_cache(maxsize=1024)
def _choice(of: tuple[FeatureGroup, ...]) -> Choice:
    named = {name for group in of for name in group.where}
    if any(group.codes or group.codes_except for group in of):
        named.add("code")
    return Choice(tuple(sorted(named)), lambda told: [n for n, one in enumerate(of) if chosen(one, told)])


def chosen_events(rows: Slice, choice: Choice) -> Events:
    """Return every row as an event of the groups it belongs to."""
    number, signatures = rows.signatures(choice.columns)
    places = [choice.places(one) for one in signatures]
    times = np.array([len(of) for of in places], dtype=np.int32)
    groups = np.array([place for of in places for place in of], dtype=np.int32)
    of = Belonging(number, np.cumsum(times, dtype=np.int32) - times, times, groups)
    return Events(rows.ints("person"), rows.ints("day"), rows.ints("known"), of)


def _by_end(events: Events, rows: Slice) -> Events:
    """Those that have ended, ordered by person and the day they ended, on both clocks of the end."""
    end, known = rows.floats("end_day"), rows.floats("end_known")
    ended = np.flatnonzero(~np.isnan(end))
    if np.isnan(known[ended]).any():
        raise DataError(f"store: {rows.domain}: an end without `end_known`; land the extract again")
    order = ended[np.lexsort((end[ended], events.person[ended]))]
    return replace(events.at(order), day=end[order].astype(np.int32), known=known[order].astype(np.int32))


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
