"""What a target counts: its definition, how long it takes to be mature, and where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.targets.glance import goal, latest
from models.report.targets.words import ReportWords
from stratify.quality.summary import summary

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


def balances(words: ReportWords, told: Mapping[str, Told], target: Told) -> str:
    """Return the targets that balance this one, each with its latest year and a link: one alone may mislead."""
    items = []
    for key in target["balancing"]:
        if key not in told:
            continue
        other, line = told[key], summary(dict(told[key]))
        if line["status"] == "not_measurable":
            value = escape(words("standard/not_measurable"))
        else:
            value = latest(words, line, other)
        items.append(f'<li><a href="{words.link(key)}">{escape(words.of(other["name"]))}</a>: {value}</li>')
    if not items:
        return ""
    return f'<aside class="balances"><b>{escape(words("definition/balances"))}</b><ul>{"".join(items)}</ul></aside>'
