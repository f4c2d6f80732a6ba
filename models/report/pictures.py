"""The pictures of a report: calibration with the risks below it, net benefit, ROC, and the groups as forests."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.figures import Figures
from models.report.html import figure
from models.report.words import Words
from stratify import charts
from stratify.charts import Estimate, Point

BOUNDS = (0.8, 1.25)  # of observed over expected in a group


def curves(figures: Figures, other: str | None) -> str:
    """Return the three pictures of all people beside each other; `other` is the candidate that was not chosen."""
    words, report = figures.words, figures.report
    first = _calibration(words, report) if report["calibration_curve"] is not None else ""
    drawn = []
    if report["decision_curve"] is not None:
        drawn.append(_decision(words, report, other))
    if report["roc"] is not None:
        names = (words("pictures/false_positive"), words("pictures/true_positive"))
        picture = charts.roc(
            report["roc"], words("pictures/roc"), names=names, told=words("pictures/roc_told"), tongue=words.tongue
        )
        drawn.append(figure(words("pictures/roc"), words("pictures/roc_told"), picture))
    return f'<div class="charts"><div>{first}</div><div>{"".join(drawn)}</div></div>'


def _calibration(words: Words, report: Mapping[str, Any]) -> str:
    tenths = [
        Point(one["mean_risk"], one["observed"]["value"], one["observed"]["low"], one["observed"]["high"])
        for one in report["deciles"]
        if not one["suppressed"] and one["observed"]["value"] is not None
    ]
    title, told = words("pictures/calibration"), words("pictures/calibration_told")
    keys = ("observed", "tenth", "events", "others", "risk")
    observed, tenth, events, others, risk = (words(f"pictures/{key}") for key in keys)
    picture = charts.calibration(
        report["calibration_curve"],
        report["distribution"] or [],
        title,
        tenths=tenths,
        names=(observed, tenth, events, others, risk),
        told=told,
        tongue=words.tongue,
    )
    return figure(title, told, picture)


def _decision(words: Words, report: Mapping[str, Any], other: str | None) -> str:
    beside = report["others"].get(other, {}).get("net_benefit", {})
    title, told = words("pictures/decision"), words("pictures/decision_told")
    picture = charts.decision(
        report["decision_curve"],
        title,
        beside={float(threshold): one["value"] for threshold, one in beside.items()},
        names=(
            words("pictures/model"),
            words("pictures/to_all"),
            words("pictures/to_none"),
            words.named("kinds", other or ""),
            words("pictures/threshold"),
            words("pictures/benefit"),
        ),
        told=told,
        tongue=words.tongue,
    )
    return figure(title, told, picture)


def forests(figures: Figures) -> str:
    """Return observed over expected and the AUROC of every group; a hidden group is a row of words."""
    words, report = figures.words, figures.report
    all_auroc = report["overall"]["auroc"]["value"]
    drawn = _forest(words, report, "oe", "subgroups/oe_chart", "subgroups/told", wanted=1.0, band=BOUNDS)
    if all_auroc is None:
        return f'<div class="wide">{drawn}</div>'
    more = _forest(words, report, "auroc", "subgroups/auroc_chart", "subgroups/auroc_told", wanted=all_auroc)
    summary = escape(words("subgroups/auroc_chart"))
    return f'<div class="wide">{drawn}<details><summary>{summary}</summary>{more}</details></div>'


def _forest(
    words: Words,
    report: Mapping[str, Any],
    name: str,
    title: str,
    told: str,
    *,
    wanted: float,
    band: tuple[float, float] | None = None,
) -> str:
    groups = {
        words.named("factors", factor): [
            _estimate(words, level, levels[level], name) for level in words.ordered(levels)
        ]
        for factor, levels in report["subgroups"].items()
    }
    ratio = name == "oe"
    picture = charts.forest(
        groups,
        words(title),
        width=700,
        left=170,
        right=150,
        log=ratio,
        wanted=wanted,
        band=band,
        reach=(0.7, 1.4) if ratio else (0.5, 0.9),
        limits=(0.25, 4.0) if ratio else (0.0, 1.0),
        digits=2 if ratio else 3,
        told=words(told),
        tongue=words.tongue,
    )
    return figure(words(title), words(told), picture)


def _estimate(words: Words, level: str, of: Mapping[str, Any], name: str) -> Estimate:
    found, wide = of[name], of.get(f"{name}_adjusted") or {}
    named = words.named("levels", level)
    if of["suppressed"] or found["value"] is None:
        told = words.tongue.words["too_few" if of["too_few"] else "hidden"]
        return Estimate(named, None, told=told)
    return Estimate(named, found["value"], found["low"], found["high"], wide.get("low"), wide.get("high"))
