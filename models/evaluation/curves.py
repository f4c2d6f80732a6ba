"""What is drawn of a model: smooth calibration, risks by outcome, ROC, decision curve, places in the top, tenths.

No point tells of fewer than five people. All that cuts the people by their risk asks one `Ledger`: a cut is None where
1-4 of a class lie above it, below it, or between it and another. Agreed thresholds and places ask first, then tenths,
the decision curve, the distribution, and the ROC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bins import Bins, Column
from models.evaluation.bootstrap import interval
from models.evaluation.competing import incidence
from models.evaluation.core import NONE, Above, above, intervals
from models.evaluation.net_benefit import net_benefit
from models.evaluation.rows import Factor, Rows
from models.evaluation.small import Counts, Ledger, people_in, small, widened
from models.evaluation.smooth import basis, on_curve, weighted_quantile
from models.table import Floats
from stratify.disclosure import SMALLEST_SHOWN

GRID = tuple(round(nth / 100, 2) for nth in range(1, 51))  # thresholds of the decision curve
_CURVE, _ROC, _CELLS = 50, 100, 50
_NEVER = np.zeros(len(GRID), dtype=np.bool_)


def calibration_curve(bins: Bins, drawn: Floats) -> dict[str, list[float] | list[float | None]]:
    """Return the observed risk along predicted ones, from the 0.5 to the 99.5 % point of half people, half events."""
    share = bins.unit.sum(axis=1) / bins.unit.sum() + bins.unit[:, 1] / bins.unit[:, 1].sum()
    low, high = np.clip(weighted_quantile(bins.risk, share[None], (0.005, 0.995))[:, 0], 1e-6, 1 - 1e-6)
    logit = np.linspace(np.log(low / (1 - low)), np.log(high / (1 - high)), _CURVE if high > low else 1)
    grid = np.unique(np.round(1 / (1 + np.exp(-logit)), 6))
    x = basis(grid, bins.knots)
    seen, draws = on_curve(bins.curve(bins.unit[None]), x)[0], on_curve(bins.curve(drawn), x)
    points = [interval(draws[:, nth], float(seen[nth]), float(seen[nth])) for nth in range(len(grid))]
    return {
        "risk": grid.tolist(),
        "observed": [point["value"] for point in points],
        "low": [point["low"] for point in points],
        "high": [point["high"] for point in points],
    }


def distribution(rows: Rows, ledger: Ledger) -> list[dict[str, float]]:
    """Return the weighted share of people with and without the event in stretches of risk, fiftieths or more."""
    edges = np.arange(_CELLS + 1) / _CELLS
    place = np.minimum(np.searchsorted(edges, rows.risk, side="right") - 1, _CELLS - 1)
    cell = place * 2 + rows.y.astype(np.int64)
    above = _from_there(np.bincount(cell, minlength=2 * _CELLS).reshape(_CELLS, 2))[:-1]
    told = np.flatnonzero(~ledger.hides(above))
    some, first = np.unique(above[told].sum(axis=1), return_index=True)  # nobody lies between edges of as many
    starts = np.sort(told[first[some > 0]])
    weights = np.add.reduceat(np.bincount(cell, rows.weight, 2 * _CELLS).reshape(_CELLS, 2), starts, axis=0)
    shares = weights / weights.sum(axis=0)
    ends = np.append(edges[starts[1:]], 1.0)
    return [
        {"from": float(a), "to": float(b), "events": float(share[1]), "others": float(share[0])}
        for a, b, share in zip(edges[starts], ends, shares, strict=True)
    ]


def _from_there(count: Counts) -> Counts:
    """Return [bins + 1, 2] the rows in each bin and all above it, of rows in bins; none above the last."""
    return np.append(np.cumsum(count[::-1], axis=0)[::-1], np.zeros((1, 2), dtype=np.int64), axis=0)


def roc(column: Column, ledger: Ledger) -> dict[str, list[float]]:
    """Return false and true positive shares at no more than 101 points, from (0, 0) to (1, 1)."""
    shares, rows = (
        np.concatenate([np.zeros((1, 2)), np.cumsum(part[0][::-1], axis=0)]) for part in (column.unit, column.count)
    )
    shares /= shares[-1]
    kept = np.unique(np.linspace(0, len(shares) - 1, min(len(shares), _ROC + 1)).astype(int))
    kept = kept[~ledger.hides(rows[kept].astype(np.int64))]
    return {"false_positive": shares[kept, 0].tolist(), "true_positive": shares[kept, 1].tolist()}


def decision_curve(rows: Rows, column: Column, drawn: Floats, ledger: Ledger) -> dict[str, Any]:
    """Return net benefit of the model, of offering to all and to none, along `GRID`."""
    cuts = np.array(GRID)
    at = above(rows.y, rows.risk, rows.weight, column, 0, drawn, cuts)
    model, everyone = intervals(at.benefit(cuts), ledger.hides(at.count)), intervals(_everyone(at, cuts), _NEVER)
    return {
        "threshold": list(GRID),
        "model": _lines(model),
        "treat_all": _lines(everyone),
        "treat_none": [0.0] * len(GRID),
    }


def agreed(
    rows: Rows, column: Column, drawn: Floats, thresholds: Sequence[float], ledger: Ledger
) -> list[dict[str, Any]]:
    """Return net benefit and what is found at each agreed threshold."""
    cuts = np.array(thresholds)
    at = above(rows.y, rows.risk, rows.weight, column, 0, drawn, cuts)
    hide = ledger.hides(at.count)
    everyone = intervals(_everyone(at, cuts), np.zeros_like(hide))
    return [
        {"threshold": float(cut), "treat_all": everyone[nth], "treat_none": 0.0, **one}
        for nth, (cut, one) in enumerate(zip(cuts, _found(at, hide), strict=True))
    ]


def places(
    rows: Rows, column: Column, drawn: Floats, capacity: Sequence[float], cuts: Floats, ledger: Ledger
) -> list[dict[str, Any]]:
    """Return what the top finds for each share of places; the cut stays where it is when people are drawn anew."""
    at = above(rows.y, rows.risk, rows.weight, column, 0, drawn, np.where(np.isfinite(cuts), cuts, np.inf))
    hide = ledger.hides(at.count) | ~np.isfinite(cuts)
    return [
        {"share": float(share), "cut": None if hide[nth] else float(cuts[nth]), **one}
        for nth, (share, one) in enumerate(zip(capacity, _found(at, hide), strict=True))
    ]


def _found(at: Above, hide: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return of each cut what lies above it, and what acting on that is worth."""
    found, right = intervals(at.sensitivity(), hide), intervals(at.predictive_value(), hide)
    benefit = intervals(at.benefit(at.cuts), hide)
    return [
        {
            "flagged": None if hide[nth] else float(at.exact[nth].sum() / at.whole.sum()),
            "sensitivity": found[nth],
            "positive_predictive_value": right[nth],
            "net_benefit": benefit[nth],
        }
        for nth in range(len(hide))
    ]


