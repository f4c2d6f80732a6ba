"""The smooth calibration curve, and how far risks lie from it: ICI, E50 and E90.

The curve is a logistic regression of the outcome on a natural cubic spline of the logit of the risk, fitted to risks
in bins (models/evaluation/bins.py). Five knots at the quantiles of `QUANTILES`, of half the people and half the events,
so that the few with high risks bend it too; three where one class has fewer than 100 rows, a straight line below 20.
ICI is the mean distance between risk and curve, E50 and E90 its median and the distance that 90 % do not exceed
(Austin and Steyerberg, Statistics in Medicine 2019). The spline is that of Harrell, Regression Modeling Strategies,
section 2.4.5.
"""

from __future__ import annotations

import numpy as np

from models.evaluation.logistic import logistic
from models.table import Floats

QUANTILES = {5: (0.025, 0.25, 0.5, 0.75, 0.975), 3: (0.1, 0.5, 0.9)}
_LEAST = 1e-6  # nearer to 0 or 1, a risk bends the curve no further


def basis(risk: Floats, knots: Floats) -> Floats:
    """Return the curve's columns [n, 2 + knots - 2] at these risks: one, the logit, and the spline's bends."""
    p = np.clip(risk, _LEAST, 1 - _LEAST)
    x = np.log(p) - np.log1p(-p)
    columns = [np.ones_like(x), x]
    if len(knots) >= 3:
        last, before = knots[-1], knots[-2]
        for knot in knots[:-2]:
            bend = (
                np.maximum(x - knot, 0) ** 3
                - np.maximum(x - before, 0) ** 3 * (last - knot) / (last - before)
                + np.maximum(x - last, 0) ** 3 * (before - knot) / (last - before)
            )
            columns.append(bend / (last - knots[0]) ** 2)
    return np.stack(columns, axis=-1)


def knots_of(risk: Floats, total: Floats, events: Floats, fewest: int) -> Floats:
    """Return the knots (logits) for bins in the risks' order; none where a straight line must do.

    `fewest` is how many rows the smaller class has.
    """
    number = 5 if fewest >= 100 else 3
    if fewest < 20:
        return np.empty(0)
    share = total / total.sum() + events / events.sum()
    found = np.unique(weighted_quantile(risk, share[None], QUANTILES[number])[:, 0])
    p = np.clip(found, _LEAST, 1 - _LEAST)
    logit = np.unique(np.round(np.log(p) - np.log1p(-p), 6))
    return logit if len(logit) == number else np.empty(0)


def curve(total: Floats, events: Floats, x: Floats) -> Floats:
    """Return the curve's coefficients [lines, k] of weights [lines, bins] on the columns x [bins, k]."""
    start = np.zeros(x.shape[1])
    start[1] = 1.0
    return logistic(total, events, x, np.zeros(len(x)), start)


def on_curve(coefficients: Floats, x: Floats) -> Floats:
    """Return the risk observed [lines, n] at the columns x [n, k]."""
    # einsum adds in one order, whatever the number of threads
    return np.asarray(1 / (1 + np.exp(-np.einsum("rk,bk->rb", coefficients, x))), dtype=np.float64)


def distances(risk: Floats, total: Floats, seen: Floats) -> dict[str, Floats]:
    """Return ici, e50 and e90 [lines]: of risks [bins] with weights [lines, bins] from the curve's values there."""
    away = np.abs(seen - risk)
    e50, e90 = np.empty(len(total)), np.empty(len(total))
    for line in range(len(total)):
        order = np.argsort(away[line], kind="stable")
        e50[line], e90[line] = weighted_quantile(away[line][order], total[line][order][None], (0.5, 0.9))[:, 0]
    return {"ici": (total * away).sum(axis=1) / total.sum(axis=1), "e50": e50, "e90": e90}


def weighted_quantile(values: Floats, weight: Floats, at: tuple[float, ...]) -> Floats:
    """Return [len(at), lines] the smallest of sorted values [n] up to which that share of a line's weight lies."""
    found = np.empty((len(at), len(weight)))
    for line, one in enumerate(weight):
        reached = np.cumsum(one)
        places = np.searchsorted(reached, np.array(at) * reached[-1] * (1 - 1e-12), side="left")
        found[:, line] = values[np.minimum(places, len(values) - 1)]
    return found
