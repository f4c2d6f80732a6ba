"""The first screen: what data, every chosen target with its three facts, and what signals now."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import heading, paragraph
from models.report.targets.glance import COLUMNS, gaps_told, glance
from models.report.targets.signal_words import sentence, signal_table
from models.report.targets.signals import Expected, Watched
from models.report.targets.words import ReportWords
from stratify.quality.summary import summary

Told = Mapping[str, Any]


def beginning(words: ReportWords, made: Mapping[str, Any]) -> str:
    """Return the title, what data these are and when they were delivered; of synthetic data it is said first."""
    invented = f'<p class="statement">{escape(words("page/synthetic"))}</p>' if made["source"] == "synthetic" else ""
    first, last = (words.period(one) for one in made["months"])
    data = words("page/data", first=first, last=last, covers=words.day(made["covers_to"]),
                 delivered=words.day(made["delivered"]))  # fmt: skip
    return f"{invented}<h1>{escape(words('page/title'))}</h1>{paragraph(data, 'lead')}"


def chosen_table(words: ReportWords, told: Mapping[str, Told]) -> str:
    """Return one row for each chosen target: its latest year, its standard, the three facts, and who is not known."""
    names = [words(f"first/{one}") for one in COLUMNS]
    rows = "".join(_row(words, names, one) for one in told.values() if one["chosen"])
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    whole = f"<thead><tr>{top}</tr></thead><tbody>{rows}</tbody>"
    return f'<table class="first"><caption>{escape(words("first/caption"))}</caption>{whole}</table>'


def _row(words: ReportWords, names: list[str], target: Told) -> str:
    head, *rest = glance(words, summary(dict(target)), gaps_told(target))
    told = "".join(f'<td data-is="{escape(name)}">{cell}</td>' for name, cell in zip(names[1:], rest, strict=True))
    return f'<tr><th scope="row">{head}</th>{told}</tr>'


def signals(words: ReportWords, told: Mapping[str, Told], watched: list[Watched], found: Expected) -> str:
    """Return what signals at its latest mature point, and how much of that chance alone would bring."""
    parts = [heading("signals", words("signals/title")), paragraph(sentence(words, found), "verdict-in-words")]
    parts.append(paragraph(words("signals/meaning", few=words.tongue.number(found.too_few, 0)), "soft"))
    return "".join(parts) + signal_table(words, told, watched)


def anchor(key: str) -> str:
    """Return where a target's section is on the page; `ReportWords.link` leads to it."""
    return f"t-{key}"
