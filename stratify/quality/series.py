"""A target over the months in one unit: its points as they may be shown, its chart, and the three facts.

A hidden or immature point is no point of the chart: limits, runs and signals come from what is shown alone, so that
they tell no more than it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Break
from stratify.quality.cases import Bools
from stratify.quality.grid import YEAR, Cells
from stratify.quality.months import Months
from stratify.quality.parameters import Unit
from stratify.quality.spc import Chart, assurance, chart, choose, delay, false_alarms, latest_signal, variation
from stratify.quality.values import PER, valued
from stratify.quality.verdict import verdict

Direction = Literal["higher", "lower"]
SERIES = ("region", "hospital", "psychiatric", "municipality")
DIGITS = 6
MOST_HIDDEN = 0.2
CHANGE = {"share": 0.08, "rate": 0.25, "ratio": 0.25}  # 8 points of a share, a quarter of a rate: what one would act on


@dataclass(frozen=True)
class Goal:
    """What a target, or a part of one, is held against."""

    unit: Unit
    direction: Direction
    standard: float | None
    min_denominator: int
    breaks: tuple[Break, ...] = ()

    def shaped(self, level: str, unit: str, names: Sequence[str], step: int) -> dict[str, Any]:
        """Return what breaks do to a unit's chart: parts, points left out, and how many points make the limits.

        names: of the months that the chart covers. A break outside them does nothing.
        """
        mine = [one for one in self.breaks if one.level in (None, level) and one.unit in ("", unit)]
        at = {does: sorted({names.index(one.month) // step for one in mine if one.does == does and one.month in names})
              for does in ("new part", "left out", "limits until")}  # fmt: skip
        found: dict[str, Any] = {"split": [one for one in at["new part"] if one > 0], "exclude": at["left out"]}
        if at["limits until"] and at["limits until"][0] > 1:
            found["freeze"] = at["limits until"][0]
        return found


@dataclass(frozen=True)
class Places:
    """Where the cells of each unit stand, by grouping and label: in the periods of a chart, and by year.

    step: by grouping, the months in a period of its chart; YEAR where there is none.
    """

    finest: Mapping[tuple[str, str], NDArray[np.int64]]
    yearly: Mapping[tuple[str, str], NDArray[np.int64]]
    step: Mapping[str, int]

    @staticmethod
    def of(cells: Cells, months: Months) -> Places:
        """Return them; -1 where there is no such cell."""
        step: dict[str, int] = {}
        for grouping, one in zip(cells.grouping, cells.step.tolist(), strict=True):
            step[grouping] = min(step.get(grouping, YEAR), one)
        found: dict[bool, dict[tuple[str, str], NDArray[np.int64]]] = {True: {}, False: {}}
        for at, key in enumerate(zip(cells.grouping, cells.label, strict=True)):
            one = int(cells.step[at])
            if one in (YEAR, step[key[0]]):
                many = len(months.years) if one == YEAR else months.count // one
                found[one == YEAR].setdefault(key, np.full(many, -1, np.int64))[cells.period[at]] = at
        return Places(found[False], found[True], step)


def points(cells: Cells, at: NDArray[np.int64], unit: Unit) -> dict[str, Any]:
    """Return cells as they may be shown, as columns; None where nothing may or can be told.

    hidden: there is something, and it may not be shown.
    """
    there = at >= 0
    shown = there & ~cells.hidden[at]
    counts = np.where(shown[:, None], cells.counts[at], 0)
    told = valued(unit, counts[:, 0], counts[:, 1])
    unknown = shown & ~cells.hidden_unknown[at]
    return {
        "numerator": [int(n) if ok else None for n, ok in zip(counts[:, 0], shown, strict=True)],
        "denominator": numbers(told.denominator, shown, 0 if unit == "share" else 3),
        "unknown": [int(n) if ok else None for n, ok in zip(cells.unknown[at], unknown, strict=True)],
        "value": numbers(told.value, shown),
        "low": numbers(told.low, shown),
        "high": numbers(told.high, shown),
        "hidden": (there & cells.hidden[at]).tolist(),
    }


def chart_of(cells: Cells, at: NDArray[np.int64], goal: Goal, shape: Mapping[str, Any] | None = None) -> Chart:
    """Return the chart of a unit's periods: p or u, and p' or u' where rates vary more than counts explain.

    shape: parts, points left out, and how many points make the limits (`Goal.shaped`).
    """
    shown = (at >= 0) & ~cells.hidden[at]
    counts = np.where(shown[:, None], cells.counts[at], 0)
    over = valued(goal.unit, counts[:, 0], counts[:, 1]).denominator
    over = np.where(shown & (over > 0), over, np.nan)
    plain: Literal["p", "u"] = "p" if goal.unit == "share" else "u"
    shape = shape or {}
    base = np.ones(len(over), dtype=bool)
    base[list(shape.get("exclude", ()))] = False
    kind, _ = choose(counts[:, 0], over, plain, used=base)
    per = PER[goal.unit]
    return chart(kind, counts[:, 0], over, direction=goal.direction, target=goal.standard, multiply=per, **shape)


def series_of(cells: Cells, places: Places, goal: Goal, months: Months) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield level, unit and what is told of it over the periods of its chart, or over the years where it has none."""
    for (level, unit), yearly in ({**places.yearly, **places.finest}).items():
        if level not in SERIES:
            continue
        at = places.finest.get((level, unit), yearly)
        drawn = chart_of(cells, at, goal, goal.shaped(level, unit, months.names(), places.step[level]))
        told = {"step": places.step[level], **points(cells, at, goal.unit), "chart": lines(drawn)}
        years = places.yearly.get((level, unit), np.zeros(0, np.int64))
        yield level, unit, {**told, "facts": facts(cells, years, drawn, goal, months, sum(told["hidden"]))}


