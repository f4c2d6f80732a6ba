"""Index scores at a landmark: groups by diagnosis, by redeemed drug and by condition, as known then, weighed together.

One index after another, so that no array is larger than the rows times the groups of one index. A score is missing
where the source cannot tell the index's groups, where an index that reads drugs meets a source without them, and for
people too young for it: to write 0 there would call them healthy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Index
from stratify.codes import starts_with_any
from stratify.cohort import DAYS_PER_YEAR
from stratify.features.columns import EVER
from stratify.features.conditions import Present, condition_events
from stratify.features.events import belonging, in_reach
from stratify.features.kernel import Events, Floats, Ints, Rows, presence
from stratify.indices import score
from stratify.store.read import Store

if TYPE_CHECKING:
    from stratify.store.slices import Signature

Cells = dict[str, dict[str, Floats]]  # by index and weighting


def index_cells(store: Store, rows: Rows, found: Present, birth: Ints, catalogue: Catalogue, bucket: int) -> Cells:
    """Return the scores of every index that a feature family names, of rows that lie in one bucket.

    `found` are the rows' conditions, `birth` the day each row's person was born.
    """
    wanted = wanted_indices(catalogue)
    names = [f"{index.id}.{group.id}" for index in wanted for group in index.group]
    told = set(store.measurable["indices"])
    diagnosed = condition_events(store, names, bucket, rows)
    coded = store.has("drug") and store.measurable.get("drug_codes", True)
    redeemed = _drug_events(store, wanted, bucket, rows) if coded else None
    answer: Cells = {}
    first = 0
    for index in wanted:
        measurable = index.id in told and (redeemed is not None or not index.by_drugs)
        groups = range(first, first + len(index.group))
        sources = [_of_groups(events, groups) for events in (diagnosed, redeemed) if events is not None]
        answer[index.id] = scores_of(sources, index, rows, found, birth, told=measurable)
        first += len(index.group)
    return answer


def wanted_indices(catalogue: Catalogue) -> list[Index]:
    """Return the indices that feature families name, in the order of their ids."""
    named = {family.index for family in catalogue.features.values() if family.index is not None}
    return [index for index in catalogue.indices.values() if index.id in named]


def scores_of(
    sources: list[Events], index: Index, rows: Rows, found: Present, birth: Ints, *, told: bool
) -> dict[str, Floats]:
    """Return one index's scores by weighting; NaN where it was not told, and below the age it was made for.

    The events' groups are places in the index. Rows that are too young are not even looked at.
    """
    answer = {weights: np.full(len(rows), np.nan) for weights in index.weightings}
    if not told:
        return answer
    old = np.ones(len(rows), dtype=bool)
    if index.min_age is not None:
        old = (rows.day - birth) / DAYS_PER_YEAR >= index.min_age
    kept = Rows(rows.person[old], rows.day[old])
    lookback = np.full(len(index.group), index.lookback_days or EVER, dtype=np.int64)
    has = np.zeros((len(kept), len(index.group)), dtype=bool)
    for events in sources:
        has |= presence(events, kept, lookback)
    for place, group in enumerate(index.group):
        for key in group.conditions:
            has[:, place] |= found.conditions[old, found.condition_ids.index(key)]
    for weights, cells in answer.items():
        cells[old] = score(has, index, weights=weights)
    return answer


def _of_groups(events: Events, groups: range) -> Events:
    """The events of these groups, numbered from 0."""
    mine = (events.group >= groups.start) & (events.group < groups.stop)
    return Events(
        person=events.person[mine],
        day=events.day[mine],
        known=events.known[mine],
        group=events.group[mine] - groups.start,
        until=None if events.until is None else events.until[mine],
    )


def _drug_events(store: Store, wanted: list[Index], bucket: int, on: Rows) -> Events:
    """Redemptions of the drugs that indices name, one for each group."""
    groups = [group for index in wanted for group in index.group]
    by_drug = [(place, group) for place, group in enumerate(groups) if group.atc]

    def of(told: Signature) -> list[int]:
        code = told["code"] or ""
        return [place for place, group in by_drug if starts_with_any(code, group.atc, group.atc_except)]

    rows = store.slice("drug", bucket)
    row, group = belonging(rows, ["code"], of, in_reach(rows, on, None))
    return Events(rows.ints("person")[row], rows.ints("day")[row], rows.ints("known")[row], group)
