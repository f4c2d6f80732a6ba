"""Which conditions and index groups a person has, how many, and the scores made of them.

A condition is told by a diagnosis or by redeemed drugs. Who counts as multimorbid, or as ill in mind and body, is a
matter of definition: see `stratify.definitions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Care, Condition, ConditionExample, DrugClass, Index, IndexExample
from stratify.catalogue.load import Catalogue
from stratify.codes import starts_with_any, to_who

SMI = ("schizophrenia", "bipolar")  # severe mental illness: F20, F25, F30, F31

Record: TypeAlias = tuple[str, int] | tuple[str, int, int]  # code, day it happened, day it was known if later
Present: TypeAlias = NDArray[np.bool_]  # one row per person, one column per condition or group
Counts: TypeAlias = NDArray[np.int64]


# --- from codes to conditions ----------------------------------------------------------------------------------------


def code_groups(codes: Iterable[str], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return every (code, id) pair, sorted: which conditions and index groups each WHO code belongs to.

    One code may belong to several (I426 is heart failure and alcohol); a code of none is not there. A group of an
    index is named `<index>.<group>`, as in `charlson.chf`. Meant for the distinct codes of a source, joined afterwards.
    """
    rules = [(c.id, c.icd10, c.icd10_except) for c in catalogue.conditions.values()]
    rules += [(f"{index.id}.{g.id}", g.icd10, ()) for index in catalogue.indices.values() for g in index.group]
    rules.sort()
    return [
        (code, group)
        for code in sorted(set(codes))
        for group, prefixes, unless in rules
        if starts_with_any(code, prefixes, unless)
    ]


def has_condition(condition: Condition, records: Iterable[Record], landmark: int = 0) -> bool:
    """Return whether a diagnosis makes the condition true at the landmark: in the look-back, known before the day.

    Codes may be Danish or WHO. A record counts when landmark - look-back <= day < landmark and known < landmark.
    """
    earliest = -np.inf if condition.lookback_days is None else landmark - condition.lookback_days
    return any(
        earliest <= day < landmark
        and max(known, default=day) < landmark
        and starts_with_any(to_who(code), condition.icd10, condition.icd10_except)
        for code, day, *known in records
    )


def told_by_drugs(condition: Condition, redeemed: Iterable[Record], beside: Collection[str] = ()) -> bool:
    """Return whether one person's redemptions, as (ATC code, day, day known), make the condition true at day 0.

    A plain count, without the window kernel. `beside` are the person's other conditions, which may silence a rule.

    >>> from stratify.catalogue import load
    >>> told_by_drugs(load().conditions["hypertension"], [("C07BB07", -30)])
    True
    """
    known = [(code, day) for code, day, *late in redeemed if day < 0 and max(late, default=day) < 0]
    for rule in condition.drugs:
        inside = [(code, day) for code, day in known if day >= -rule.within_days]
        if rule.count == "classes":
            number = sum(any(of_any_class(code, [one]) for code, _ in inside) for one in rule.classes)
        else:
            number = len({day for code, day in inside if of_any_class(code, rule.classes)})
        if number >= rule.at_least and not set(rule.unless) & set(beside):
            return True
    return False


def of_any_class(code: str, classes: Iterable[DrugClass]) -> bool:
    """Return whether an ATC code is of any of these classes."""
    return any(starts_with_any(code, one.atc, one.atc_except) for one in classes)


def index_groups(index: Index, codes: Iterable[str]) -> set[str]:
    """Return the index's groups that any of these codes, Danish or WHO, belongs to."""
    who = [to_who(code) for code in codes]
    return {group.id for group in index.group if any(starts_with_any(code, group.icd10) for code in who)}


