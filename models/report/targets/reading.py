"""How to read the page."""

from __future__ import annotations

from html import escape

from models.report.html import heading
from models.report.targets.facts import KINDS, SHAPES, fact
from models.report.targets.words import ReportWords

TOPICS = ("standard", "variation", "assurance", "maturity", "unknown", "hidden", "alarms", "action", "ranking",
          "people", "kinds", "expected", "equity")  # fmt: skip
ANSWERS = {
    "standard": ("met", "not_met", "undecided", "no_standard"),
    "variation": ("improvement", "concern", "common_cause", "too_few"),
    "assurance": ("consistently_meets", "hit_or_miss", "consistently_fails"),
}


def how_to_read(words: ReportWords) -> str:
    """Return what each thing on the page means."""
    parts = [heading("how", words("how/title"))]
    for topic in TOPICS:
        parts.append(f"<h3>{escape(words(f'how/{topic}_title'))}</h3><p>{escape(words(f'how/{topic}'))}</p>")
        if topic in KINDS:
            answers = "".join(
                f"<dt>{fact(words, topic, one)}</dt><dd>{escape(words(f'how/{one}'))}</dd>"
                for one in ANSWERS[topic]
                if one in SHAPES
            )
            parts.append(f'<dl class="made answers">{answers}</dl>')
    return f'<section class="how">{"".join(parts)}</section>'
