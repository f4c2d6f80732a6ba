"""The section of one target."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

from models.report.html import heading, paragraph
from models.report.targets.definition import balances, definition, english
from models.report.targets.equity import equity, gaps_over_time
from models.report.targets.over_time import parts, ratio_years, region
from models.report.targets.units import units
from models.report.targets.words import ReportWords
from pipelines.quality_report.first import anchor
from stratify.quality.summary import summary

Told = Mapping[str, Any]


def section(words: ReportWords, told: Mapping[str, Told], key: str) -> str:
    """Return all that the page says of a target."""
    target, line_of = told[key], partial(_line, told)
    told_parts = [heading(anchor(key), words.of(target["name"]))]
    if not target["chosen"] and target["waits"]:
        told_parts.append(paragraph(words("target/waits", why=words.of(target["waits"])), "soft"))
    if target["status"] == "not_measurable":
        why = words("target/lacking", what=words.of(target["lacking"]).rstrip("."))
        told_parts.append(f'<p class="lacking">{escape(why)}</p>')
    if "ratios" in target:
        told_parts.append(ratio_years(words, target))
    elif "over_time" in target:
        told_parts.append(gaps_over_time(words, told, target))
    elif "series" in target and "region" not in target["series"]:
        told_parts.append(paragraph(words("charts/no_period"), "soft"))
    elif "series" in target:
        told_parts.append(region(words, target))
    told_parts += [parts(words, target), balances(words, line_of, target), definition(words, target)]
    told_parts.append(f'<p class="soft">{escape(words("target/why"))} {english(words, target["rationale"])}</p>')
    told_parts.append(units(words, target))
    told_parts.append(equity(words, target, _gap(told, key)))
    return f'<section class="target">{"".join(told_parts)}</section>'


def _line(told: Mapping[str, Told], key: str) -> Told | None:
    return summary(dict(told[key])) if key in told else None


def _gap(told: Mapping[str, Told], key: str) -> Told | None:
    """What is told over time of the gap between few resources and the rest in a target."""
    return next((one["over_time"][key] for one in told.values() if key in one.get("over_time", {})), None)
