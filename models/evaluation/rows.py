"""What is evaluated: outcomes and risks, checked once and put in one order, whatever order they came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.table import Floats
from stratify import mixing
from stratify.errors import DataError

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Factor:
    """A grouping of the rows: code int[n] counts into its levels, sorted labels."""

    levels: tuple[str, ...]
    code: NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows in the order of their risk, ties in that of a hash of all the row says.

    y, risk, weight float64[n]; person int[n] counts people from 0, `identity` uint64[n] is who they are; died_first
    bool[n] and days float64[n] or None; factors and others by name. Rows of weight 0 are here: they count nowhere but
    in cumulative incidences, which take the people who left as such.
    """

    y: Floats
    risk: Floats
    weight: Floats
    person: NDArray[np.int64]
    identity: Bits
    died_first: NDArray[np.bool_] | None
    days: Floats | None
    factors: dict[str, Factor]
    others: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.y)

    def counted(self) -> Rows:
        """Return the rows that count: those with a weight above 0."""
        which = self.weight > 0
        if which.all():
            return self
        return Rows(
            y=self.y[which],
            risk=self.risk[which],
            weight=self.weight[which],
            person=pd.factorize(self.person[which])[0].astype(np.int64),
            identity=self.identity[which],
            died_first=None if self.died_first is None else self.died_first[which],
            days=None if self.days is None else self.days[which],
            factors={name: Factor(factor.levels, factor.code[which]) for name, factor in self.factors.items()},
            others={name: values[which] for name, values in self.others.items()},
        )


def arrange(
    y: ArrayLike,
    risk: ArrayLike,
    *,
    person: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    died_first: ArrayLike | None = None,
    days: ArrayLike | None = None,
    groups: Mapping[str, Sequence[str] | NDArray[Any]] | None = None,
    others: Mapping[str, ArrayLike] | None = None,
) -> Rows:
    """Return the rows in their order; without `person` each row is a person of its own.

    DataError (exit 11) names every array that is not as it must be.
    """
    problems: list[str] = []
    n = np.shape(y)[0] if np.ndim(y) == 1 else -1
    labels = _numbers("y", y, n, problems)
    told = _numbers("risk", risk, n, problems)
    weights = np.ones(max(n, 0)) if weight is None else _numbers("weight", weight, n, problems)
    rivals = {name: _numbers(f"others[{name}]", values, n, problems) for name, values in (others or {}).items()}
    until = None if days is None else _numbers("days", days, n, problems)
    dead = None if died_first is None else _shaped("died_first", np.asarray(died_first), n, problems)
    who = None if person is None else _shaped("person", np.asarray(person), n, problems)
    factors = {name: _factor(name, values, n, problems) for name, values in (groups or {}).items()}
    if n < 1:
        problems.append("y: at least one row in one dimension is required")
    if not problems:
        problems += _wrong(labels, told, weights, rivals, until, dead, who)
    if problems:
        raise DataError("outcomes and risks cannot be evaluated; correct or leave out what is named:", problems)
    died = None if dead is None else dead.astype(np.bool_)
    said: list[NDArray[Any]] = [labels, told, weights, *rivals.values(), *(factor.code for factor in factors.values())]
    said += [one for one in (until, died, who) if one is not None]
    order = np.lexsort((_mixed(said), told))
    identity = np.arange(n) if who is None else who[order]
    return Rows(
        y=labels[order],
        risk=told[order],
        weight=weights[order],
        person=identity if who is None else pd.factorize(identity)[0].astype(np.int64),
        identity=identity.astype(np.int64).view(np.uint64),
        died_first=None if died is None else died[order],
        days=None if until is None else until[order],
        factors={name: Factor(factor.levels, factor.code[order]) for name, factor in factors.items()},
        others={name: values[order] for name, values in rivals.items()},
    )


def mixed(bits: Bits) -> Bits:
    """Return bits that look drawn at random, the same for the same (splitmix64)."""
    return mixing.mixed(bits + mixing.GOLDEN)


def _mixed(columns: Sequence[NDArray[Any]]) -> Bits:
    """Return one hash of each row."""
    found = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        exact = column.view(np.uint64) if column.dtype == np.float64 else column.astype(np.int64).view(np.uint64)
        found = mixed(found ^ exact)
    return found


def _shaped(name: str, values: NDArray[Any], n: int, problems: list[str]) -> NDArray[Any]:
    if values.shape != (n,):
        problems.append(f"{name}: one value for each of {max(n, 0)} rows is required, got shape {values.shape}")
    return values


def _numbers(name: str, values: ArrayLike, n: int, problems: list[str]) -> Floats:
    try:
        found = np.asarray(values, dtype=np.float64) + 0.0  # no -0.0, which hashes otherwise than 0.0
    except (TypeError, ValueError):
        problems.append(f"{name}: numbers are required")
        return np.zeros(max(n, 0))
    return np.asarray(_shaped(name, found, n, problems))


def _factor(name: str, values: Sequence[str] | NDArray[Any], n: int, problems: list[str]) -> Factor:
    column = np.asarray(values, dtype=object)
    _shaped(f"groups[{name}]", column, n, problems)
    code, found = pd.factorize(column.ravel(), use_na_sentinel=True)
    if (code < 0).any() or not all(isinstance(label, str) for label in found):
        problems.append(f"groups[{name}]: a label (text) is required for each row; name the unknown ones too")
        return Factor((), np.zeros(max(n, 0), dtype=np.int64))
    levels = sorted(found)
    place = {label: at for at, label in enumerate(levels)}
    return Factor(tuple(levels), np.array([place[label] for label in found], dtype=np.int64)[code])


def _wrong(
    y: Floats,
    risk: Floats,
    weight: Floats,
    others: Mapping[str, Floats],
    days: Floats | None,
    dead: NDArray[Any] | None,
    person: NDArray[Any] | None,
) -> list[str]:
    """Return what is wrong with arrays of the right shape."""
    problems = []
    if not np.isin(y, (0.0, 1.0)).all():
        problems.append("y: 0 or 1 is required in each row; leave out rows without a known outcome")
    for name, values in {"risk": risk, **{f"others[{key}]": given for key, given in others.items()}}.items():
        if not ((values >= 0) & (values <= 1)).all():
            problems.append(f"{name}: values within 0 and 1 are required in each row")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        problems.append("weight: finite values of 0 or more are required")
    elif not (weight > 0).any():
        problems.append("weight: at least one row above 0 is required")
    if days is not None and not (np.isfinite(days) & (days >= 0)).all():
        problems.append("days: finite values of 0 or more are required")
    if dead is not None and not np.isin(dead, (0, 1)).all():
        problems.append("died_first: true or false is required in each row")
    elif dead is not None and (dead.astype(np.bool_) & (y == 1)).any():
        problems.append("died_first: who has the event cannot have died before it")
    if days is not None and dead is None:
        problems.append("days: died_first is required beside it")
    if person is not None and person.dtype.kind not in "iu":
        problems.append(f"person: whole numbers are required, got {person.dtype}")
    return problems
