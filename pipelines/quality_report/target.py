"""The section of one target."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import figure, heading, paragraph
from models.report.targets.definition import balances, definition, english
from models.report.targets.equity import equity, gaps_over_time
from models.report.targets.over_time import parts, region, year_forest
from models.report.targets.units import units
from models.report.targets.words import ReportWords
from pipelines.quality_report.first import anchor

Told = Mapping[str, Any]
SEXES = ("", "male", "female")


def section(words: ReportWords, told: Mapping[str, Told], key: str) -> str:
    """Return all that the page says of a target."""
    target = told[key]
    told_parts = [heading(anchor(key), words.of(target["name"]))]
    if not target["chosen"] and target["waits"]:
        told_parts.append(paragraph(words("target/waits", why=words.of(target["waits"])), "soft"))
    if target["status"] == "not_measurable":
        why = words("target/lacking", what=words.of(target["lacking"]).rstrip("."))
        told_parts.append(f'<p class="lacking">{escape(why)}</p>')
    if "ratios" in target:
        told_parts.append(_ratios(words, target))
    elif "over_time" in target:
        told_parts.append(gaps_over_time(words, told, target))
    elif "series" in target and "region" not in target["series"]:
        told_parts.append(paragraph(words("charts/no_period"), "soft"))
    elif "series" in target:
        told_parts.append(region(words, target))
    told_parts += [parts(words, target), balances(words, told, target), definition(words, target)]
    told_parts.append(f'<p class="soft">{escape(words("target/why"))} {english(words, target["rationale"])}</p>')
    told_parts.append(units(words, target))
    told_parts.append(equity(words, target, _gap(told, key)))
    return f'<section class="target">{"".join(told_parts)}</section>'


def _gap(told: Mapping[str, Told], key: str) -> Told | None:
    """What is told over time of the gap between few resources and the rest in a target."""
    return next((one["over_time"][key] for one in told.values() if key in one.get("over_time", {})), None)


def _ratios(words: ReportWords, target: Told) -> str:
    """Return a ratio by year for everybody, men and women; it has no chart within the year."""
    years = target["periods"]["12"]
    groups = {}
    for sex in SEXES:
        rows = target["ratios"].get(sex)
        if rows is not None:
            found = [(year, {name: rows[name][at] for name in rows}) for at, year in enumerate(years)
                     if rows["value"][at] is not None or rows["hidden"][at]]  # fmt: skip
            groups[words(f"ratio/{sex or 'all'}")] = found
    drawn = year_forest(words, target, groups, words.of(target["name"]), wanted=1.0)
    return figure(words("ratio/title"), words("ratio/told"), drawn)
