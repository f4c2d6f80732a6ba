"""Conditions at a landmark: which of the catalogue's conditions and index groups each row had, as known then."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Care
from stratify.features.columns import EVER
from stratify.features.kernel import Events, Floats, Rows, aggregate
from stratify.morbidity import charlson_score, count_conditions
from stratify.store.read import Store


@dataclass(frozen=True)
class Present:
    """Booleans of shape (rows, conditions) and (rows, Charlson groups); `measurable` tells which conditions mean it."""

    conditions: npt.NDArray[np.bool_]
    condition_ids: tuple[str, ...]
    measurable: npt.NDArray[np.bool_]
    charlson: npt.NDArray[np.bool_]

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
    found = store.read("condition", ["person", "day", "known", "code", "until"], bucket=bucket)
    number = {name: position for position, name in enumerate(group_names(catalogue))}
    group = np.array([number.get(code, -1) for code in found["code"]], dtype=np.int64)
    kept = group >= 0  # a store landed with a wider catalogue holds groups that this one does not have
    events = Events(
        person=found["person"][kept].astype(np.int64),
        day=found["day"][kept].astype(np.int64),
        known=found["known"][kept].astype(np.int64),
        group=group[kept],
        until=found["until"][kept],
    )
    return present_of(events, rows, catalogue, store.measurable["conditions"])


def group_names(catalogue: Catalogue) -> list[str]:
    """Return what condition events are of, in the order of their groups: conditions, then the groups of Charlson."""
    return [*catalogue.conditions, *(f"charlson.{group.id}" for group in catalogue.indices["charlson"].group)]


def present_of(events: Events, rows: Rows, catalogue: Catalogue, measurable: Collection[str]) -> Present:
    """Return the conditions that events make true: the newest of each group, known by then, within its look-back."""
    ids = tuple(catalogue.conditions)
    index = catalogue.indices["charlson"]
    lookback = [catalogue.conditions[key].lookback_days or EVER for key in ids]
    lookback += [index.lookback_days or EVER] * len(index.group)
    counted = aggregate(events, rows, len(lookback), [EVER])
    has = np.zeros((len(rows), len(lookback)), dtype=bool)
    for group, days in enumerate(lookback):
        has[:, group] = counted.column("days_since", group, EVER) <= days  # NaN, where there is none, is not
    return Present(has[:, : len(ids)], ids, np.array([key in measurable for key in ids]), has[:, len(ids) :])


def charlson(found: Present, catalogue: Catalogue, *, told: bool) -> dict[str, Floats]:
    """Return each row's Charlson score under each weighting; NaN where the source cannot tell the groups."""
    index = catalogue.indices["charlson"]
    scores = {w: charlson_score(found.charlson, index, weights=w).astype(np.float64) for w in index.group[0].weights}
    return {w: score if told else np.full(len(score), np.nan) for w, score in scores.items()}
