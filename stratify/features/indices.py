"""Index scores at a landmark: groups by diagnosis, by redeemed drug and by condition, as known then, weighed together.

A score is missing where the source cannot tell the index's groups, where an index that reads drugs meets a source
without them, and for people too young for it: to write 0 there would call them healthy.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Index
from stratify.codes import starts_with_any
from stratify.cohort import DAYS_PER_YEAR
from stratify.features.columns import EVER
from stratify.features.conditions import Present, condition_events
from stratify.features.events import Choice, Signature, chosen_events
from stratify.features.kernel import Events, Floats, Ints, Rows, presence
from stratify.indices import score
from stratify.store.records import Records

Cells = dict[str, dict[str, Floats]]  # by index and weighting


def index_cells(store: Records, rows: Rows, found: Present, birth: Ints, catalogue: Catalogue, bucket: int) -> Cells:
    """Return the scores of every index that a feature family names, of rows that lie in one bucket.

    `found` are the rows' conditions, `birth` the day each row's person was born.
    """
    wanted = wanted_indices(catalogue)
    if not wanted:
        return {}
    told = set(store.measurable["indices"])
    lookback = np.concatenate([lookbacks(index) for index in wanted])
    has = presence(condition_events(store, _group_names(catalogue), bucket), rows, lookback)
    coded = store.has("drug") and store.measurable.get("drug_codes", True)
    if coded:
        has |= presence(_drug_events(store, catalogue, bucket), rows, lookback)
    of_each = np.split(has, np.cumsum([len(index.group) for index in wanted])[:-1], axis=1)
    return {
        index.id: scores_of(mine, index, rows, found, birth, told=index.id in told and (coded or not index.by_drugs))
        for index, mine in zip(wanted, of_each, strict=True)
    }


@lru_cache(maxsize=4)
def wanted_indices(catalogue: Catalogue) -> tuple[Index, ...]:
    """Return the indices that feature families name, in the order of their ids."""
    named = {family.index for family in catalogue.features.values() if family.index is not None}
    return tuple(index for index in catalogue.indices.values() if index.id in named)


def scores_of(
    has: npt.NDArray[np.bool_], index: Index, rows: Rows, found: Present, birth: Ints, *, told: bool
) -> dict[str, Floats]:
    """Return one index's scores by weighting; NaN where it was not told, and below the age it was made for.

    `has`, (rows, groups), says which of the index's groups each row has by its records.
    """
    answer = {weights: np.full(len(rows), np.nan) for weights in index.weightings}
    if not told:
        return answer
    old = np.ones(len(rows), dtype=bool)
    if index.min_age is not None:
        old = (rows.day - birth) / DAYS_PER_YEAR >= index.min_age
    has = has[old]  # a copy: conditions are added to it
    for place, group in enumerate(index.group):
        for key in group.conditions:
            has[:, place] |= found.conditions[old, found.condition_ids.index(key)]
    for weights, cells in answer.items():
        cells[old] = score(has, index, weights=weights)
    return answer


@lru_cache(maxsize=4)
def _group_names(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(f"{index.id}.{group.id}" for index in wanted_indices(catalogue) for group in index.group)


def lookbacks(index: Index) -> Ints:
    """Return how many days back each group of an index looks."""
    return np.full(len(index.group), index.lookback_days or EVER, dtype=np.int64)


@lru_cache(maxsize=4)
def _choice(catalogue: Catalogue) -> Choice:
    groups = [group for index in wanted_indices(catalogue) for group in index.group]
    by_drug = [(place, group) for place, group in enumerate(groups) if group.atc]

    def of(told: Signature) -> list[int]:
        code = told["code"] or ""
        return [place for place, group in by_drug if starts_with_any(code, group.atc, group.atc_except)]

    return Choice(("code",), of)


def _drug_events(store: Records, catalogue: Catalogue, bucket: int) -> Events:
    """Redemptions of the drugs that indices name, one for each group."""
    return chosen_events(store.slice("drug", bucket), _choice(catalogue))
