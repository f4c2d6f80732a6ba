"""A served model in one month: what was foreseen and what came, each figure where there are enough people to tell.

O/E is observed over expected events among those whose window is over, with the exact Poisson interval of the events
(F. Garwood, Biometrika 1936), which for shares is a little too wide and so never too sure. The slope has Wald's
interval with the variance that weights ask for (sandwich), the AUROC that of DeLong without weights. A calibration
slope is told from 100 events and 100 others on (G. S. Collins, E. O. Ogundimu and D. G. Altman, Statistics in Medicine
2016), an AUROC from 20, O/E from 5 expected: below that `too_few` names it. Who left has weight 0, and others stand for
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2, norm

from models.evaluation.delong import delong
from models.evaluation.logistic import logistic
from models.evaluation.measures import points, separated, to_logit
from models.table import Floats

LEAST_SLOPE, LEAST_AUROC, LEAST_EXPECTED = 100, 20, 5.0
QUANTILES = (0.1, 0.5, 0.9)
Interval = tuple[float, float]


@dataclass(frozen=True)
class Figures:
    """What a model showed in a month; None where it was not computed, `too_few` says of what there were too few.

    rows: all, of which `flagged` lie at or above the threshold; scores: quantiles of the risk, by `QUANTILES`. n: rows
    whose window is over and that take part; of a month that is not mature all rows, and `events` and `observed` are
    None. observed and expected are weighted.
    """

    rows: int
    n: int
    events: int | None
    observed: float | None
    expected: float
    flagged: int
    flag_rate: float | None
    scores: tuple[float, ...]
    oe: float | None = None
    oe_interval: Interval | None = None
    intercept: float | None = None
    slope: float | None = None
    slope_interval: Interval | None = None
    auroc: float | None = None
    auroc_interval: Interval | None = None
    too_few: tuple[str, ...] = ()


def month_figures(
    risk: Floats, y: Floats | None, weight: Floats | None, threshold: float, *, level: float = 0.95
) -> Figures:
    """Return the figures of rows: risk[n], y[n] (NaN: not told), weight[n] (0: takes no part), all 1 if None.

    y None: the month is not mature, and nothing is told but what was foreseen.
    """
    flagged = int((risk >= threshold).sum())
    scores = tuple(float(one) for one in np.quantile(risk, QUANTILES)) if len(risk) else ()
    rate = flagged / len(risk) if len(risk) else None
    if y is None:
        return Figures(len(risk), len(risk), None, None, float(risk.sum()), flagged, rate, scores)
    weights = np.ones(len(risk)) if weight is None else weight
    order = np.argsort(risk, kind="stable")
    order = order[~np.isnan(y[order]) & (weights[order] > 0)]
    some, labels, counts = risk[order], y[order], weights[order]
    events, n = int(labels.sum()), len(order)
    observed, expected = float(counts @ labels), float(counts @ some)
    told = Figures(len(risk), n, events, observed, expected, flagged, rate, scores)
    fewest = min(events, n - events)
    few = []
    exact = points(labels, some, counts) if fewest >= LEAST_AUROC else {}
    if expected >= LEAST_EXPECTED:
        low, high = oe_interval(events, observed, expected, level)
        told = replace(told, oe=observed / expected, oe_interval=(low, high))
    else:
        few.append("oe")
    if fewest >= LEAST_AUROC:
        pair = delong(labels, some, some)
        half = float(norm.ppf((1 + level) / 2)) * pair["se_a"]
        area = exact["auroc"]
        told = replace(told, auroc=area, auroc_interval=(max(area - half, 0.0), min(area + half, 1.0)))
    else:
        few.append("auroc")
    if fewest >= LEAST_SLOPE and not separated(labels, to_logit(some)):
        slope, half = exact["calibration_slope"], slope_reach(labels, some, counts, exact["calibration_slope"], level)
        told = replace(
            told, intercept=exact["calibration_intercept"], slope=slope, slope_interval=(slope - half, slope + half)
        )
    else:
        few.append("slope")
    return replace(told, too_few=tuple(few))


def poisson_interval(events: int, level: float = 0.95) -> Interval:
    """Return Garwood's exact interval of a mean of which so many events were seen.

    >>> tuple(round(end, 3) for end in poisson_interval(10))
    (4.795, 18.39)
    """
    beyond = (1 - level) / 2
    low = float(chi2.ppf(beyond, 2 * events)) / 2 if events else 0.0
    return low, float(chi2.isf(beyond, 2 * events + 2)) / 2


def oe_interval(events: int, observed: float, expected: float, level: float = 0.95) -> Interval:
    """Return the interval of observed over expected, both weighted, by the events that were seen."""
    low, high = poisson_interval(events, level)
    scale = (observed / events if events else 1.0) / expected
    return low * scale, high * scale


def slope_reach(y: Floats, risk: Floats, weight: Floats, slope: float, level: float = 0.95) -> float:
    """Return how far the interval of a calibration slope reaches to either side: sandwich variance, rows apart."""
    logit = to_logit(risk)
    line = np.stack([np.ones(len(y)), logit], axis=1)
    base = logistic(weight[None], (weight * y)[None], line[:, :1], slope * logit, np.zeros(1))
    p = 1 / (1 + np.exp(-(float(base[0, 0]) + slope * logit)))
    bread = np.linalg.inv(np.einsum("ni,n,nj->ij", line, weight * p * (1 - p), line))
    meat = np.einsum("ni,n,nj->ij", line, (weight * (y - p)) ** 2, line)
    return float(norm.ppf((1 + level) / 2) * np.sqrt((bread @ meat @ bread)[1, 1]))
