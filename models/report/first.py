"""The first screen: what the model is for, for whom, the four core figures in words, the gates, the warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.report.figures import Figures, pointer
from models.report.gates import gates_table
from models.report.html import bullets, paragraph
from models.report.words import Words


def first_screen(figures: Figures, card: Mapping[str, Any], gates: Sequence[Mapping[str, str]] | None) -> list[str]:
    """Return the parts before the first heading."""
    words, report = figures.words, figures.report
    return [
        warning(words, card),
        f"<h1>{escape(words.of(card['name']))}</h1>",
        f'<p class="lead">{escape(words("page/for_whom", population=words.of(card["population"]["name"])))}</p>',
        paragraph(words.of(card["intended_use"])),
        paragraph(words("page/nothing_shown"), "statement") if report["suppressed"] else _core(figures, card),
        gates_table(words, gates) if gates is not None else "",
        f'<h2 class="small">{escape(words("page/must_not"))}</h2>',
        bullets([words.of(told) for told in card["must_not_be_scored"]]),
    ]


def warning(words: Words, card: Mapping[str, Any]) -> str:
    """Return what is said first of a model of made-up people; nothing for one of real people."""
    told = escape(words("page/synthetic"))
    return f'<p class="statement"><strong>{told}</strong></p>' if card["data"]["synthetic"] else ""


def middle_threshold(report: Mapping[str, Any]) -> int:
    """Return which of the agreed thresholds the core figures are told at: the one in the middle.

    >>> middle_threshold({"decision_curve": {"agreed": [{}, {}, {}]}})
    1
    """
    return (len(report["decision_curve"]["agreed"]) - 1) // 2


def _core(figures: Figures, card: Mapping[str, Any]) -> str:
    words, report, tongue = figures.words, figures.report, figures.tongue
    nth = middle_threshold(report)
    agreed = report["decision_curve"]["agreed"][nth]
    place = pointer("decision_curve", "agreed", nth)
    threshold = tongue.percent(agreed["threshold"], 0)
    served = words("page/served").format(
        kind=escape(words.named("kinds", card["kind"])),
        n=figures.count("/n"),
        people=figures.count("/people"),
        events=figures.count("/events"),
        prevalence=figures.share("/prevalence"),
        days=escape(", ".join(card["made_on"]["test"]["landmarks"])),
        horizon=card["horizon_days"],
    )
    points = f" {words('core/points')}"
    calibrated = words("core/calibration_told").format(
        ici=figures.points("/overall/ici") + escape(points),
        slope=figures.figure("/overall/calibration_slope"),
        intercept=figures.figure("/overall/calibration_intercept"),
    )
    benefit = words("core/benefit_told").format(
        threshold=escape(threshold),
        everyone=figures.figure(f"{place}/treat_all", 4),
        weight=tongue.number((1 - agreed["threshold"]) / agreed["threshold"], 1),
    )
    spread = words("core/spread_told").format(
        threshold=escape(threshold),
        flagged=figures.share(f"{place}/flagged"),
        right=figures.share(f"{place}/positive_predictive_value"),
    )
    parts = [
        _one(words("core/auroc"), figures.figure("/overall/auroc"), escape(words("core/auroc_told"))),
        _one(words("core/calibration"), figures.figure("/overall/oe"), calibrated),
        _one(words("core/benefit"), figures.figure(f"{place}/net_benefit", 4), benefit),
        _one(words("core/spread"), figures.share(f"{place}/sensitivity"), spread),
    ]
    hiding = escape(f"{words('page/intervals', bootstraps=str(report['bootstraps']))} {words('page/hiding')}")
    return (
        f"<p>{served}</p><h2 class='small'>{escape(words('core/title'))}</h2>"
        f'<div class="core">{"".join(parts)}</div><p class="soft">{hiding}</p>'
    )


def _one(asked: str, found: str, told: str) -> str:
    return f'<section><h3>{escape(asked)}</h3><p class="big">{found}</p><p>{told}</p></section>'
