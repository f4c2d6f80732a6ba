"""Every published cell of targets as a row: units and groups by period, with the chart's lines where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

POINT = ("target", "part", "grouping", "label", "period", "numerator", "denominator", "unknown", "value", "low", "high",
         "hidden", "mature", "centre", "lower", "upper", "flagged", "oe", "oe_low", "oe_high", "oe_case_mix",
         "oe_case_mix_low", "oe_case_mix_high")  # fmt: skip
AGAINST = POINT[-6:]  # of units in a year
WORDS = {
    "target": "mål", "part": "del", "grouping": "inddeling", "label": "enhed_eller_gruppe", "period": "periode",
    "numerator": "tæller", "denominator": "nævner", "unknown": "uoplyst", "value": "værdi", "low": "nedre_95",
    "high": "øvre_95", "hidden": "skjult", "mature": "moden", "centre": "midte", "lower": "nedre_kontrolgrænse",
    "upper": "øvre_kontrolgrænse", "flagged": "signal", "oe": "observeret_over_forventet",
    "oe_low": "observeret_over_forventet_nedre_95", "oe_high": "observeret_over_forventet_øvre_95",
    "oe_case_mix": "efter_beregnet_risiko", "oe_case_mix_low": "efter_beregnet_risiko_nedre_95",
    "oe_case_mix_high": "efter_beregnet_risiko_øvre_95",
}  # fmt: skip


def points(told: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every published cell: units and groups by period, with the chart's lines where there is one."""
    for key, one in told.items():
        for part, said in [("", one), *one.get("parts", {}).items()]:
            if part and not _counted(said):
                continue  # no register tells it: nobody is in it, which is not 0
            yield from _points(key, part, said, one["periods"], one["mature"])
        for name, gap in one.get("over_time", {}).items():
            ready = [True] * len(gap["value"])
            yield from _line(key, name, "gap", "", one["periods"][str(gap["step"])], gap, ready)
        for name, rows in one.get("ratios", {}).items():
            ready = [value is not None or hidden for value, hidden in zip(rows["value"], rows["hidden"], strict=True)]
            yield from _line(key, "", "sex" if name else "region", name, one["periods"]["12"], rows, ready)


def _counted(part: Mapping[str, Any]) -> bool:
    """Whether a register tells a part: somebody has an answer to it, in some year."""
    return any(any(rows["denominator"]) or any(rows["hidden"]) for rows in part["units"]["region"].values())


def _points(
    key: str, part: str, said: Mapping[str, Any], periods: Mapping[str, list[str]], mature: list[bool]
) -> Iterator[dict[str, Any]]:
    for level, units in said.get("series", {}).items():
        for unit, line in units.items():
            step = line["step"]
            ready = [all(mature[at * step : (at + 1) * step]) for at in range(len(line["value"]))]
            if step != 12:  # years stand below
                yield from _line(key, part, level, unit, periods[str(step)], line, ready)
    for level, years in said.get("units", {}).items():
        for year, rows in years.items():
            for at, unit in enumerate(rows["units"]):
                yield _row(key, part, level, unit, year, rows, at, True)
    for cut, told in said.get("gaps", {}).items():
        for group, rows in told["groups"].items():
            for at, year in enumerate(told["years"]):
                yield _row(key, part, cut, group, year, rows, at, True)


def _line(
    key: str, part: str, level: str, unit: str, periods: list[str], line: Mapping[str, Any], ready: list[bool]
) -> Iterator[dict[str, Any]]:
    chart = line.get("chart", {})
    rules: dict[int, list[str]] = {}
    for rule, which in chart.get("flagged", {}).items():
        for at in which:
            rules.setdefault(at, []).append(rule)
    for at in range(len(line["value"])):
        row = _row(key, part, level, unit, periods[at], line, at, ready[at])
        limits = {name: chart[name][at] for name in ("centre", "lower", "upper") if name in chart}
        yield row | limits | {"flagged": " ".join(rules.get(at, []))}


def _row(
    key: str, part: str, grouping: str, label: str, period: str, rows: Mapping[str, Any], at: int, mature: bool
) -> dict[str, Any]:
    counted = ("numerator", "denominator", "unknown", "value", "low", "high", "hidden", *AGAINST)
    return {
        "target": key, "part": part, "grouping": grouping, "label": label, "period": period,
        **{name: rows[name][at] if name in rows else None for name in counted},
        "mature": mature, "centre": None, "lower": None, "upper": None, "flagged": "",
    }  # fmt: skip
