"""The ten core figures of one set of rows, each with its interval, and how those of two models differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from models.evaluation.bins import Bins, Column, upward
from models.evaluation.bootstrap import Figure, interval
from models.evaluation.measures import points
from models.evaluation.net_benefit import flagged, net_benefit
from models.table import Floats

DISTANCES = ("ici", "e50", "e90")
CORE = (
    "auroc", "auprc", "brier", "scaled_brier", "calibration_intercept", "calibration_slope", "oe", *DISTANCES,
)  # fmt: skip
NONE = Figure(value=None, low=None, high=None)


@dataclass(frozen=True)
class Core:
    """Exact figures, the same from bins, and what they were in each draw; NaN where one cannot be computed."""

    value: dict[str, float]
    binned: dict[str, float]
    drawn: dict[str, Floats]

    def figures(self) -> dict[str, Figure]:
        """Return every figure with its interval."""
        return {
            name: interval(self.drawn[name], self.value[name], None if name in DISTANCES else self.binned[name])
            for name in CORE
        }

    def oe_within(self, level: float) -> Figure:
        """Return observed over expected with an interval of this level, normal on the log, its error that of draws."""
        ratio = self.value["oe"]
        drawn = self.drawn["oe"]
        fine = drawn[np.isfinite(drawn) & (drawn > 0)]
        if not (np.isfinite(ratio) and ratio > 0) or len(fine) < 0.9 * len(drawn) or len(fine) < 2:
            return Figure(value=float(ratio) if np.isfinite(ratio) else None, low=None, high=None)
        reach = float(norm.ppf((1 + level) / 2) * np.log(fine).std(ddof=1))
        return Figure(value=float(ratio), low=float(ratio * np.exp(-reach)), high=float(ratio * np.exp(reach)))

    def less(self, other: Core, name: str) -> Figure:
        """Return how far a figure lies above that of another model on the same rows, in the same draws."""
        off = None if name in DISTANCES else self.binned[name] - other.binned[name]
        drawn = self.drawn[name] - other.drawn[name]
        value = self.value[name] - other.value[name]
        if off is None:  # the distances of both models have grown: what is left lies around the value, on both sides
            fine = drawn[np.isfinite(drawn)]
            off = float(np.median(fine)) if len(fine) else float("nan")
        return interval(drawn, value, off)


def core(y: Floats, risk: Floats, weight: Floats, bins: Bins, drawn: Floats) -> Core:
    """Return the figures of rows sorted by risk, whose weights in these bins were drawn anew [draws, bins, 2]."""
    lines = bins.figures(np.concatenate([bins.unit[None], drawn]))
    binned = {name: float(lines[name][0]) for name in CORE}
    return Core({**binned, **points(y, risk, weight)}, binned, {name: lines[name][1:] for name in CORE})


@dataclass(frozen=True)
class Above:
    """What lies at or above each of some cuts: weights with and without the event, exact and in each draw.

    cuts [cuts] are risks;
    exact [cuts, 2] and drawn [draws, cuts, 2] are without, with; count [cuts, 2] rows; whole and whole_drawn all rows.
    """

    cuts: Floats
    exact: Floats
    drawn: Floats
    count: NDArray[np.int64]
    whole: Floats
    whole_drawn: Floats

    def benefit(self, thresholds: Floats) -> tuple[Floats, Floats]:
        """Return net benefit at thresholds, the cuts' own, exact [cuts] and drawn [draws, cuts]."""
        exact = net_benefit(self.exact[:, 1], self.exact[:, 0], float(self.whole.sum()), thresholds)
        total = self.whole_drawn.sum(axis=1)[:, None]
        return exact, net_benefit(self.drawn[..., 1], self.drawn[..., 0], total, thresholds)

    def sensitivity(self) -> tuple[Floats, Floats]:
        """Return which share of those with the event is found."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.exact[:, 1] / self.whole[1], self.drawn[..., 1] / self.whole_drawn[:, 1:]

    def predictive_value(self) -> tuple[Floats, Floats]:
        """Return which share of those found has the event."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.exact[:, 1] / self.exact.sum(axis=1), self.drawn[..., 1] / self.drawn.sum(axis=2)


def above(y: Floats, risk: Floats, weight: Floats, column: Column, level: int, drawn: Floats, cuts: Floats) -> Above:
    """Return what lies at or above the cuts, which are edges of the column; drawn [draws, bins, 2] is its level's."""
    at = column.at(cuts)
    found, wrongly = flagged(y, risk, weight, cuts)
    rows = upward(column.count[level][None].astype(np.float64), at)[0]
    whole = np.array([(weight * (1 - y)).sum(), (weight * y).sum()])
    exact = np.stack([wrongly, found], axis=1)
    return Above(cuts, exact, upward(drawn, at), np.rint(rows).astype(np.int64), whole, drawn.sum(axis=1))


def intervals(pair: tuple[Floats, Floats], hide: NDArray[np.bool_]) -> list[Figure]:
    """Return a figure for each of (exact [k], drawn [draws, k]), hidden where told; cuts are edges: bins are exact."""
    exact, drawn = pair
    return [
        NONE if hidden else interval(drawn[:, nth], float(exact[nth]), float(exact[nth]))
        for nth, hidden in enumerate(hide)
    ]
