"""Units and groups beside each other in one year: expected against observed, the funnel, and gaps between groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stratify.quality.counting import LEVELS, OTHER, Tally
from stratify.quality.cuts import NOT_TOLD
from stratify.quality.grid import Cells
from stratify.quality.intervals import byar
from stratify.quality.months import Months
from stratify.quality.parameters import Unit
from stratify.quality.series import DIGITS, Goal, Places, chart_facts, lines, numbers, points
from stratify.quality.spc import chart, funnel
from stratify.quality.values import PER, Valued, difference, valued
from stratify.quality.verdict import verdict

MOST_UNITS_HIDDEN = 1 / 3  # of a level's units, above which no funnel is drawn
MIN_EACH = 30  # people in each group below which a gap is not told


def units_in_years(
    cells: Cells, places: Places, by: Mapping[str, Tally], goal: Goal, months: Months
) -> dict[str, dict[str, Any]]:
    """Return by level the units of each year: counts, the standard, expected by age and sex, and the funnels."""
    return {
        level: {
            str(months.years[year]): found
            for year in range(len(months.years))
            if (found := _year(level, year, cells, places, by, goal))
        }
        for level in LEVELS
        if level in by
    }


def _year(level: str, year: int, cells: Cells, places: Places, by: Mapping[str, Tally], goal: Goal) -> dict[str, Any]:
    keys = [(level, label) for label in by[level].labels]
    keys = [key for key in keys if key in places.yearly and places.yearly[key][year] >= 0]
    if not keys:
        return {}
    at = np.array([places.yearly[key][year] for key in keys])
    order = [by[level].labels.index(label) for _, label in keys]
    observed = cells.counts[at, 0].astype(np.float64)
    unit, region = by[level], by["region"]
    expected = expected_by(unit.years, region.years)[order, year]
    shown = ~cells.hidden[at]
    told: dict[str, Any] = {
        "units": [label for _, label in keys],
        **points(cells, at, goal.unit),
        "standard": _standards(cells, at, goal),
        **_against("", observed, expected, shown),
    }
    if has_case_mix(region, year):
        told |= _against("_case_mix", observed, expected_by(unit.mix, region.mix)[order, year], shown)
    if level == "region":
        return told
    named = np.array([label not in (OTHER, NOT_TOLD, "") for _, label in keys])
    there = named & (~shown | cells.counts[at].any(axis=1))
    if (there & ~shown).sum() > MOST_UNITS_HIDDEN * there.sum():  # those left were chosen by their counts
        return {**told, "funnel": None, "funnel_oe": None}
    compared = shown & named
    whole = valued(goal.unit, cells.counts[at, 0], cells.counts[at, 1]).denominator
    plain: Literal["p", "u"] = "p" if goal.unit == "share" else "u"
    told["funnel"] = _funnel(observed, np.where(compared, whole, np.nan), None, plain, PER[goal.unit])
    told["funnel_oe"] = _funnel(observed, np.where(compared & (expected > 0), expected, np.nan), 1.0, "u", 1.0)
    return told


def _funnel(
    observed: NDArray[np.float64], over: NDArray[np.float64], centre: float | None, kind: Literal["p", "u"], per: float
) -> dict[str, Any] | None:
    if not (over > 0).any():
        return None
    found = funnel(np.where(over > 0, observed, np.nan), over, centre, kind=kind)
    return {
        "kind": kind,
        "centre": round(found.centre * per, DIGITS),
        **{
            name: numbers(getattr(found, name) * per, found.used)
            for name in ("lower95", "upper95", "lower998", "upper998")
        },
        "outside": [int(one) if ok else None for one, ok in zip(found.outside, found.used, strict=True)],
        "phi": round(float(found.phi), 3) if not np.isnan(found.phi) else None,
        "overdispersed": bool(found.overdispersed),
        "widened": bool(found.widened),
    }


def _standards(cells: Cells, at: NDArray[np.int64], goal: Goal) -> list[str | None]:
    """Return whether each unit met the standard; None where it may not be shown, or nobody is in it."""
    one = valued(goal.unit, cells.counts[at, 0], cells.counts[at, 1])
    shown = ~cells.hidden[at] & (one.denominator > 0)
    enough = (cells.people[at] if goal.unit == "rate" else one.denominator) >= goal.min_denominator
    return [
        verdict(float(low), float(high), standard=goal.standard, direction=goal.direction, enough=bool(many))
        if told
        else None
        for low, high, many, told in zip(one.low, one.high, enough, shown, strict=True)
    ]


def _against(name: str, observed: NDArray[np.float64], expected: NDArray[np.float64], shown: Any) -> dict[str, Any]:
    low, high = byar(observed, expected)
    return {
        f"expected{name}": numbers(expected, shown, 3),
        f"oe{name}": numbers(observed / np.where(expected > 0, expected, np.nan), shown),
        f"oe{name}_low": numbers(low, shown),
        f"oe{name}_high": numbers(high, shown),
    }


def expected_by(units: NDArray[np.int64], region: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return float64[units, years]: what each would have with the region's rates of that year in its own strata.

    units, region: `years` or `mix` of their tallies. The region's rates hold the unit itself: the expected numbers of
    all units add up to what was observed.
    """
    among, counted = region[0, ..., 0].astype(float), region[0, ..., 1].astype(float)
    rate = np.divide(counted, among, out=np.zeros_like(counted), where=among > 0)
    found: NDArray[np.float64] = (units[..., 0] * rate[None]).sum(axis=2)
    return found


