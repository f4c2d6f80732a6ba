"""The first screen: a verdict, what the model is for and for whom; then the four core figures in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.report.figures import Figures, pointer
from models.report.html import bullets, heading, paragraph
from models.report.verdict import verdict
from models.report.words import Words


def beginning(figures: Figures, card: Mapping[str, Any], gates: Sequence[Mapping[str, str]] | None) -> list[str]:
    """Return what stands before the contents."""
    words, hidden = figures.words, figures.report["suppressed"]
    return [
        warning(words, card),
        f"<h1>{escape(words.of(card['name']))}</h1>",
        f'<p class="lead">{escape(words("page/for_whom", population=words.of(card["population"]["name"])))}</p>',
        paragraph(words("page/nothing_shown"), "statement") if hidden else verdict(figures, card, gates),
        paragraph(words.of(card["intended_use"])),
        f'<h2 class="small">{escape(words("page/must_not"))}</h2>',
        bullets([words.of(told) for told in card["must_not_be_scored"]]),
    ]


def warning(words: Words, card: Mapping[str, Any]) -> str:
    """Return what is said first of a model of made-up people; nothing for one of real people."""
    told = escape(words("page/synthetic"))
    return f'<p class="statement"><strong>{told}</strong></p>' if card["data"]["synthetic"] else ""


def told_threshold(report: Mapping[str, Any]) -> int:
    """Return which agreed threshold is told of: that which flags nearest to the most places, else the lowest.

    It hangs on how many lie above it, never on what came of them.

    >>> agreed = [{"threshold": 0.1, "flagged": 0.6}, {"threshold": 0.2, "flagged": 0.15}]
    >>> told_threshold({"capacity": [{"share": 0.05}, {"share": 0.1}], "decision_curve": {"agreed": agreed}})
    1
    """
    places, agreed = most_places(report), report["decision_curve"]["agreed"]
    known = [nth for nth, one in enumerate(agreed) if one["flagged"] is not None]
    if not known:
        return min(range(len(agreed)), key=lambda nth: agreed[nth]["threshold"])
    return min(known, key=lambda nth: abs(agreed[nth]["flagged"] - places))


def most_places(report: Mapping[str, Any]) -> float:
    """Return the largest share of the people that somebody may have places for."""
    return max(float(one["share"]) for one in report["capacity"])


def core_figures(figures: Figures, card: Mapping[str, Any]) -> list[str]:
    """Return whom the model was measured on and the four core figures; nothing where none may be shown."""
    words, report, tongue = figures.words, figures.report, figures.tongue
    if report["suppressed"]:
        return []
    nth = told_threshold(report)
    agreed = report["decision_curve"]["agreed"][nth]
    place = pointer("decision_curve", "agreed", nth)
    threshold = escape(tongue.percent(agreed["threshold"], 0))
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
        threshold=threshold,
        flagged=figures.share(f"{place}/flagged"),
        places=escape(tongue.percent(most_places(report), 0)),
        everyone=figures.figure(f"{place}/treat_all", 4),
        weight=tongue.number((1 - agreed["threshold"]) / agreed["threshold"], 1),
    )
    spread = words("core/spread_told").format(
        threshold=threshold,
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
    return [
        heading("core", words("core/title"), small=True),
        f'<p>{served}</p><div class="core">{"".join(parts)}</div><p class="soft">{hiding}</p>',
    ]


def _one(asked: str, found: str, told: str) -> str:
    return f'<section><h3>{escape(asked)}</h3><p class="big">{found}</p><p>{told}</p></section>'
