"""How far groups are from everybody else: gaps with their intervals, and few resources year by year."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import figure, paragraph, table
from models.report.targets.drawn import chart_of, is_chart, periods
from models.report.targets.facts import fact
from models.report.targets.figures import Figures
from models.report.targets.words import ReportWords
from stratify.charts import Estimate, control, forest

Told = Mapping[str, Any]
TWO = ("few_resources", "psychiatric_somatic", "smi", "cohabitation", "sex")  # cuts in two: one gap mirrors the other
ONE = {"few_resources": "yes", "psychiatric_somatic": "yes", "smi": "yes", "cohabitation": "alone", "sex": "female"}
ORDER = (*TWO, "education", "income", "origin", "distance")


def equity(words: ReportWords, target: Told, over_time: Told | None) -> str:
    """Return a forest of gaps by cut in the latest year, and of few resources by year, with its heading."""
    drawn = equity_figure(words, target, over_time)
    return f"<h3>{escape(words('equity/title'))}</h3>{drawn}" if drawn else ""


def equity_figure(words: ReportWords, target: Told, over_time: Told | None) -> str:
    """Return the same without the heading; "" where no gap is told."""
    cuts = target.get("gaps", {})
    years = next((list(one["years"]) for one in cuts.values()), [])
    if not years:
        return ""
    at = _latest(cuts, len(years))
    figures = Figures(words, target["unit"])
    groups: dict[str, list[Estimate]] = {}
    for cut in sorted(cuts, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)):
        found = cuts[cut]["groups"]
        head = words("equity/each") if cut in TWO else words.named("cuts", cut)
        for label in _ordered(cut, found):
            gap = [found[label][name][at] for name in ("gap", "gap_low", "gap_high")]
            groups.setdefault(head, []).append(_estimate(words, figures, words.group(cut, label), gap))
    if over_time is not None:
        by_year = over_time["by_year"]
        groups[words("equity/few_by_year")] = [
            _estimate(words, figures, year, [by_year[name][nth] for name in ("value", "low", "high")])
            for nth, year in enumerate(years)
        ]
    drawn = gap_forest(words, figures, groups, f"{words.of(target['name'])}: {words('equity/title')}")
    caption = words(
        "equity/told", year=years[at], side=words(f"equity/{target['direction']}"), unit=words(f"gaps/{target['unit']}")
    )
    return figure("", caption, drawn)


def gap_forest(words: ReportWords, figures: Figures, groups: Mapping[str, list[Estimate]], title: str) -> str:
    """Return gaps with their intervals around 0."""
    ends = [abs(end) for rows in groups.values() for one in rows for end in (one.low, one.high) if end is not None]
    reach = max([*ends, 1.0])
    return forest(groups, title, log=False, wanted=0.0, reach=(-reach, reach), limits=(-reach, reach),
                  told=words("equity/described"), digits=figures.digits, tongue=words.tongue)  # fmt: skip


def gaps_over_time(words: ReportWords, told: Mapping[str, Told], target: Told) -> str:
    """Return the gap between few resources and the rest in each target that is a share: latest year and run charts."""
    figures = Figures(words, "share")
    rows, charts = [], []
    for key, line in target["over_time"].items():
        other = told.get(key, {"name": key, "direction": "lower", "unit": "share"})
        name = words.of(other["name"])
        years = target["periods"]["12"]
        by_year = line["by_year"]
        there = [at for at, one in enumerate(by_year["value"]) if one is not None]
        at = there[-1] if there else len(years) - 1
        gap = figures.gap(*(by_year[one][at] for one in ("value", "low", "high")))
        link = f'<a href="{words.link(key)}">{escape(name)}</a>'
        cells = [gap, years[at] if there else "–", words(f"directions/{other['direction']}")]
        rows.append([link, *map(escape, cells), fact(words, "variation", line["facts"]["variation"])])
        if is_chart(line):
            chart = chart_of(line, target, None)
            drawn = control(
                chart, [words.axis(one) for one in periods(line, target)], f"{name}: {words('equity/over_time')}",
                unit=words("gaps/axis"), write=lambda value: words.tongue.number(100 * value, 1),
                hidden=line["hidden"], period=words(f"charts/step_{line['step']}"), height=280, tongue=words.tongue,
            )  # fmt: skip
            charts.append(figure(name, words("charts/run"), drawn))
    if not rows:
        return paragraph(words("equity/none"), "soft")
    head = [words(f"equity/{one}") for one in ("target", "gap", "year", "better", "variation")]
    return paragraph(words("equity/reads")) + table(head, rows, names=5) + "".join(charts)


def _latest(cuts: Mapping[str, Any], years: int) -> int:
    """The latest year in which anything is told of any group, else the last."""
    there = [at for one in cuts.values() for rows in one["groups"].values() for at, hidden in enumerate(rows["hidden"])
             if hidden or rows["value"][at] is not None]  # fmt: skip
    return max(there, default=years - 1)


def _ordered(cut: str, found: Mapping[str, Any]) -> list[str]:
    if cut in ONE and ONE[cut] in found:
        return [ONE[cut]]
    order = ("short", "medium", "long", "low", "middle", "high", "danish", "immigrant", "descendant", "below 10 km",
             "10 to 30 km", "30 km or more")  # fmt: skip
    return sorted(found, key=lambda label: order.index(label) if label in order else len(order))


def _estimate(words: ReportWords, figures: Figures, name: str, gap: list[float | None]) -> Estimate:
    value, low, high = gap
    if value is None or low is None or high is None:
        return Estimate(name, None, told=words("values/untold"))
    return Estimate(name, figures.scale * value, figures.scale * low, figures.scale * high)
