"""Conditions at a landmark: which of the catalogue's conditions each row had, as known then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Care
from stratify.features.columns import EVER
from stratify.features.kernel import Events, Floats, Rows, presence
from stratify.morbidity import count_conditions
from stratify.store.read import Store


@dataclass(frozen=True)
class Present:
    """Booleans of shape (rows, conditions); `measurable` tells which conditions mean it."""

    conditions: npt.NDArray[np.bool_]
    condition_ids: tuple[str, ...]
    measurable: npt.NDArray[np.bool_]

    def counted(self, catalogue: Catalogue, domain: Care | None = None) -> npt.NDArray[np.int64]:
        """Return how many conditions each row has, sub-conditions never counted beside their whole."""
        return count_conditions(self.conditions, self.condition_ids, catalogue.conditions, domain)

    def ids(self) -> Iterator[frozenset[str]]:
        """Yield the ids of each row's conditions."""
        for row in self.conditions:
            yield frozenset(self.condition_ids[place] for place in np.flatnonzero(row))

    def cells(self) -> Floats:
        """Return 1, 0, or NaN where the source cannot tell."""
        return np.where(self.measurable, self.conditions.astype(np.float64), np.nan)


def present(store: Store, rows: Rows, catalogue: Catalogue, bucket: int) -> Present:
    """Return the conditions of rows that all lie in one bucket."""
    events = condition_events(store, group_names(catalogue), bucket)
    return present_of(events, rows, catalogue, store.measurable["conditions"])


def condition_events(store: Store, names: Sequence[str], bucket: int) -> Events:
    """Return the condition events of these names, each group numbered by its place; others are left out.

    A store landed with a wider catalogue holds names that this one does not have.
    """
    found = duckdb.execute(
        "SELECT person, day, known, until, n.grp FROM "
        f"{store.events('condition', bucket)} AS e "
        "JOIN (SELECT unnest($names) AS code, unnest(range(len($names))) AS grp) AS n USING (code) "
        "ORDER BY person, day, file_row_number",
        {"names": list(names)},
    ).fetchnumpy()
    return Events(
        person=found["person"].astype(np.int64),
        day=found["day"].astype(np.int64),
        known=found["known"].astype(np.int64),
        group=found["grp"].astype(np.int64),
        until=np.ma.filled(found["until"].astype(np.float64), np.nan),
    )


def group_names(catalogue: Catalogue) -> list[str]:
    """Return what condition events are of, in the order of their groups."""
    return list(catalogue.conditions)


def present_of(events: Events, rows: Rows, catalogue: Catalogue, measurable: Collection[str]) -> Present:
    """Return the conditions that events make true: one of its group, known by then, within its look-back."""
    ids = tuple(catalogue.conditions)
    lookback = np.array([catalogue.conditions[key].lookback_days or EVER for key in ids], dtype=np.int64)
    return Present(presence(events, rows, lookback), ids, np.array([key in measurable for key in ids]))
