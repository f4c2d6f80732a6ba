"""Returns what the page of a target shows of its figures: chart, parts, units of one level, gaps and definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.report.html import paragraph
from models.report.targets.definition import balances, definition, english
from models.report.targets.equity import equity_figure, gaps_over_time
from models.report.targets.facts import assured, fact, three
from models.report.targets.glance import goal, latest
from models.report.targets.over_time import breaks, charted, parts, ratio_years
from models.report.targets.units import level_name, levels, missing, of_level, parts_of_units
from service.served import Served
from service.ui.quality_words import TargetWords

Told = Mapping[str, Any]
ORDER = ("hospital", "psychiatric", "municipality", "practice")


def target_view(
    words: TargetWords,
    served: Served,
    told: Told,
    level: str | None,
    *,
    own: tuple[str, str] | None,
) -> dict[str, Any]:
    """Return the parts of a target's page. level: that of the units shown; of the own unit, or the first, by itself."""
    (line,) = [one.model_dump() for one in served.targets if one.id == told["id"]]
    lines = {one.id: one for one in served.targets}
    there = sorted(levels(told), key=ORDER.index)
    at = level if level in there else own[0] if own is not None and own[0] in there else next(iter(there), None)
    return {
        "name": words.of(told["name"]),
        "latest": latest(words, line, line) if line["value"] is not None or line["suppressed"] else None,
        "goal": goal(words, line),
        "facts": _facts(words, told),
        "waits": None if told["chosen"] or not told["waits"] else words("target/waits", why=words.of(told["waits"])),
        "lacking": _lacking(words, told),
        "chart": _over_time(words, lines, told),
        "breaks": breaks(words, told),
        "parts": parts(words, told),
        "balances": balances(words, lambda key: lines[key].model_dump() if key in lines else None, told),
        "levels": {one: level_name(words, told, one) for one in there},
        "level": at,
        "units": "" if at is None else of_level(words, told, at) + parts_of_units(words, told, at),
        "missing": missing(words, told),
        "equity": _equity(words, served, told),
        "equity_title": words("equity/title"),
        "definition": definition(words, told),
        "why": words("target/why"),
        "rationale": english(words, told["rationale"]),
    }


def _facts(words: TargetWords, told: Told) -> str:
    """The three facts of the region; of what is followed in years or gaps alone the first."""
    if told["status"] == "not_measurable":
        return fact(words, "standard", "not_measurable")
    found = told.get("series", {}).get("region", {}).get("")
    if found is None:
        return ""
    return three(words, {**found["facts"], "assurance": assured(found["facts"], told["standard"])})


def _lacking(words: TargetWords, told: Told) -> str | None:
    if told["status"] != "not_measurable":
        return None
    return words("target/lacking", what=words.of(told["lacking"]).rstrip("."))


def _over_time(words: TargetWords, lines: Mapping[str, Any], told: Told) -> str:
    if "ratios" in told:
        return ratio_years(words, told)
    if "over_time" in told:
        return gaps_over_time(words, {key: one.model_dump() for key, one in lines.items()}, told)
    if "series" not in told:
        return ""
    if "region" not in told["series"]:
        return ""
    line = told["series"]["region"][""]
    return charted(words, told, line, told["standard"], words("charts/region"), words.of(told["name"]))


def _equity(words: TargetWords, served: Served, told: Told) -> str:
    """Return the gaps between groups; a sentence where none can be told."""
    cuts = told.get("gaps", {}).values()
    known = [one for cut in cuts for rows in cut["groups"].values() for one in rows["gap"] if one is not None]
    if known:
        return equity_figure(words, told, _gap(served, told["id"]))
    return paragraph(words("equity/none"), "quiet") if cuts else ""


def _gap(served: Served, key: str) -> Told | None:
    """What is told over time of the gap between few resources and the rest in a target."""
    for one in served.targets:
        if one.kind == "equity" and (telling := served.tellings.of(one.id)) is not None:
            found = telling.everything().get("over_time", {}).get(key)
            if found is not None:
                return dict(found)
    return None
