"""What a model is trained on: one row per person and landmark, checked once, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stratify.errors import DataError
from stratify.files import canonical_json, digest_text

if TYPE_CHECKING:
    from models.scoring import Member

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Stable = NDArray[np.uint64]
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
class Labels:
    """What came of each row, for one outcome, float64[n] unless said otherwise.

    y 1 or 0, NaN where nobody can tell; weight of the row among those that can be told (censoring weights, 0 where y is
    NaN); died_first bool[n], died within the window without the event; days until what came first, or the horizon, also
    of those who left (NaN where nothing was followed). without_injuries: y where stays for injuries are no events,
    empty where the outcome makes no such difference.
    """

    y: Floats
    weight: Floats
    died_first: Bools
    days: Floats
    without_injuries: Floats = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, y: Floats) -> Labels:
        """Return labels where nobody was censored by leaving, and nothing is known of deaths."""
        told = ~np.isnan(y)
        return cls(y, told.astype(np.float64), np.zeros(len(y), dtype=np.bool_), np.full(len(y), np.nan))

    def rows(self, which: NDArray[Any]) -> Labels:
        """Return some of the rows."""
        bare = self.without_injuries
        bare = bare[which] if len(bare) else bare
        return Labels(self.y[which], self.weight[which], self.died_first[which], self.days[which], bare)

    def problems(self, n: int) -> list[str]:
        """Return what does not fit n rows, in words."""
        arrays = {"y": self.y, "weight": self.weight, "died_first": self.died_first, "days": self.days}
        found = [f"{name}: needs {n}, got {a.shape}" for name, a in arrays.items() if a.shape != (n,)]
        if found:
            return found
        if not (np.isnan(self.y) | (self.y == 0) | (self.y == 1)).all():
            found.append("y must be 0, 1 or missing")
        if not (np.isfinite(self.weight) & (self.weight >= 0)).all() or (self.weight[~np.isnan(self.y)] <= 0).any():
            found.append("weight must be above 0 where y is known, and never below it or missing")
        if (self.died_first & (self.y == 1)).any():
            found.append("died_first must not hold where the event came")
        return found


@dataclass(frozen=True)
class Table:
    """Rows of a population at its landmarks, with the labels of each outcome.

    person int32[n], landmark int32[n] (day), x float64[n, k] (NaN = missing), columns as in features/columns.json,
    labels by outcome (what y does not tell is never used). stable uint64[n] is a number that a person has in every
    delivery, by which people are dealt to training and test; the person's own where none is given. period int32[n] is
    the landmark, or where rows have days of their own (discharges) the first day of the year, by which time is split.
    inside bool[n]: who is ill in mind and body. lent bool[n]: rows of people outside the population, to learn from.
    audit: labels of each row by factor, for subgroups alone. beside: the values of columns that baselines read and no
    served model may.
    Raises DataError (exit 11) with every problem found; no value of a person stands in it.
    """

    person: Ints
    landmark: Ints
    x: Floats
    columns: Sequence[Column]
    labels: Mapping[str, Labels]
    stable: Stable = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    period: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    inside: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    lent: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    audit: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    beside: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        defaults: dict[str, Any] = {
            "stable": self.person.astype(np.uint64),
            "period": self.landmark,
            "inside": np.zeros(len(self.person), dtype=np.bool_),
            "lent": np.zeros(len(self.person), dtype=np.bool_),
        }
        for name, value in defaults.items():
            if not len(getattr(self, name)):
                object.__setattr__(self, name, value)
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
        each: dict[str, NDArray[Any]] = {
            "stable": self.stable,
            "period": self.period,
            "inside": self.inside,
            "lent": self.lent,
            **self.audit,
            **self.beside,
        }
        found = [f"{name}: needs {n}, got {value.shape}" for name, value in each.items() if value.shape != (n,)]
        found += [f"columns: {name!r} stands there more than once" for name in sorted(names) if names.count(name) > 1]
        events = bool((self.period != self.landmark).any())  # of which a person may have several on a day
        if (
            not events
            and np.unique(self.person.astype(np.int64) << 32 | self.landmark.astype(np.int64) & 0xFFFFFFFF).size != n
        ):
            found.append("a person stands more than once at one landmark")
        found += [f"{names[j]}: holds an infinite value" for j in range(len(names)) if np.isinf(self.x[:, j]).any()]
        for outcome, labels in self.labels.items():
            found += [f"labels of {outcome}: {told}" for told in labels.problems(n)]
        return found

    def served(self, *, research: bool = False) -> Table:
        """Return the table with the columns that may not steer one person's care put beside.

        research: those that may be studied, though not served, stay.
        """
        kept = [
            j for j, one in enumerate(self.columns) if refusal(one) is None or (research and one["role"] != "audit")
        ]
        if len(kept) == len(self.columns):
            return self
        names = column_ids(self.columns)
        beside = {names[j]: self.x[:, j] for j in sorted(set(range(len(names))) - set(kept))}
        columns = [self.columns[j] for j in kept]
        return replace(self, x=np.ascontiguousarray(self.x[:, kept]), columns=columns, beside={**self.beside, **beside})

    def rows(self, which: NDArray[Any]) -> Table:
        """Return some of the rows."""
        return Table(
            self.person[which],
            self.landmark[which],
            self.x[which],
            self.columns,
            {outcome: labels.rows(which) for outcome, labels in self.labels.items()},
            self.stable[which],
            self.period[which],
            self.inside[which],
            self.lent[which],
            {name: values[which] for name, values in self.audit.items()},
            {name: values[which] for name, values in self.beside.items()},
        )

    def risk_by(self, member: Member) -> Floats:
        """Return the risk[n] of every row by a model that finds its columns here. Raises DataError where one is not."""
        return member.risk(self.read(member.columns), self.inside)

    def read(self, names: Sequence[str], rows: NDArray[np.intp] | None = None) -> Floats:
        """Return these columns of all rows or of some, float64[rows, names]; DataError where one is not there."""
        at = {name: j for j, name in enumerate(column_ids(self.columns))}
        absent = sorted(set(names) - set(at) - set(self.beside))
        if absent:
            raise DataError("a model reads columns that the table does not have:", absent)
        found = np.empty((len(self.person) if rows is None else len(rows), len(names)))
        for place, name in enumerate(names):
            values = self.x[:, at[name]] if name in at else self.beside[name]
            found[:, place] = values if rows is None else values[rows]
        return found


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
