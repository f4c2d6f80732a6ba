"""Scores of indices: which groups of an index somebody has, and what they weigh together.

A score is a plain sum of weights. It may be below nought and is never cut off there: a statin alone makes the Nordic
Multimorbidity Index -3. It is of everybody, also of those an index was not made for: who is too young for it, or lived
where drugs were not delivered, is dealt with where columns are made (`stratify.features.indices`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Condition, Index, IndexGroup
from stratify.codes import starts_with_any, to_who

Present: TypeAlias = NDArray[np.bool_]  # one row per person, one column per group, in the order of the index
Scores: TypeAlias = NDArray[np.float64]
NO_CONDITIONS: Mapping[str, Condition] = {}


def index_groups(
    index: Index, codes: Iterable[str], drugs: Iterable[str] = (), conditions: Mapping[str, Condition] = NO_CONDITIONS
) -> set[str]:
    """Return the index's groups that any of these diagnoses, Danish or WHO, or drugs (ATC) belongs to.

    `conditions` are those of the catalogue, for groups that are made of conditions. Time is not looked at.
    """
    who = [to_who(code) for code in codes]
    atc = [drug.upper() for drug in drugs]
    return {group.id for group in index.group if _has(group, who, atc, conditions)}


def _has(group: IndexGroup, who: list[str], atc: list[str], conditions: Mapping[str, Condition]) -> bool:
    parts = [conditions[key] for key in group.conditions if key in conditions]
    return (
        any(starts_with_any(code, group.icd10, group.icd10_except) for code in who)
        or any(starts_with_any(drug, group.atc, group.atc_except) for drug in atc)
        or any(starts_with_any(code, part.icd10, part.icd10_except) for part in parts for code in who)
    )


@overload
def score(present: AbstractSet[str], index: Index, *, weights: str, supersede: bool | None = None) -> float: ...
@overload
def score(present: Present, index: Index, *, weights: str, supersede: bool | None = None) -> Scores: ...
def score(
    present: AbstractSet[str] | Present, index: Index, *, weights: str, supersede: bool | None = None
) -> float | Scores:
    """Return the weighted sum over the groups present: one number for one person's ids, float64 (n,) for a matrix.

    The matrix is boolean (n, groups), columns in the order of the index. With `supersede` a group counts nothing beside
    the graver one of its kind (mild beside severe liver disease); None does as the index says of itself.
    """
    if isinstance(present, np.ndarray):
        return _weighted_sum(present, index, weights, index.supersede if supersede is None else supersede)
    names = [group.id for group in index.group]
    unknown = sorted(set(present) - set(names))
    if unknown:
        raise ValueError(f"needs groups of {index.id}, got {', '.join(unknown)}")
    return float(score(np.array([[name in present for name in names]]), index, weights=weights, supersede=supersede)[0])


def _weighted_sum(present: Present, index: Index, weights: str, supersede: bool) -> Scores:
    size = len(index.group)
    if present.dtype != np.bool_ or present.ndim != 2 or present.shape[1] != size:
        raise ValueError(f"needs a boolean (n, {size}) matrix, got {present.dtype} {present.shape}")
    if weights not in index.weightings:
        raise ValueError(f"{index.id} has the weights {', '.join(index.weightings)}, got {weights!r}")
    milder, graver = _beside(index)
    counted = present
    if supersede and milder:
        counted = present.copy()
        counted[:, milder] &= ~present[:, graver]
    # not a matrix product: its threads wait by spinning, and cost more than the sum
    return np.asarray(np.einsum("ij,j->i", counted, _thousandths(index, weights))) / 1000


@lru_cache(maxsize=256)
def _thousandths(index: Index, weights: str) -> Scores:
    """Whole numbers, so that their sum is the same in whatever order."""
    return np.array([round(group.weights[weights] * 1000) for group in index.group], dtype=np.float64)


@lru_cache(maxsize=64)
def _beside(index: Index) -> tuple[list[int], list[int]]:
    """The groups that count nothing beside a graver one, and those graver ones, as places."""
    names = [group.id for group in index.group]
    told = [(n, names.index(group.superseded_by)) for n, group in enumerate(index.group) if group.superseded_by]
    return [mild for mild, _ in told], [grave for _, grave in told]


def measurable_indices(
    indices: Mapping[str, Index], told: Collection[str], conditions: Mapping[str, Condition], *, coded: bool
) -> list[str]:
    """Return the ids of the indices a source's diagnoses can tell, sorted.

    `coded`: the source codes in ICD-10, so every prefix can be looked for; else each group must be in `told`, the ids
    of what its vocabulary reaches (`<index>.<group>`, and ids of conditions). A condition without diagnoses of its own
    (painful conditions) is not asked for. Whether drugs were delivered is another question.
    """
    return sorted(
        index.id
        for index in indices.values()
        if all(
            (coded or not group.icd10 or f"{index.id}.{group.id}" in told)
            and all(key in told for key in group.conditions if conditions[key].icd10)
            for group in index.group
        )
    )