def tenths(rows: Rows) -> Factor:
    """Return the tenth of risk of each row, by weight; equal risks share one, so there may be fewer than ten."""
    cuts = np.unique(weighted_quantile(rows.risk, rows.weight[None], tuple(np.arange(1, 10) / 10))[:, 0])
    code = np.searchsorted(cuts, rows.risk, side="left")
    there, dense = np.unique(code, return_inverse=True)
    return Factor(tuple(str(nth + 1) for nth in range(len(there))), dense.astype(np.int64))


def deciles(rows: Rows, everybody: Rows, factor: Factor, drawn: Floats, ledger: Ledger) -> list[dict[str, Any]]:
    """Return n, mean risk and observed share of each tenth, and the cumulative incidence of the event and of death.

    A tenth is hidden where the cut below or above it is. Incidences are of `everybody` with risks of the tenth, also
    who left and has no weight.
    """
    levels = len(factor.levels)
    cell = factor.code * 2 + rows.y.astype(np.int64)
    cut = ledger.hides(_from_there(np.bincount(cell, minlength=2 * levels).reshape(levels, 2))[::-1])[::-1]
    hidden = cut[:-1] | cut[1:]
    highest = np.array([rows.risk[factor.code == nth].max() for nth in range(levels)])
    code = np.minimum(np.searchsorted(highest, everybody.risk, side="left"), levels - 1)
    died = None
    if everybody.died_first is not None:
        people = people_in(code, levels, everybody.person, everybody.died_first.astype(np.float64))
        died = widened(hidden | small(people, SMALLEST_SHOWN), people, SMALLEST_SHOWN)
    told = []
    for nth in range(levels):
        one: dict[str, Any] = {"tenth": nth + 1, "n": None, "mean_risk": None, "observed": NONE}
        one |= {"suppressed": bool(hidden[nth]), "cumulative_incidence": None, "died_first": None}
        told.append(one)
        if hidden[nth]:
            continue
        which = factor.code == nth
        weight = rows.weight[which]
        total = weight.sum()
        one["n"] = int(which.sum())
        one["mean_risk"] = float((weight * rows.risk[which]).sum() / total)
        share, draws = float((weight * rows.y[which]).sum() / total), drawn[:, nth, 0]
        one["observed"] = interval(_share(draws), share, share)
        if everybody.days is not None and everybody.died_first is not None and died is not None:
            here = code == nth
            event, death = incidence(everybody.days[here], everybody.y[here], everybody.died_first[here])
            one["cumulative_incidence"], one["died_first"] = event, None if died[nth] else death
    return told


def _share(drawn: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(drawn[:, 1] / drawn.sum(axis=1))


def _everyone(at: Above, thresholds: Floats) -> tuple[Floats, Floats]:
    """Return the net benefit of offering to all, exact and drawn."""
    exact = net_benefit(at.whole[1], at.whole[0], float(at.whole.sum()), thresholds)
    total = at.whole_drawn.sum(axis=1)[:, None]
    return exact, net_benefit(at.whole_drawn[:, 1:], at.whole_drawn[:, :1], total, thresholds)


def _lines(points: Sequence[Any]) -> dict[str, list[float | None]]:
    return {name: [point[name] for point in points] for name in ("value", "low", "high")}
