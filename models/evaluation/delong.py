"""Two AUROCs on the same rows, compared without drawing: DeLong's variance by ranks, exact and unweighted.

E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988); by ranks: X. Sun and W. Xu, IEEE Signal
Processing Letters 21 (2014). Rows are taken as independent: of people with several rows, use `evaluate`'s bootstrap.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

from models.evaluation.rows import arrange
from models.table import Floats
from stratify.errors import DataError


class Delong(TypedDict):
    """AUROCs, their difference a - b with its standard error and interval, and p of no difference."""

    auroc_a: float
    auroc_b: float
    difference: float
    se: float
    se_a: float
    se_b: float
    low: float
    high: float
    p: float


def delong(y: ArrayLike, risk_a: ArrayLike, risk_b: ArrayLike, *, level: float = 0.95) -> Delong:
    """Return both AUROCs and the test of their difference.

    y[n] is 0 or 1, risks[n] within 0 and 1. DataError (exit 11) where a value is not, or with fewer than two rows of a
    class. Where the two rank alike the difference is 0, its error 0 and p 1.
    """
    rows = arrange(y, risk_a, others={"b": risk_b})
    one = rows.y == 1
    m, n = int(one.sum()), int((~one).sum())
    if min(m, n) < 2:
        raise DataError("DeLong's test needs at least two rows with the event and two without it")
    with_it, without = zip(*(_placements(risk, one) for risk in (rows.risk, rows.others["b"])), strict=True)
    a, b = (float(placed.mean()) for placed in with_it)
    covariance = np.cov(np.stack(with_it)) / m + np.cov(np.stack(without)) / n
    variance = max(float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]), 0.0)
    se = float(np.sqrt(variance)) if variance > 1e-18 else 0.0
    reach = float(norm.ppf((1 + level) / 2)) * se
    p = float(2 * norm.sf(abs(a - b) / se)) if se else float(a == b)
    se_a, se_b = (float(np.sqrt(covariance[i, i])) for i in (0, 1))
    return Delong(
        auroc_a=a, auroc_b=b, difference=a - b, se=se, se_a=se_a, se_b=se_b, low=a - b - reach, high=a - b + reach, p=p
    )


def _placements(risk: Floats, one: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return for each row with the event the share without it that it exceeds, and for the others that exceed them."""
    m, n = int(one.sum()), int((~one).sum())
    among_all = rankdata(risk)
    above = (among_all[one] - rankdata(risk[one])) / n
    below = 1 - (among_all[~one] - rankdata(risk[~one])) / m
    return np.asarray(above), np.asarray(below)
