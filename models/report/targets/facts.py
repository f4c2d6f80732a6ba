"""The three facts of a target, each in words and in a shape of its own: no colours that say good or bad."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.targets.words import ReportWords

STRONG = {"not_met", "concern", "consistently_fails"}  # what is to be acted on stands in bold
GOAL = '<path class="s-goal" d="M1 8h18"/>'
CUT = '<path class="s-cut" d="M10 4v4.6m0 1.8v1.8"/>'
SHAPES = {
    "met": '<circle class="s-full" cx="10" cy="8" r="5.5"/>',
    "not_met": '<path class="s-full" d="M10 1.5l7 12.5h-14z"/>',
    "undecided": '<circle class="s-line" cx="10" cy="8" r="5"/>',
    "no_standard": '<path class="s-line" d="M5 8h10"/>',
    "not_measurable": '<path class="s-line" d="M5 3l10 10m0 -10l-10 10"/>',
    "improvement": '<path class="s-line" d="M10 2v12m-6 -6h12"/>',
    "concern": '<path class="s-full" d="M10 0.5l7.5 7.5l-7.5 7.5l-7.5 -7.5z"/>' + CUT,
    "common_cause": '<path class="s-line" d="M1 8q3 -9 6 0t6 0t6 0"/>',
    "too_few": '<path class="s-dots" d="M4 8h.01m5.99 0h.01m5.99 0h.01"/>',
    "consistently_meets": GOAL + '<path class="s-line" d="M1 4q2.2 -4 4.5 0t4.5 0t4.5 0t4.5 0"/>',
    "hit_or_miss": GOAL + '<path class="s-line" d="M1 8q2.2 -12 4.5 0t4.5 0t4.5 0t4.5 0"/>',
    "consistently_fails": GOAL + '<path class="s-line" d="M1 12.5q2.2 -4 4.5 0t4.5 0t4.5 0t4.5 0"/>',
    "none": '<path class="s-line" d="M5 8h10"/>',
}
KINDS = ("standard", "variation", "assurance")


def fact(words: ReportWords, kind: str, what: str | None) -> str:
    """Return a fact in words beside its shape; a dash where nothing is told."""
    if what is None:
        return "–"
    style = "fact strong" if what in STRONG else "fact"
    return f'<span class="{style}">{shape(what)} {escape(words(f"{kind}/{what}"))}</span>'


def shape(what: str) -> str:
    """Return the shape of a fact; a screen reader has its words."""
    return f'<svg class="shape" viewBox="0 0 20 16" width="20" height="16" aria-hidden="true">{SHAPES[what]}</svg>'


def three(words: ReportWords, facts: Mapping[str, Any]) -> str:
    """Return the three facts one after the other, each with its question."""
    told = "".join(
        f"<div><dt>{escape(words(f'facts/{kind}'))}</dt><dd>{fact(words, kind, facts[kind])}</dd></div>"
        for kind in KINDS
    )
    return f'<dl class="three">{told}</dl>'


def assured(facts: Mapping[str, Any], standard: float | None) -> str:
    """Return the assurance as it is told: without a standard there is none, with too few points nothing is said."""
    if standard is not None and facts["assurance"] == "none":
        return "too_few"
    return str(facts["assurance"])
