"""One target at a glance: its latest year, its standard, the three facts, and who is not known."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.targets.facts import assured, fact
from models.report.targets.figures import Figures
from models.report.targets.words import ReportWords

Told = Mapping[str, Any]
COLUMNS = ("target", "latest", "goal", "standard", "variation", "assurance", "unknown")


def glance(words: ReportWords, line: Told, gaps: tuple[int, int] | None) -> list[str]:
    """Return the cells of a target, from its one line (`stratify.quality.summary`), as `COLUMNS` names them.

    gaps: of a target that is a gap in others, in how many of them it can be told, and of how many.
    """
    name = f'<a href="{words.link(line["id"])}">{escape(words.of(line["name"]))}</a>'
    if line["status"] == "not_measurable":
        return [name, fact(words, "standard", "not_measurable"), goal(words, line), "–", "–", "–", "–"]
    if gaps is not None:
        told = words("first/gaps", n=str(gaps[0]), all=str(gaps[1]))
        return [name, escape(told), goal(words, line), "–", "–", "–", "–"]
    facts, figures = line["facts"], Figures(words, line["unit"])
    return [
        name,
        latest(words, line, line),
        goal(words, line),
        fact(words, "standard", line["status"]),
        fact(words, "variation", facts["variation"]),
        "–" if line["standard"] is None else fact(words, "assurance", assured(facts, line["standard"])),
        escape(figures.unknown(line["unknown"], line["denominator"], hidden=line["suppressed"])),
    ]


def gaps_told(target: Told) -> tuple[int, int] | None:
    """Return in how many other targets a gap can be told, and of how many; None of a target that is no gap."""
    if "over_time" not in target:
        return None
    each = target["over_time"].values()
    return sum(any(one is not None for one in rows["by_year"]["value"]) for rows in each), len(each)


def latest(words: ReportWords, line: Told, target: Told) -> str:
    """Return the latest whole year of a target, from its summary."""
    figures = Figures(words, target["unit"])
    told = figures.cell(line["value"], None, None, hidden=line["suppressed"])
    year = line["period"] if line["mature"] else words("first/immature", year=line["period"])
    if line["value"] is not None and line["interval"]:
        year = f"({figures.interval(*line['interval'])}) {year}"
    return f'<span class="told">{escape(told)}</span> <small>{escape(year)}</small>'


def goal(words: ReportWords, target: Told) -> str:
    """Return the standard with where it is from."""
    if target["standard"] is None:
        return "–"
    side = words(f"goals/{target['direction']}", value=Figures(words, target["unit"]).standard(target["standard"]))
    source = words.named("sources", target["standard_status"].replace(" ", "_"))
    return f'<span class="once">{escape(side)}</span> <small>{escape(source)}</small>'
