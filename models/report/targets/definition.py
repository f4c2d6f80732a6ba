"""What a target counts: its definition, how long it takes to be mature, and where it is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from models.report.targets.glance import goal, latest
from models.report.targets.words import ReportWords

Told = Mapping[str, Any]


def definition(words: ReportWords, target: Told) -> str:
    """Return what is counted among whom, who is not known, which way is better, and the source."""
    told = [(name, escape(words.of(target[f"{name}_text"]))) for name in ("numerator", "denominator", "unknown")]
    told.append(("direction", escape(words(f"directions/{target['direction']}"))))
    standard = goal(words, target) if target["standard"] is not None else escape(words("standard/no_standard"))
    if target["standard_source"]:
        standard += f"<br>{english(words, target['standard_source'])}"
    told.append(("goal", standard))
    if target["maturity_days"]:
        days = words.tongue.number(target["maturity_days"], 0)
        told.append(("maturity", escape(words("definition/days", n=days))))
    told.append(("source", english(words, target["source"]) + unverified(words, target["provenance"])))
    rows = "".join(f"<dt>{escape(words(f'definition/{name}'))}</dt><dd>{cell}</dd>" for name, cell in told)
    return f'<dl class="made defined">{rows}</dl>'


def english(words: ReportWords, told: str) -> str:
    """Return a text that is in English alone, marked as such on a page in another language."""
    return escape(told) if words.code == "en" else f'<span lang="en">{escape(told)}</span>'


def unverified(words: ReportWords, provenance: str) -> str:
    """Return a mark where what stands here was not read in its source."""
    known = {"READ": "", "OURS": "ours"}
    name = known.get(provenance, "unverified")
    return f' <span class="unverified">{escape(words(f"definition/{name}"))}</span>' if name else ""


def balances(words: ReportWords, line_of: Callable[[str], Told | None], target: Told) -> str:
    """Return the targets that balance this one, each with its latest year and a link: one alone may mislead.

    line_of: a target's one line (`stratify.quality.summary`), None where there is no such target.
    """
    items = []
    for key in target["balancing"]:
        line = line_of(key)
        if line is None:
            continue
        if line["status"] == "not_measurable":
            value = escape(words("standard/not_measurable"))
        else:
            value = latest(words, line, line)
        items.append(f'<li><a href="{words.link(key)}">{escape(words.of(line["name"]))}</a>: {value}</li>')
    if not items:
        return ""
    return f'<aside class="balances"><b>{escape(words("definition/balances"))}</b><ul>{"".join(items)}</ul></aside>'
