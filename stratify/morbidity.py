"""Which conditions and index groups codes make, how many conditions a person has, and who is multimorbid.

A condition is told by a diagnosis or by redeemed drugs. Who counts as multimorbid, or as ill in mind and body, is a
matter of definition: see `stratify.definitions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Care, Condition, ConditionExample, DrugClass, Index, IndexExample
from stratify.catalogue.load import Catalogue
from stratify.codes import starts_with_any, to_who
from stratify.indices import NO_CONDITIONS, index_groups, score

SMI = ("schizophrenia", "bipolar")  # severe mental illness: F20, F25, F30, F31

Record: TypeAlias = tuple[str, int] | tuple[str, int, int]  # code, day it happened, day it was known if later
Present: TypeAlias = NDArray[np.bool_]  # one row per person, one column per condition or group
Counts: TypeAlias = NDArray[np.int64]
Conditions: TypeAlias = Mapping[str, Condition]


# --- from codes to conditions ----------------------------------------------------------------------------------------


def code_groups(codes: Iterable[str], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return every (code, id) pair, sorted: which conditions and index groups each WHO code belongs to.

    One code may belong to several (I426 is heart failure and alcohol); a code of none is not there. A group of an
    index is named `<index>.<group>`, as in `charlson.chf`. Meant for the distinct codes of a source, joined afterwards.
    """
    rules = [(c.id, c.icd10, c.icd10_except) for c in catalogue.conditions.values()]
    rules += [
        (f"{index.id}.{g.id}", g.icd10, g.icd10_except) for index in catalogue.indices.values() for g in index.group
    ]
    starting: dict[str, set[tuple[str, tuple[str, ...]]]] = {}  # by prefix: what starts so, and what is left out of it
    for group, prefixes, unless in rules:
        for prefix in prefixes:
            starting.setdefault(prefix, set()).add((group, unless))
    longest = max(map(len, starting), default=0)
    found = {
        (code, group)
        for code in set(codes)
        for length in range(1, longest + 1)
        for group, unless in starting.get(code[:length], ())
        if not starts_with_any(code, unless)
    }
    return sorted(found)


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


@overload
def evaluate_example(entry: Condition, example: ConditionExample, conditions: Conditions = ...) -> bool: ...
@overload
def evaluate_example(entry: Index, example: IndexExample, conditions: Conditions = ...) -> dict[str, float]: ...
def evaluate_example(
    entry: Condition | Index, example: ConditionExample | IndexExample, conditions: Conditions = NO_CONDITIONS
) -> bool | dict[str, float]:
    """Return what the entry says of its example, to be held against the example's `expect`.

    `conditions` are those of the catalogue, for an index whose groups are made of conditions.
    """
    if isinstance(entry, Condition) and isinstance(example, ConditionExample):
        return has_condition(entry, example.records) or told_by_drugs(entry, example.drugs, example.beside)
    if isinstance(entry, Index) and isinstance(example, IndexExample):
        present = index_groups(entry, example.codes, example.drugs, conditions)
        return {w: score(present, entry, weights=w, supersede=example.supersede) for w in example.expect}
    raise TypeError(f"an example of {entry.id} must be of its kind, got {type(example).__name__}")


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
