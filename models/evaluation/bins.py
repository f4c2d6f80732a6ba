"""Figures from counts of rows in bins of risk, for many draws at once, and the bins they rest on.

A bin is a stretch of risks; its rows are taken to have the mean risk, mean square and mean logit that they have in all
data, of their own subgroup. Edges lie at quantiles of half the people and half the events, so that the bins are narrow
where events are, and at every threshold asked for, so that net benefit is exact. With fewer different risks than bins
each has its own. What is left of the difference to figures from rows is taken out of the intervals (`bootstrap`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.evaluation.logistic import logistic
from models.evaluation.measures import to_logit
from models.evaluation.smooth import basis, curve, distances, knots_of, on_curve, weighted_quantile
from models.table import Floats

WHOLE, PART = 2000, 250  # bins of all rows, of each subgroup


def edges_of(y: Floats, risk: Floats, weight: Floats, number: int, also: Floats) -> Floats:
    """Return the lowest risks of all bins but the first, for rows sorted by risk; `also` are among them."""
    own = risk[np.append(True, np.diff(risk) > 0)]
    if len(own) > number:
        having = weight * y
        share = weight / weight.sum() + (having / having.sum() if having.any() else 0)
        own = weighted_quantile(risk, share[None], tuple(np.arange(number) / number))[:, 0]
    found = np.unique(np.append(own[1:], also[np.isfinite(also)]))
    return found[found > 0]


@dataclass(frozen=True)
class Column:
    """Where in the counts each row falls: cells int32[n], of the levels of one factor, each with the same bins.

    unit [levels, bins, 2] are the weights without and with the event, count the rows; risk, square and logit
    [levels, bins] are means, 0 in an empty bin.
    """

    edges: Floats
    levels: int
    cells: NDArray[np.int32]
    unit: Floats
    count: NDArray[np.int64]
    risk: Floats
    square: Floats
    logit: Floats

    @property
    def shape(self) -> tuple[int, int, int]:
        """Levels, bins and outcomes."""
        return self.levels, len(self.edges) + 1, 2

    def at(self, cut: Floats) -> NDArray[np.intp]:
        """Return the first bin whose risks are the cut or more; cuts are edges, or beyond all risks."""
        return np.where(cut > 0, np.searchsorted(self.edges, cut, side="left") + 1, 0)

    def level(self, nth: int) -> Bins:
        """Return the bins of one level that have rows."""
        there = self.unit[nth].sum(axis=-1) > 0
        return Bins(
            there, self.unit[nth][there], self.count[nth][there],
            self.risk[nth][there], self.square[nth][there], self.logit[nth][there],
        )  # fmt: skip


def column(
    y: Floats, risk: Floats, weight: Floats, edges: Floats, code: NDArray[np.int64] | None = None, levels: int = 1
) -> Column:
    """Return where rows fall, by level of a factor if `code` [n] is given."""
    bins = len(edges) + 1
    place = np.searchsorted(edges, risk, side="right")
    if code is not None:
        place = place + code * bins
    cells = (place * 2 + y.astype(np.int64)).astype(np.int32)
    size = levels * bins
    total = np.bincount(place, weight, size)
    some = np.where(total > 0, total, 1)
    mean, square, logit = (
        (np.bincount(place, weight * v, size) / some).reshape(levels, bins) for v in (risk, risk**2, to_logit(risk))
    )
    unit = np.asarray(np.bincount(cells, weight, 2 * size).reshape(levels, bins, 2), dtype=np.float64)
    count = np.asarray(np.bincount(cells, minlength=2 * size).reshape(levels, bins, 2), dtype=np.int64)
    return Column(edges, levels, cells, unit, count, mean, square, logit)


@dataclass(frozen=True)
class Bins:
    """Bins with rows: which of the column's they are, their weights and rows [bins, 2], their mean risks [bins]."""

    there: NDArray[np.bool_]
    unit: Floats
    count: NDArray[np.int64]
    risk: Floats
    square: Floats
    logit: Floats

    @cached_property
    def knots(self) -> Floats:
        """The knots of the smooth curve."""
        return knots_of(self.risk, self.unit.sum(axis=1), self.unit[:, 1], int(self.count.sum(axis=0).min()))

    def curve(self, drawn: Floats) -> Floats:
        """Return the coefficients [draws, k] of the smooth curve; NaN where there is none."""
        if self.count.sum(axis=0).min() == 0 or len(self.risk) < 2:
            return np.full((len(drawn), 2), np.nan)
        return curve(drawn.sum(axis=-1), drawn[..., 1], basis(self.risk, self.knots))

    def figures(self, drawn: Floats) -> dict[str, Floats]:
        """Return every figure [draws] of weights [draws, bins, 2]; NaN where one cannot be computed."""
        free, having = drawn[..., 0], drawn[..., 1]
        total = free + having
        whole, events, others = total.sum(axis=1), having.sum(axis=1), free.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            brier = (total * self.square + having * (1 - 2 * self.risk)).sum(axis=1) / whole
            share = events / whole
            found = np.cumsum(having[:, ::-1], axis=1)[:, ::-1]
            flagged = np.cumsum(total[:, ::-1], axis=1)[:, ::-1]
            within = np.where(self.square - self.risk**2 > 1e-14, 0.5, 0.0)  # half a bin is found, unless all are equal
            among = flagged - within * total
            precision = np.divide(found - within * having, among, out=np.zeros_like(found), where=among > 0)
            told = {
                "auroc": (having * (np.cumsum(free, axis=1) - free / 2)).sum(axis=1) / (events * others),
                "auprc": (having * precision).sum(axis=1) / events,
                "brier": brier,
                "scaled_brier": 1 - brier / (share * (1 - share)),
                "oe": events / (total * self.risk).sum(axis=1),
            }
            told["calibration_intercept"] = logistic(
                total, having, np.ones((len(self.risk), 1)), self.logit, np.zeros(1)
            )[:, 0]
            told["calibration_slope"] = logistic(
                total,
                having,
                np.stack([np.ones(len(self.risk)), self.logit], axis=1),
                np.zeros(len(self.risk)),
                np.array([0.0, 1.0]),
            )[:, 1]
            seen = on_curve(self.curve(drawn), basis(self.risk, self.knots))
            told |= distances(self.risk, total, seen)
        return told


def upward(drawn: Floats, at: NDArray[np.intp]) -> Floats:
    """Return the weights [draws, cuts, 2] from the bins `at` on, of weights [draws, bins, 2]."""
    sums = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([sums, np.zeros((len(drawn), 1, 2))], axis=1)[:, np.minimum(at, drawn.shape[1])]