def has_case_mix(region: Tally, year: int) -> bool:
    """Whether all with an age and a sex have a band of risk in a year: they were scored on the 1 January before."""
    return bool(region.mix.shape[2]) and int(region.mix[0, year, -1, 0]) == int(region.years[0, year, -1, 0])


def gaps(
    cells: Cells, places: Places, by: Mapping[str, Tally], goal: Goal, months: Months
) -> dict[str, dict[str, Any]]:
    """Return by cut each group by year, and the gap between it and everybody else, with its interval.

    A gap is told only where the group and the rest may be shown, each with 30 people or more.
    """
    region = places.yearly.get(("region", ""), np.zeros(0, np.int64))
    found: dict[str, dict[str, Any]] = {}
    for cut, tally in by.items():
        if cut in LEVELS:
            continue
        groups = {}
        for label in tally.labels:
            at = places.yearly.get((cut, label))
            if at is None or label == NOT_TOLD:
                continue
            groups[label] = {**points(cells, at, goal.unit), **_gap(cells, at, region, goal.unit)}
        if groups:
            found[cut] = {"years": [str(one) for one in months.years], "groups": groups}
    return found


def _gap(cells: Cells, at: NDArray[np.int64], region: NDArray[np.int64], unit: Unit) -> dict[str, Any]:
    counts, rest = cells.counts[at], cells.counts[region] - cells.counts[at]
    one, other = valued(unit, counts[:, 0], counts[:, 1]), valued(unit, rest[:, 0], rest[:, 1])
    people = (cells.people[at], cells.people[region] - cells.people[at])
    big = _big(one, other, people, unit)
    shown = (at >= 0) & (region >= 0) & ~cells.hidden[at] & ~cells.hidden[region] & big & _safe(rest, unit)
    gap, low, high = difference(one, other)
    return {"gap": numbers(gap, shown), "gap_low": numbers(low, shown), "gap_high": numbers(high, shown)}


def _big(one: Valued, other: Valued, people: tuple[NDArray[np.int64], NDArray[np.int64]], unit: Unit) -> Any:
    sizes = people if unit == "rate" else (one.denominator, other.denominator)
    return (sizes[0] >= MIN_EACH) & (sizes[1] >= MIN_EACH)


def _safe(rest: NDArray[np.int64], unit: Unit) -> Any:
    """The rest is a cell like any other: hidden where its own counts are small."""
    parts = rest[:, :1] if unit == "rate" else rest
    return ~((parts > 0) & (parts < 5)).any(axis=1)


def gap_over_time(cells: Cells, places: Places, unit: Unit, cut: str, group: str, rest: str) -> dict[str, Any] | None:
    """Return the gap between two groups over time, with its run chart, and by year; None where they are not there.

    A period is told only where both groups may be shown, each with 30 people or more. An improvement is a gap that gets
    nearer to 0.
    """
    if (cut, group) not in places.yearly or (cut, rest) not in places.yearly:
        return None
    finest = places.finest if (cut, group) in places.finest else places.yearly
    by_year = _between(cells, places.yearly[cut, group], places.yearly[cut, rest], unit)
    told = _between(cells, finest[cut, group], finest[cut, rest], unit)
    value = np.array([np.nan if one is None else one for one in told["value"]])
    drawn = chart("run", value, direction=_closing(value))
    return {
        "step": places.step[cut],
        **told,
        "by_year": by_year,
        "direction": drawn.direction,
        "chart": lines(drawn),
        "facts": chart_facts(drawn, sum(told["hidden"])),
    }


def _closing(gap: NDArray[np.float64]) -> Literal["higher", "lower"]:
    """Return which way a gap closes, whoever it favours: up where most of it lies below 0."""
    told = gap[~np.isnan(gap)]
    return "higher" if len(told) and float(np.median(told)) < 0 else "lower"


def _between(cells: Cells, one: NDArray[np.int64], other: NDArray[np.int64], unit: Unit) -> dict[str, Any]:
    first = valued(unit, cells.counts[one, 0], cells.counts[one, 1])
    second = valued(unit, cells.counts[other, 0], cells.counts[other, 1])
    big = _big(first, second, (cells.people[one], cells.people[other]), unit)
    there = (one >= 0) & (other >= 0)
    shown = there & ~cells.hidden[one] & ~cells.hidden[other] & big
    gap, low, high = difference(first, second)
    return {
        "value": numbers(gap, shown),
        "low": numbers(low, shown),
        "high": numbers(high, shown),
        "hidden": (there & ~shown).tolist(),
    }
