"""Discrimination and calibration of predicted risks: one dictionary of figures, None where one cannot be computed.

auroc                  chance that a person with the event has the higher risk
auprc                  average precision; shown, never used to choose, since it moves with the prevalence
brier                  mean squared distance between risk and outcome
calibration_slope      slope of the outcome on the logit of the risk; 1 is right, below 1 the risks are too extreme
calibration_intercept  intercept with the logit as offset; 0 is right, above 0 the risks are too low
prevalence, mean_risk, n, events
"""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from sklearn.metrics import average_precision_score, roc_auc_score

from models.calibrate import logistic_line
from models.table import Floats

TINY = 1e-12  # a risk of 0 or 1 has no logit


def measures(y: Floats, risk: Floats) -> dict[str, float | int | None]:
    """Return the figures named above for outcomes y[n] of 0 or 1 and risks[n] in [0, 1]."""
    if y.shape != risk.shape or np.isnan(y).any() or not ((risk >= 0) & (risk <= 1)).all():
        raise ValueError(f"needs as many known outcomes as risks within 0 and 1, got {y.shape} and {risk.shape}")
    n, events = len(y), int(y.sum())
    both = 0 < events < n
    logit = to_logit(risk)
    line = logistic_line(logit, y)
    return {
        "n": n,
        "events": events,
        "prevalence": events / n if n else None,
        "mean_risk": float(risk.mean()) if n else None,
        "auroc": float(roc_auc_score(y, risk)) if both else None,
        "auprc": float(average_precision_score(y, risk)) if both else None,
        "brier": float(np.mean((risk - y) ** 2)) if n else None,
        "calibration_slope": line[0] if line else None,
        "calibration_intercept": _shift(logit, y) if both else None,
    }


def to_logit(risk: Floats) -> Floats:
    """Return log(risk / (1 - risk))."""
    p = np.clip(risk, TINY, 1 - TINY)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)


def _shift(logit: Floats, y: Floats) -> float:
    """Return how far all logits must move for the expected number of events to be the observed one."""
    constant = np.ones((len(y), 1))
    result = sm.GLM(y, constant, family=sm.families.Binomial(), offset=logit).fit(tol=1e-12, maxiter=100)
    return float(result.params[0])
