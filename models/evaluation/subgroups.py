"""The figures in each level of each factor: sex, age band, municipality. Levels of 1-4 people are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bins import Column, upward
from models.evaluation.core import CORE, NONE, Above, Core, above, core, intervals
from models.evaluation.rows import Factor, Rows
from models.evaluation.small import Ledger, hidden_levels, people_in, widened
from models.table import Floats

Level = dict[str, Any]


def subgroups(
    rows: Rows,
    columns: Mapping[str, Column],
    drawn: Mapping[str, Floats],
    thresholds: Sequence[float],
    capacity: Sequence[float],
    cuts: Floats,
    least: int,
) -> dict[str, dict[str, Level]]:
    """Return {factor: {level: figures}}; `cuts` are the risks of `capacity`, `least` rows may be told of.

    The level of `oe_adjusted` is that of all intervals together (Bonferroni over the levels shown).
    """
    told: dict[str, dict[str, Level]] = {}
    agreed = np.array(thresholds)
    cuts = np.where(np.isfinite(cuts), cuts, np.inf)
    cores: list[tuple[Level, Core]] = []
    for name, factor in rows.factors.items():
        people = people_in(factor.code, len(factor.levels), rows.person, rows.y)
        hidden = hidden_levels(people)
        acted: dict[int, tuple[Above, Above]] = {}
        told[name] = {}
        for nth, which in enumerate(_by_level(factor)):
            level = told[name][factor.levels[nth]] = _empty(thresholds, capacity)
            if hidden[nth]:
                level["suppressed"] = True
                continue
            y, risk, weight = rows.y[which], rows.risk[which], rows.weight[which]
            level |= counts(y, risk, weight, int(people[nth, 0]))
            if level["too_few"]:
                continue
            column, draws = columns[name], drawn[name][:, nth]
            bins = column.level(nth)
            found = core(y, risk, weight, bins, draws[:, bins.there])
            level |= found.figures()
            cores.append((level, found))
            at, top = (above(y, risk, weight, column, nth, draws, chosen) for chosen in (agreed, cuts))
            acted[nth] = at, top
        hide = _hidden_cuts(columns[name], hidden, acted, least)
        for nth, (at, top) in acted.items():
            level, (of_agreed, of_top) = told[name][factor.levels[nth]], hide[nth]
            exact, draws = top.sensitivity()
            level["net_benefit"] = dict(
                zip(map(str, thresholds), intervals(at.benefit(agreed), of_agreed), strict=True)
            )
            level["false_negatives"] = dict(
                zip(map(str, capacity), intervals((1 - exact, 1 - draws), of_top), strict=True)
            )
    for level, found in cores:
        level["oe_adjusted"] = found.oe_within(1 - 0.05 / len(cores))
    return told


def counts(y: Floats, risk: Floats, weight: Floats, people: int) -> Level:
    """Return how many there are, unweighted and weighted, and whether they are too few for figures."""
    total, events = float(weight.sum()), float((weight * y).sum())
    return {
        "n": len(y),
        "people": people,
        "events": int(y.sum()),
        "n_weighted": total,
        "events_weighted": events,
        "prevalence": events / total if total else None,
        "mean_risk": float((weight * risk).sum()) / total if total else None,
        "too_few": not 0 < int(y.sum()) < len(y),
    }


def uncounted() -> Level:
    """Return what `counts` says where nothing may be told."""
    names = ("n", "people", "events", "n_weighted", "events_weighted", "prevalence", "mean_risk")
    return {**dict.fromkeys(names), "suppressed": False, "too_few": False}


def _empty(thresholds: Sequence[float], capacity: Sequence[float]) -> Level:
    return {
        **uncounted(),
        **dict.fromkeys((*CORE, "oe_adjusted"), NONE),
        "net_benefit": dict.fromkeys(map(str, thresholds), NONE),
        "false_negatives": dict.fromkeys(map(str, capacity), NONE),
    }


def _by_level(factor: Factor) -> list[NDArray[np.intp]]:
    """Return the rows of each level in their order."""
    order = np.argsort(factor.code.astype(np.int16 if len(factor.levels) < 2**15 else np.int64), kind="stable")
    ends = np.cumsum(np.bincount(factor.code, minlength=len(factor.levels)))
    return np.split(order, ends[:-1])


def _hidden_cuts(
    column: Column, hidden: NDArray[np.bool_], acted: Mapping[int, tuple[Above, Above]], least: int
) -> dict[int, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return for each level with figures at which thresholds and which capacities it is hidden.

    A level by itself, where too few rows lie above or below; and the next smallest with it, as with whole levels.
    """
    if not acted:
        return {}
    at, top = next(iter(acted.values()))
    places = column.at(np.append(at.cuts, top.cuts))
    rows = upward(column.count.astype(np.float64), places).astype(np.int64)  # [levels, cuts, 2]
    whole = column.count.sum(axis=1)
    hide = np.repeat(hidden[:, None], len(places), axis=1)
    for nth in acted:
        hide[nth] = Ledger(whole[nth], least).hides(rows[nth])
    some = np.array([nth in acted or hidden[nth] for nth in range(len(hidden))])
    for cut in range(len(places)):
        parts = np.column_stack([whole.sum(axis=1), rows[:, cut], whole - rows[:, cut]])
        hide[some, cut] = widened(hide[some, cut], parts[some], least)
    return {nth: (hide[nth, : len(at.cuts)], hide[nth, len(at.cuts) :]) for nth in acted}
