"""The figures in each level of each factor: sex, age band, municipality. Levels of 1-4 people are hidden.

So is what would give them away: levels beside them, and levels of another factor that lie in each other (`Nest`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bins import Column
from models.evaluation.core import CORE, NONE, Above, Core, above, core, intervals
from models.evaluation.nested import Nest
from models.evaluation.nested_cuts import cuts_hidden, levels_hidden
from models.evaluation.rows import Factor, Rows
from models.evaluation.small import people_in
from models.table import Floats

Level = dict[str, Any]


def subgroups(
    rows: Rows,
    columns: Mapping[str, Column],
    drawn: Mapping[str, Floats],
    thresholds: Sequence[float],
    capacity: Sequence[float],
    cuts: Floats,
    untold: NDArray[np.bool_],
    least: int,
) -> dict[str, dict[str, Level]]:
    """Return {factor: {level: figures}}; `cuts` are the risks of `capacity`, `least` rows are of five people at least.

    untold: at which thresholds and then cuts nothing is told of everybody, so neither of any level.
    The level of `oe_adjusted` is that of all intervals together (Bonferroni over the levels shown).
    """
    told: dict[str, dict[str, Level]] = {}
    agreed = np.array(thresholds)
    cuts = np.where(np.isfinite(cuts), cuts, np.inf)
    cores: list[tuple[Level, Core]] = []
    acted: dict[int, tuple[Level, Above, Above]] = {}
    nest = Nest.of(rows)
    hidden = levels_hidden(nest, rows, least)
    for name, factor in rows.factors.items():
        told[name] = {}
        people = people_in(factor.code, len(factor.levels), rows.person, rows.y)
        for nth, which in enumerate(_by_level(factor)):
            level = told[name][factor.levels[nth]] = _empty(thresholds, capacity)
            place = nest.places[name] + nth
            if hidden[place]:
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
            acted[place] = level, at, top
    hide = cuts_hidden(nest, columns, np.array([*acted], dtype=np.intp), np.append(agreed, cuts), untold, least)
    for place, (level, at, top) in acted.items():
        of_agreed, of_top = np.split(hide[place], [len(agreed)])
        exact, draws = top.sensitivity()
        level["net_benefit"] = dict(zip(map(str, thresholds), intervals(at.benefit(agreed), of_agreed), strict=True))
        level["false_negatives"] = dict(zip(map(str, capacity), intervals((1 - exact, 1 - draws), of_top), strict=True))
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
