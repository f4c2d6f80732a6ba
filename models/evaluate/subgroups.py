"""The figures in each level of each factor: sex, age band, municipality. Levels of 1-4 people are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluate.bins import Column
from models.evaluate.bootstrap import Figure
from models.evaluate.core import CORE, NONE, Core, above, core, intervals
from models.evaluate.rows import Factor, Rows
from models.evaluate.small import hidden_levels, people_in, too_few_rows
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
    cores: list[tuple[Level, Core]] = []
    for name, factor in rows.factors.items():
        people = people_in(factor.code, len(factor.levels), rows.person, rows.y)
        hidden = hidden_levels(people)
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
            level["net_benefit"], level["false_negatives"] = _acted(
                y, risk, weight, column, nth, draws, thresholds, capacity, cuts, least
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


def _acted(
    y: Floats,
    risk: Floats,
    weight: Floats,
    column: Column,
    nth: int,
    drawn: Floats,
    thresholds: Sequence[float],
    capacity: Sequence[float],
    cuts: Floats,
    least: int,
) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Return net benefit at each threshold, and the share of events outside the top at each capacity."""
    chosen = np.array(thresholds)
    at = above(y, risk, weight, column, nth, drawn, chosen)
    hide = too_few_rows(at.count, column.count[nth].sum(axis=0), least)
    benefit = dict(zip(map(str, thresholds), intervals(at.benefit(chosen), hide), strict=True))
    top = above(y, risk, weight, column, nth, drawn, np.where(np.isfinite(cuts), cuts, np.inf))
    whole = column.count[nth].sum(axis=0)
    hide = too_few_rows(top.count, whole, least)
    exact, draws = top.sensitivity()
    return benefit, dict(zip(map(str, capacity), intervals((1 - exact, 1 - draws), hide), strict=True))
