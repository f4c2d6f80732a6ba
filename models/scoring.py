"""One served model: risks, and what each column adds to them. NumPy and LightGBM only; batch and service share it.

A member is a model (trees as LightGBM text, or a logistic as JSON), a sigmoid fitted on a later landmark, and a shift
for each of two strata, those ill in mind and body and the others: risk = 1 / (1 + exp(-(a * logit + b + shift))).

Missing values: NaN is a legal value of every column. Trees send it down the branch learned for it. The logistic puts
the mean of the terms in its place, so that it adds nothing, and adds the coefficient of the column's missing indicator
where the column has one. An infinite value is refused: it comes from no declared feature.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.basis import Transform
from stratify.errors import BundleError, DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Kind = Literal["lightgbm", "logistic"]
MODEL_FILES: dict[Kind, str] = {"lightgbm": "model.txt", "logistic": "model.json"}


class Model(Protocol):
    """A model before calibration, on the log-odds scale."""

    @property
    def columns(self) -> Sequence[str]:
        """Column ids in the order of x."""

    def logit(self, x: Floats) -> Floats:
        """Return log-odds[n] of x[n, k]."""

    def contributions(self, x: Floats) -> Floats:
        """Return what each cell adds to the log-odds, [n, k]."""


class Trees:
    """LightGBM trees from their text."""

    def __init__(self, text: str, threads: int) -> None:
        self._booster = lgb.Booster(model_str=text)
        self._threads = threads
        self.columns: Sequence[str] = self._booster.feature_name()

    def logit(self, x: Floats) -> Floats:
        """Return the raw score[n]."""
        if not len(x):
            return np.empty(0)
        return np.asarray(self._booster.predict(x, raw_score=True, num_threads=self._threads), dtype=np.float64)

    def contributions(self, x: Floats) -> Floats:
        """Return Shapley values of the trees; about 10 ms a row, so ask only for those who are looked at."""
        if not len(x):
            return np.empty((0, len(self.columns)))
        values = np.asarray(self._booster.predict(x, pred_contrib=True, num_threads=self._threads), dtype=np.float64)
        return values[:, :-1]  # the last is what they are added to


class Logistic:
    """A logistic regression from its JSON: an intercept, and for each column its transform, terms and missing."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        columns = declared["columns"]
        self.columns: Sequence[str] = [str(column["id"]) for column in columns]
        self._intercept = float(declared["intercept"])
        self._parts = [_Part.of(column) for column in columns]

    def logit(self, x: Floats) -> Floats:
        """Return the intercept plus what every column adds."""
        return np.asarray(self.contributions(x).sum(axis=1) + self._intercept, dtype=np.float64)

    def contributions(self, x: Floats) -> Floats:
        """Return coefficient × distance from the training mean, the missing indicator counted with its column."""
        found = np.empty((len(x), len(self._parts)))
        for j, part in enumerate(self._parts):
            found[:, j] = part.adds(x[:, j])
        return found


@dataclass(frozen=True)
class _Part:
    """What one column adds to the log-odds."""

    transform: Transform
    mean: Floats
    weight: Floats  # coefficient / scale
    share: float
    absent: float

    @classmethod
    def of(cls, column: Mapping[str, Any]) -> _Part:
        missing = column["missing"] or {"share": 0.0, "scale": 1.0, "coefficient": 0.0}
        terms = column["terms"]
        return cls(
            Transform.from_dict(column["transform"]),
            _vector(terms, "mean"),
            _vector(terms, "coefficient") / _vector(terms, "scale"),
            float(missing["share"]),
            float(missing["coefficient"]) / float(missing["scale"]),
        )

    def adds(self, values: Floats) -> Floats:
        terms = self.transform.terms(values)
        distance = np.where(np.isnan(terms), 0.0, terms - self.mean)
        told = (distance * self.weight).sum(
            axis=1
        )  # not a matrix product: its last bit depends on how many rows are asked
        return np.asarray(told + (np.isnan(values) - self.share) * self.absent, dtype=np.float64)


@dataclass(frozen=True)
class Member:
    """A model with its calibration: logit = a × the model's + b, plus `outside` or `inside` by the stratum of a row."""

    kind: Kind
    model: Model
    a: float
    b: float
    outside: float = 0.0
    inside: float = 0.0

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, threads: int = 1) -> Member:
        """Return the member held in these files; one thread is best where single rows are scored.

        Raises BundleError (exit 13) where one is missing or unreadable.
        """
        kinds = [kind for kind, name in MODEL_FILES.items() if name in files]
        if len(kinds) != 1 or "calibration.json" not in files:
            raise BundleError(
                f"a member needs calibration.json and one of {' or '.join(MODEL_FILES.values())}, got {sorted(files)}"
            )
        try:
            calibration = json.loads(files["calibration.json"])
            if calibration["method"] != "sigmoid":
                raise BundleError(f"calibration.json: method must be 'sigmoid', got {calibration['method']!r}")
            text = files[MODEL_FILES[kinds[0]]].decode()
            model: Model = Trees(text, threads) if kinds[0] == "lightgbm" else Logistic(json.loads(text))
            shifts = calibration["strata"] or {"outside": 0.0, "inside": 0.0}
            return cls(
                kinds[0],
                model,
                float(calibration["a"]),
                float(calibration["b"]),
                float(shifts["outside"]),
                float(shifts["inside"]),
            )
        except (KeyError, TypeError, ValueError, lgb.basic.LightGBMError) as error:
            told = f"a {kinds[0]} member cannot be read ({type(error).__name__}): train or promote it again"
            raise BundleError(told) from error

    @property
    def columns(self) -> Sequence[str]:
        """Column ids in the order of x."""
        return self.model.columns

    def logit(self, x: Floats, inside: Bools | None = None) -> Floats:
        """Return calibrated log-odds[n] of x[n, k]; inside bool[n]: who is ill in mind and body, or nobody."""
        shift = self.outside if inside is None else np.where(inside, self.inside, self.outside)
        return np.asarray(self.a * self.model.logit(self._checked(x)) + self.b + shift, dtype=np.float64)

    def risk(self, x: Floats, inside: Bools | None = None) -> Floats:
        """Return the risk[n] of each row of x[n, k], columns as in `columns`, NaN = missing; inside as in `logit`."""
        return sigmoid(self.logit(x, inside))

    def contributions(self, x: Floats) -> Floats:
        """Return what each cell adds to the calibrated log-odds, float64[n, k], on one base for all rows."""
        return self.a * self.model.contributions(self._checked(x))

    def _checked(self, x: Floats) -> Floats:
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            raise BundleError(
                f"the model reads rows of {len(self.columns)} columns, got shape {x.shape}: "
                "score again with the bundle that is served"
            )
        if np.isinf(x).any():
            names = [self.columns[int(j)] for j in np.flatnonzero(np.isinf(x).any(axis=0))]
            raise DataError("a feature must be a number or missing, got an infinite value in:", names)
        return np.ascontiguousarray(x)  # a row's sum must not depend, in its last bit, on how the matrix lies in memory


def sigmoid(logit: Floats) -> Floats:
    """Return 1 / (1 + exp(-logit)); beyond ±700 the answer no longer changes in float64."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -700.0, 700.0))), dtype=np.float64)


def _vector(items: Sequence[Mapping[str, Any]], key: str) -> Floats:
    return np.array([item[key] for item in items], dtype=np.float64)
