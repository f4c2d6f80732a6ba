"""What signals now, in words: how many charts, how many chance alone would bring, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.report.html import table
from models.report.targets.facts import fact
from models.report.targets.signals import GAP, Expected, Watched
from models.report.targets.words import ReportWords

Told = Mapping[str, Any]


def signal_table(words: ReportWords, told: Mapping[str, Told], watched: Sequence[Watched]) -> str:
    """Return the charts that signal, "" where none does. told: the `name` of each target and of its `parts`."""
    rows = []
    for one in (one for one in watched if one.signals):
        name = f'<a href="{words.link(one.target)}">{escape(words.of(told[one.target]["name"]))}</a>'
        shown = "" if one.variation == "too_few" else fact(words, "variation", one.variation)
        rule = words(f"rules/{one.rule}_{one.side}")
        rows.append([name, escape(where(words, told, one)), shown, escape(rule), escape(words.period(one.period))])
    head = [words(f"signals/{name}") for name in ("target", "where", "what", "rule", "when")]
    return table(head, rows, names=5, style="signals") if rows else ""


def sentence(words: ReportWords, found: Expected) -> str:
    """Return how many charts signal and how many would if nothing had changed."""
    number = words.tongue.number
    told = {"signals": number(found.signals, 0), "charts": number(found.charts, 0), "mean": number(found.mean, 1),
            "low": number(found.low, 0), "high": number(found.high, 0)}  # fmt: skip
    if not found.charts:
        return words("signals/no_charts")
    side = "above" if found.signals > found.high else "below" if found.signals < found.low else "within"
    return f"{words('signals/sentence', **told)} {words(f'signals/{side}')}"


def where(words: ReportWords, told: Mapping[str, Told], one: Watched) -> str:
    """Return whose a chart is: of a unit, of a part in a unit, or of a gap."""
    if one.level == GAP:
        return words("signals/gap", name=words.of(told[one.part]["name"]) if one.part in told else one.part)
    part = told[one.target].get("parts", {}).get(one.part)
    place = words.unit(one.unit)
    return place if part is None else f"{words.of(part.get('name', one.part))}: {place}"