def facts(
    cells: Cells, yearly: NDArray[np.int64], drawn: Chart, goal: Goal, months: Months, hidden: int
) -> dict[str, Any]:
    """Return the three facts: the standard in the latest whole year, variation and assurance over its chart.

    hidden: how many points of the chart may not be shown. Those are the low or the high ones: beyond a fifth of all
    points the chart says nothing of level and change.
    """
    sees = delay(_sigmas(drawn, goal.unit))
    return {
        **year_facts(cells, yearly, goal, months),
        **chart_facts(drawn, hidden),
        "sees": {"change": CHANGE[goal.unit], "median": sees.median, "most": sees.most},
    }


def chart_facts(drawn: Chart, hidden: int) -> dict[str, Any]:
    """Return what a chart says: variation, assurance, the signal of its latest point, how often chance gives one."""
    latest = latest_signal(drawn)
    used = int(drawn.used.sum())
    whole = used >= (1 - MOST_HIDDEN) * (used + hidden)
    alarms = false_alarms(max(used, 12), drawn.rules, drawn.kind)
    return {
        "variation": variation(drawn) if whole else "too_few",
        "assurance": assurance(drawn) if whole else "none",
        "signal": None
        if latest is None or not whole
        else {"at": latest.index, "rule": latest.rule, "side": "above" if latest.side > 0 else "below"},
        "points": used,
        "false_alarms": {"latest": round(alarms.latest, 4), "any": round(alarms.any, 4)},
    }


def _sigmas(drawn: Chart, unit: Unit) -> float:
    """Return how many standard deviations of its latest point the change is that a chart is asked to see."""
    used = np.flatnonzero(drawn.used)
    if not len(used):
        return 0.0
    at = used[-1]
    centre = float(drawn.centre[at])
    sigma = max(float(drawn.upper[at]) - centre, centre - float(drawn.lower[at])) / 3  # one of them may be cut off
    change = CHANGE[unit] if unit == "share" else CHANGE[unit] * centre
    return change / sigma if sigma > 0 else 0.0


def year_facts(cells: Cells, yearly: NDArray[np.int64], goal: Goal, months: Months) -> dict[str, Any]:
    """Return whether the standard is met in the latest whole year that may be shown, and which that is."""
    shown = [year for year, at in enumerate(yearly.tolist()) if at >= 0 and not cells.hidden[at]]
    if not shown:
        return {"standard": "undecided" if goal.standard is not None else "no_standard", "year": None}
    at = yearly[shown[-1]]
    one = valued(goal.unit, cells.counts[at, 0], cells.counts[at, 1])
    size = cells.people[at] if goal.unit == "rate" else one.denominator
    status = verdict(
        float(one.low),
        float(one.high),
        standard=goal.standard,
        direction=goal.direction,
        enough=bool(size >= goal.min_denominator),
    )
    return {"standard": status, "year": months.years[shown[-1]]}


def lines(drawn: Chart) -> dict[str, Any]:
    """Return a chart's lines and marks as they are told; None where there is no limit."""
    every: Bools = np.ones(len(drawn.value), dtype=bool)
    return {
        "kind": drawn.kind,
        "sigma_z": None if drawn.sigma_z is None or np.isnan(drawn.sigma_z) else round(drawn.sigma_z, 2),
        **{name: numbers(getattr(drawn, name), every) for name in ("centre", "lower", "upper")},
        "parts": np.unique(drawn.part, return_index=True)[1].tolist(),
        "left_out": np.flatnonzero(~drawn.used & ~np.isnan(drawn.value)).tolist(),
        "limits_until": next(iter(np.flatnonzero(drawn.used & ~drawn.baseline).tolist()), None),
        "flagged": {rule: np.flatnonzero(which).tolist() for rule, which in drawn.flagged.items() if which.any()},
        "runs": [
            {
                "points": run.n_useful,
                "longest": run.longest,
                "longest_most": run.longest_max,
                "crossings": run.crossings,
                "crossings_least": run.crossings_min,
                "signal": bool(run.signal),
            }
            for run in drawn.runs
        ],
    }


def numbers(values: NDArray[np.float64], shown: Bools, digits: int = DIGITS) -> list[float | None]:
    """Return figures as they are told, None where nothing is shown."""
    told = shown & ~np.isnan(values)
    return [round(float(v), digits) if ok else None for v, ok in zip(values, told, strict=True)]
