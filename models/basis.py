"""How a column's values become the terms of a logistic regression. NumPy only: batch, service and a sheet share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Transform:
    """One of: linear x; log(1 + x), below 0 as 0; decay 2^(-x / half_life); spline, x and max(x - knot, 0) each."""

    kind: str
    half_life: float | None = None
    knots: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """How many terms a value becomes."""
        return 1 + len(self.knots)

    def terms(self, values: Floats) -> Floats:
        """Return the terms (n, size) of values (n,); a missing value has missing terms, but under decay it is 0.

        >>> Transform("spline", knots=(50.0, 65.0)).terms(np.array([60.0])).tolist()
        [[60.0, 10.0, 0.0]]
        >>> Transform("decay", half_life=30.0).terms(np.array([30.0, np.nan])).tolist()
        [[0.5], [0.0]]
        """
        if self.kind == "linear":
            return values[:, None]
        if self.kind == "log":
            return np.log1p(np.maximum(values, 0.0))[:, None]
        if self.kind == "decay" and self.half_life is not None:
            return np.where(np.isnan(values), 0.0, np.exp2(-np.maximum(values, 0.0) / self.half_life))[:, None]
        if self.kind == "spline":
            return np.column_stack([values, *(np.maximum(values - knot, 0.0) for knot in self.knots)])
        raise ValueError(f"needs linear, log, decay with a half_life, or spline, got {self.kind!r}")

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in a model's file."""
        told: dict[str, Any] = {"kind": self.kind}
        if self.half_life is not None:
            told["half_life"] = self.half_life
        if self.knots:
            told["knots"] = list(self.knots)
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Transform:
        """Return what `as_dict` told."""
        return cls(str(told["kind"]), told.get("half_life"), tuple(float(knot) for knot in told.get("knots", ())))
