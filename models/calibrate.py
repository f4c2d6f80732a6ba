"""Calibration on a landmark not trained on: a sigmoid for all, then a small shift for each of two strata.

risk = 1 / (1 + exp(-(a × logit + b + shift))). The strata are those ill in mind and body, and the others: whom a model
is most often wrong about. No test decides whether a stratum is moved: its shift is estimated and drawn towards 0 by its
own uncertainty, so that few events move little and many move all the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy.optimize import brentq

from models.scoring import sigmoid
from models.table import Bools, Floats

MINIMAL_SLOPE = 0.05  # flatter than this, the model tells nobody apart on the later landmark


@dataclass(frozen=True)
class Calibration:
    """What a member's calibration.json holds, with how the shifts came about for the card."""

    a: float
    b: float
    outside: float = 0.0
    inside: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as the file has it; strata null where none was moved."""
        moved = self.outside != 0 or self.inside != 0
        strata = {"outside": self.outside, "inside": self.inside} if moved else None
        return {"method": "sigmoid", "a": self.a, "b": self.b, "strata": strata}

    def logit(self, logit: Floats, inside: Bools) -> Floats:
        """Return calibrated log-odds of a model's."""
        return np.asarray(self.a * logit + self.b + np.where(inside, self.inside, self.outside), dtype=np.float64)


def fit_calibration(logit: Floats, y: Floats, weight: Floats, inside: Bools, prior_sd: float) -> Calibration | None:
    """Return the calibration of raw logits[n] with outcomes y[n], or None where no rising sigmoid fits.

    Where all rows or none are `inside`, there are no strata to tell apart and nothing is shifted.
    """
    line = fit_sigmoid(logit, y, weight)
    if line is None:
        return None
    if inside.all() or not inside.any():
        return Calibration(*line)
    at = line[0] * logit + line[1]
    outside_by, inside_by = (shrunk_shift(at[s], y[s], weight[s], prior_sd) for s in (~inside, inside))
    return Calibration(*line, outside_by, inside_by)


def shrunk_shift(logit: Floats, y: Floats, weight: Floats, prior_sd: float) -> float:
    """Return by how much to move logits so that as many events are expected as came, drawn towards 0.

    It maximises the likelihood of an intercept with the logit as offset, under a normal prior of mean 0 and this
    standard deviation: near enough the unshrunk estimate × prior² / (prior² + its variance), and there also where no
    event came at all.
    """
    furthest = prior_sd**2 * float(weight.sum()) + 1  # where the prior outweighs every row

    def slope(shift: float) -> float:
        return float((weight * (y - sigmoid(logit + shift))).sum()) - shift / prior_sd**2

    return float(brentq(slope, -furthest, furthest, xtol=1e-12, maxiter=1000))


def fit_sigmoid(logit: Floats, y: Floats, weight: Floats | None = None) -> tuple[float, float] | None:
    """Return (a, b) by maximum likelihood, or None where no rising sigmoid fits.

    None means that the model does not tell people apart on these rows: its logits are all the same, only one class is
    there, the logits separate the classes perfectly (no finite a), or higher logits do not go with more events.
    """
    fitted = logistic_line(logit, y, weight)
    return fitted if fitted is not None and fitted[0] >= MINIMAL_SLOPE else None


def logistic_line(logit: Floats, y: Floats, weight: Floats | None = None) -> tuple[float, float] | None:
    """Return slope and intercept of y on logit, or None where they cannot be computed."""
    without, having = logit[y == 0], logit[y == 1]
    if not without.size or not having.size or np.ptp(logit) == 0:
        return None
    if without.max() <= having.min() or having.max() <= without.min():
        return None  # one class lies wholly above the other: the slope has no end
    model = sm.GLM(y, sm.add_constant(logit), family=sm.families.Binomial(), freq_weights=weight)
    result = model.fit(tol=1e-12, maxiter=100)
    intercept, slope = (float(value) for value in result.params)
    return (slope, intercept) if result.converged else None
