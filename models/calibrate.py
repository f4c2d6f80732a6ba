"""Calibration by a sigmoid: a and b of risk = 1 / (1 + exp(-(a * logit + b))), fitted on a landmark not trained on."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm

from models.table import Floats

MINIMAL_SLOPE = 0.05  # flatter than this, the model tells nobody apart on the later landmark


def fit_sigmoid(logit: Floats, y: Floats) -> tuple[float, float] | None:
    """Return (a, b) by maximum likelihood, or None where no rising sigmoid fits.

    None means that the model does not tell people apart on these rows: its logits are all the same, only one class is
    there, the logits separate the classes perfectly (no finite a), or higher logits do not go with more events.
    """
    fitted = logistic_line(logit, y)
    return fitted if fitted is not None and fitted[0] >= MINIMAL_SLOPE else None


def logistic_line(logit: Floats, y: Floats) -> tuple[float, float] | None:
    """Return slope and intercept of y on logit, or None where they cannot be computed."""
    without, having = logit[y == 0], logit[y == 1]
    if not without.size or not having.size or np.ptp(logit) == 0:
        return None
    if without.max() <= having.min() or having.max() <= without.min():
        return None  # one class lies wholly above the other: the slope has no end
    result = sm.GLM(y, sm.add_constant(logit), family=sm.families.Binomial()).fit(tol=1e-12, maxiter=100)
    intercept, slope = (float(value) for value in result.params)
    return (slope, intercept) if result.converged else None
