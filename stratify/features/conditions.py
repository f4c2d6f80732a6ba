"""Conditions at a landmark: which of the catalogue's conditions each row had, as known then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Care
from stratify.definitions import Definition, Known, coded_lookbacks, extra_groups, sharing
from stratify.features.columns import EVER
from stratify.features.drug_rules import by_drugs, drug_events, silenced
from stratify.features.events import Choice, chosen_events
from stratify.features.kernel import Events, Floats, Ints, Rows, presence
from stratify.morbidity import count_conditions
from stratify.store.records import Records


@dataclass(frozen=True)
class Present:
    """Booleans of shape (rows, conditions); `measurable` tells which conditions mean it.

    `known` says how each is told: by diagnosis, by a diagnosis that stands alone, or by drugs.
    """

    conditions: npt.NDArray[np.bool_]
    condition_ids: tuple[str, ...]
    measurable: npt.NDArray[np.bool_]
    known: Known | None = None

    def only(self, kept: npt.NDArray[np.bool_]) -> Present:
        """Return the rows kept; how their conditions are told is left behind."""
        return replace(self, conditions=self.conditions[kept], known=None)

    def holds(self, definition: Definition) -> npt.NDArray[np.bool_]:
        """Return the rows a definition holds for."""
        if self.known is None:
            raise ValueError("how these conditions are told was left behind")
        return definition.holds(self.known)

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


@dataclass(frozen=True)
class Told:
    """What conditions of a bucket's people are told from: their events, and drugs where the source has any."""

    events: Events
    drugs: Events | None


def told_of(store: Records, catalogue: Catalogue, bucket: int) -> Told:
    """Return what conditions of a bucket are told from, to be asked many times."""
    return Told(condition_events(store, group_names(catalogue), bucket), drug_events(store, catalogue, bucket))


def present(store: Records, rows: Rows, catalogue: Catalogue, bucket: int, told: Told | None = None) -> Present:
    """Return the conditions of rows that all lie in one bucket; told: what was read of it already."""
    told = told or told_of(store, catalogue, bucket)
    drugs = by_drugs(told.drugs, rows, catalogue)
    return present_of(told.events, rows, catalogue, store.measurable["conditions"], drugs)


def holding(store: Records, people: Ints, day: int, catalogue: Catalogue, definition: Definition) -> dict[int, bool]:
    """Return for each of these people, ascending, whether a definition holds on a day."""
    answer: dict[int, bool] = {}
    for bucket in np.unique(people % store.buckets).tolist():
        mine = people[people % store.buckets == bucket]
        found = present(store, Rows(mine, np.full(len(mine), day)), catalogue, bucket)
        answer |= dict(zip(mine.tolist(), found.holds(definition).tolist(), strict=True))
    return answer


def condition_events(store: Records, names: Sequence[str], bucket: int) -> Events:
    """Return the condition events of these names, each group numbered by its place; others are left out.

    A store landed with a wider catalogue holds names that this one does not have.
    """
    rows = store.slice("condition", bucket)
    return replace(chosen_events(rows, _named(tuple(names))), until=rows.floats("until"))


@lru_cache(maxsize=16)
def _named(names: tuple[str, ...]) -> Choice:
    place = {name: number for number, name in enumerate(names)}
    return Choice(("code",), lambda told: [place[told["code"]]] if told["code"] in place else [])


def group_names(catalogue: Catalogue) -> list[str]:
    """Return what condition events are of, in the order of their groups.

    Conditions, then what definitions ask for beside.
    """
    return [*catalogue.conditions, *extra_groups(catalogue)]


def present_of(
    events: Events,
    rows: Rows,
    catalogue: Catalogue,
    measurable: Collection[str],
    drugs: npt.NDArray[np.bool_] | None = None,
) -> Present:
    """Return the conditions that events make true: one of its group, known by then, within its look-back.

    `drugs` says which rows meet a drug rule of which condition; either is enough.
    """
    ids = tuple(catalogue.conditions)
    shared = sharing(catalogue)
    lookback = [catalogue.conditions[key].lookback_days or EVER for key in (*ids, *shared)]
    by_code = coded_lookbacks(catalogue)
    lookback += [days or EVER for days in by_code.values()]
    has = presence(events, rows, np.array(lookback, dtype=np.int64))
    diagnosed, apart, coded = np.split(has, np.cumsum([len(ids), len(shared)]), axis=1)
    alone = diagnosed.copy()
    alone[:, [ids.index(key) for key in shared]] = apart
    by_drug = np.zeros_like(diagnosed) if drugs is None else silenced(drugs, diagnosed, catalogue.conditions)
    known = Known(ids, catalogue.conditions, diagnosed, alone, by_drug, dict(zip(by_code, coded.T, strict=True)))
    told = np.array([key in measurable for key in ids])
    return Present(diagnosed | by_drug, ids, told, known)
