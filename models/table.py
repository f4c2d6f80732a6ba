"""What a model is trained on: one row per person and landmark, checked once, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.errors import DataError
from stratify.files import canonical_json, digest_text

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Column = Mapping[str, Any]  # one item of features/columns.json
FEW = 5  # what fewer people have is not published, nor learned from


@dataclass(frozen=True)
class Origin:
    """Where the rows came from, as it stands in cards and manifests; dates are ISO days."""

    source: str  # synthetic, danish or omop
    covers_to: str
    delivered: str
    catalogue_digest: str

    @property
    def synthetic(self) -> bool:
        """Whether the people are made up."""
        return self.source == "synthetic"


@dataclass(frozen=True)
class Table:
    """Rows of a population at its landmarks, with the labels of each outcome.

    person int32[n], landmark int32[n] (day), x float64[n, k] (NaN = missing), columns as in features/columns.json,
    labels {outcome: float64[n]} of 0, 1 or NaN (censored or not yet closed: never used).
    Raises DataError (exit 11) with every problem found; no value of a person stands in it.
    """

    person: Ints
    landmark: Ints
    x: Floats
    columns: Sequence[Column]
    labels: Mapping[str, Floats]

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise DataError("the landmark table does not fit together:", problems)

    def _problems(self) -> list[str]:
        n, names = len(self.person), column_ids(self.columns)
        if self.x.shape != (n, len(names)) or self.landmark.shape != (n,):
            return [f"needs x of {n} rows and {len(names)} columns and {n} landmarks, got {self.x.shape} and "
                    f"{self.landmark.shape}"]  # fmt: skip
        if self.x.dtype != np.float64:
            return [f"needs x in float64, got {self.x.dtype}"]
        found = [f"columns: {name!r} stands there more than once" for name in sorted(names) if names.count(name) > 1]
        if np.unique(self.person.astype(np.int64) << 32 | self.landmark.astype(np.int64) & 0xFFFFFFFF).size != n:
            found.append("a person stands more than once at one landmark")
        found += [f"{names[j]}: holds an infinite value" for j in np.flatnonzero(np.isinf(self.x).any(axis=0))]
        for outcome, y in self.labels.items():
            if y.shape != (n,):
                found.append(f"labels of {outcome}: needs {n}, got {y.shape}")
            elif not (np.isnan(y) | (y == 0) | (y == 1)).all():
                found.append(f"labels of {outcome}: must be 0, 1 or missing")
        return found

    def served(self) -> Table:
        """Return the table without the columns that may not steer one person's care."""
        kept = [j for j, column in enumerate(self.columns) if refusal(column) is None]
        return replace(self, x=np.ascontiguousarray(self.x[:, kept]), columns=[self.columns[j] for j in kept])


def without_few(x: Floats, person: Ints) -> Floats:
    """Return rows without what fewer than FEW people have, so that no figure made of them is one person's.

    A column with values of fewer than twice as many people is taken as missing; where fewer than FEW people differ
    from the commonest value, all have that value.
    """
    x = x.copy()
    rows_of_one = int(np.unique(person, return_counts=True)[1].max(initial=0))
    for j in range(x.shape[1]):
        there = ~np.isnan(x[:, j])
        if _people(person, there, 2 * FEW, rows_of_one) < 2 * FEW or not there.any():
            x[:, j] = np.nan
            continue
        common = np.partition(x[there, j], there.sum() // 2)[there.sum() // 2]
        if _people(person, there & (x[:, j] != common), FEW, rows_of_one) < FEW:
            x[there, j] = common
    return x


def _people(person: Ints, which: NDArray[np.bool_], at_least: int, rows_of_one: int) -> int:
    """Return how many people have these rows, or `at_least` where it is plain that there are so many."""
    return at_least if which.sum() >= at_least * rows_of_one else np.unique(person[which]).size


def column_ids(columns: Sequence[Column]) -> list[str]:
    """Return the columns' ids in their order."""
    return [str(column["id"]) for column in columns]


def columns_digest(columns: Sequence[Column]) -> str:
    """Return the SHA-256 of the declared columns: ids, order, labels, units, roles and fallbacks."""
    return digest_text(canonical_json([dict(column) for column in columns]))


def refusal(column: Column) -> str | None:
    """Return why a column may not be a predictor of one person's risk, or None."""
    if column["role"] == "audit":
        return "its role is audit: it is there to check models, not to predict"
    if column.get("set") == "research":
        return "it is of the research set: it is there to study and describe, not to predict"
    if column["source_use"] == "statistics":
        return "its source is delivered for statistics and may not steer one person's care"
    return None