@overload
def evaluate_example(entry: Condition, example: ConditionExample) -> bool: ...
@overload
def evaluate_example(entry: Index, example: IndexExample) -> dict[str, int]: ...
def evaluate_example(entry: Condition | Index, example: ConditionExample | IndexExample) -> bool | dict[str, int]:
    """Return what the entry says of its example, to be held against the example's `expect`."""
    if isinstance(entry, Condition) and isinstance(example, ConditionExample):
        return has_condition(entry, example.records) or told_by_drugs(entry, example.drugs, example.beside)
    if isinstance(entry, Index) and isinstance(example, IndexExample):
        present = index_groups(entry, example.codes)
        return {w: charlson_score(present, entry, weights=w, supersede=example.supersede) for w in example.expect}
    raise TypeError(f"an example of {entry.id} must be of its kind, got {type(example).__name__}")


# --- scores ----------------------------------------------------------------------------------------------------------


@overload
def charlson_score(
    present: AbstractSet[str], index: Index, *, weights: str = "charlson1987", supersede: bool = True
) -> int: ...
@overload
def charlson_score(
    present: Present, index: Index, *, weights: str = "charlson1987", supersede: bool = True
) -> Counts: ...
def charlson_score(
    present: AbstractSet[str] | Present, index: Index, *, weights: str = "charlson1987", supersede: bool = True
) -> int | Counts:
    """Return the weighted sum over the groups present: an int for one person's ids, int64 (n,) for a matrix.

    The matrix is boolean (n, groups), columns in the order of the index. With `supersede` a group counts nothing beside
    the graver one of its kind (mild beside severe liver disease); Danish authorities' own code sums both.
    """
    if isinstance(present, np.ndarray):
        return _weighted_sum(present, index, weights, supersede)
    names = [group.id for group in index.group]
    _refuse_unknown(present, names, f"groups of {index.id}")
    return int(_weighted_sum(np.array([[name in present for name in names]]), index, weights, supersede)[0])


def _weighted_sum(present: Present, index: Index, weights: str, supersede: bool) -> Counts:
    names = [group.id for group in index.group]
    if present.dtype != np.bool_ or present.ndim != 2 or present.shape[1] != len(names):
        raise ValueError(f"needs a boolean (n, {len(names)}) matrix, got {present.dtype} {present.shape}")
    if any(weights not in group.weights for group in index.group):
        raise ValueError(f"{index.id} has the weights {', '.join(index.group[0].weights)}, got {weights!r}")
    counted = present.copy()
    for column, group in enumerate(index.group):
        if supersede and group.superseded_by is not None:
            counted[:, column] &= ~present[:, names.index(group.superseded_by)]
    per_group = np.array([group.weights[weights] for group in index.group], dtype=np.int64)
    return np.asarray(counted.astype(np.int64) @ per_group)


# --- counts ----------------------------------------------------------------------------------------------------------


def counted_conditions(conditions: Mapping[str, Condition], domain: Care | None = None) -> tuple[str, ...]:
    """Return the ids that count: no sub-conditions, which are part of another, and only of this domain if given."""
    return tuple(c.id for c in conditions.values() if c.part_of is None and domain in (None, c.domain))


def count_conditions(
    present: Present, ids: Sequence[str], conditions: Mapping[str, Condition], domain: Care | None = None
) -> Counts:
    """Return how many conditions each person has, int64 (n,), from a boolean (n, len(ids)) matrix.

    Columns of sub-conditions may stand in the matrix and are left out; ids that are no condition, or stand twice, are
    refused.
    """
    _refuse_unknown(ids, conditions, "conditions")
    if len(set(ids)) != len(ids):
        raise ValueError("needs each condition once, got one or more of them twice")
    if present.dtype != np.bool_ or present.shape[1:] != (len(ids),):
        raise ValueError(f"needs a boolean (n, {len(ids)}) matrix, got {present.dtype} {present.shape}")
    counted = set(counted_conditions(conditions, domain))
    return np.asarray(present[:, [name in counted for name in ids]].sum(axis=1, dtype=np.int64))


def _refuse_unknown(given: Iterable[str], known: Collection[str], what: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"needs {what}, got {', '.join(unknown)}")
