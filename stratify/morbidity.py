"""Which conditions and index groups codes make, how many conditions a person has, and who is multimorbid.

Two definitions have an id that goes with every count made by them:
`DK39-DX-2`, two or more of the 39 conditions of the Danish multimorbidity list, known by hospital diagnosis alone;
`DK39-DX-PSYKSOM-0`, at least one psychiatric and at least one somatic of them.
Two of the 39 (pain, distress) can only be told from drugs, so at most 37 are ever present. Counts by diagnosis alone
are lower than those of the papers, which also read prescriptions: never set one beside the other without its id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Care, Condition, ConditionExample, Index, IndexExample
from stratify.catalogue.load import Catalogue
from stratify.codes import starts_with_any, to_who
from stratify.indices import NO_CONDITIONS, index_groups, score

MULTIMORBIDITY_DEFINITION = "DK39-DX-2"
PSYCHIATRIC_SOMATIC_DEFINITION = "DK39-DX-PSYKSOM-0"
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
    """Return whether the condition holds at the landmark: a matching code in the look-back, known before the day.

    Codes may be Danish or WHO. A record counts when landmark - look-back <= day < landmark and known < landmark.
    """
    earliest = -np.inf if condition.lookback_days is None else landmark - condition.lookback_days
    return any(
        earliest <= day < landmark
        and max(known, default=day) < landmark
        and starts_with_any(to_who(code), condition.icd10, condition.icd10_except)
        for code, day, *known in records
    )


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
        return has_condition(entry, example.records)
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


def is_multimorbid(present: Present, ids: Sequence[str], conditions: Mapping[str, Condition]) -> Present:
    """Return who has two or more conditions, bool (n,): definition `DK39-DX-2`."""
    return count_conditions(present, ids, conditions) >= 2


def is_psychiatric_somatic(present: Present, ids: Sequence[str], conditions: Mapping[str, Condition]) -> Present:
    """Return who has a psychiatric and a somatic condition, bool (n,): definition `DK39-DX-PSYKSOM-0`."""
    psychiatric = count_conditions(present, ids, conditions, "psychiatric") >= 1
    return psychiatric & (count_conditions(present, ids, conditions, "somatic") >= 1)


def _refuse_unknown(given: Iterable[str], known: Collection[str], what: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"needs {what}, got {', '.join(unknown)}")
