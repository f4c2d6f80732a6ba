"""Discrimination and calibration of predicted risks, exact from the rows; NaN where one cannot be computed.

auroc                  chance that a person with the event has the higher risk
auprc                  average precision; shown, never used to choose, since it moves with the prevalence
brier                  mean squared distance between risk and outcome
scaled_brier           share of the distance gone, against giving everyone the prevalence; below 0 it is worse than that
calibration_slope      slope of the outcome on the logit of the risk; 1 is right, below 1 the risks are too extreme
calibration_intercept  intercept with the logit as offset; 0 is right, above 0 the risks are too low
oe                     observed over expected number of events; 1 is right, above 1 the risks are too low
"""

from __future__ import annotations

import numpy as np

from models.evaluation.logistic import logistic
from models.table import Floats

TINY = 1e-12  # a risk of 0 or 1 has no logit
EXACT = ("auroc", "auprc", "brier", "scaled_brier", "calibration_intercept", "calibration_slope", "oe")


def points(y: Floats, risk: Floats, weight: Floats) -> dict[str, float]:
    """Return the figures of `EXACT` of rows sorted by risk, weights above 0; NaN where one cannot be computed."""
    told = dict.fromkeys(EXACT, float("nan"))
    if not len(y):
        return told
    having, without = weight * y, weight * (1 - y)
    total, events, others = float(weight.sum()), float(having.sum()), float(without.sum())
    told["brier"] = float((weight * (risk - y) ** 2).sum()) / total
    expected = float((weight * risk).sum())
    told["oe"] = events / expected if expected > 0 else float("nan")
    if events == 0 or others == 0:
        return told
    share = events / total
    told["scaled_brier"] = 1 - told["brier"] / (share * (1 - share))
    told["auroc"], told["auprc"] = ranked(having, without, risk)
    logit = to_logit(risk)
    shift = logistic(weight[None], having[None], np.ones((len(y), 1)), logit, np.zeros(1))
    told["calibration_intercept"] = float(shift[0, 0])
    if not separated(y, logit):
        line = logistic(
            weight[None], having[None], np.stack([np.ones(len(y)), logit], axis=1), np.zeros(len(y)), np.array([0.0, 1])
        )
        told["calibration_slope"] = float(line[0, 1])
    return told


def ranked(having: Floats, without: Floats, risk: Floats) -> tuple[float, float]:
    """Return AUROC and average precision, equal risks taken together; weights of both classes in the risks' order."""
    last = np.append(np.flatnonzero(np.diff(risk)), len(risk) - 1)
    above, below = np.cumsum(having)[last], np.cumsum(without)[last]
    events, others = above[-1], below[-1]
    with_it, free = np.diff(above, prepend=0), np.diff(below, prepend=0)
    area = float((with_it * (below - free / 2)).sum() / (events * others))
    found = events - above + with_it
    flagged = found + others - below + free
    told = with_it > 0
    return area, float((with_it[told] * found[told] / flagged[told]).sum() / events)


def separated(y: Floats, logit: Floats) -> bool:
    """Return whether all risks are the same, or one class lies wholly above the other: then no slope is finite."""
    without, having = logit[y == 0], logit[y == 1]
    return bool(logit[0] == logit[-1] or without.max() <= having.min() or having.max() <= without.min())


def to_logit(risk: Floats) -> Floats:
    """Return log(risk / (1 - risk))."""
    p = np.clip(risk, TINY, 1 - TINY)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)
