"""The first screen: what data, every chosen target with its three facts, and what signals now."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import heading, paragraph, table
from pipelines.quality_report.facts import assured, fact
from pipelines.quality_report.figures import Figures
from pipelines.quality_report.signals import GAP, Expected, Watched
from pipelines.quality_report.words import ReportWords
from stratify.quality.summary import summary

Told = Mapping[str, Any]


def beginning(words: ReportWords, made: Mapping[str, Any]) -> str:
    """Return the title, what data these are and when they were delivered; of synthetic data it is said first."""
    invented = f'<p class="statement">{escape(words("page/synthetic"))}</p>' if made["source"] == "synthetic" else ""
    first, last = (words.period(one) for one in made["months"])
    data = words("page/data", first=first, last=last, covers=day(words, made["covers_to"]),
                 delivered=day(words, made["delivered"]))  # fmt: skip
    return f"{invented}<h1>{escape(words('page/title'))}</h1>{paragraph(data, 'lead')}"


def day(words: ReportWords, iso: str) -> str:
    """Return a day in words.

    >>> day(ReportWords("da"), "2025-03-01"), day(ReportWords("en"), "2025-03-01")
    ('1. marts 2025', '1 March 2025')
    """
    year, month, at = iso.split("-")
    return words("periods/day", day=str(int(at)), month=words("periods/months").split()[int(month) - 1], year=year)


def chosen_table(words: ReportWords, told: Mapping[str, Told]) -> str:
    """Return one row for each chosen target: its latest year, its standard, the three facts, and who is not known."""
    head = ("target", "latest", "goal", "standard", "variation", "assurance", "unknown")
    names = [words(f"first/{one}") for one in head]
    rows = "".join(_row(words, names, key, one) for key, one in told.items() if one["chosen"])
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    whole = f"<thead><tr>{top}</tr></thead><tbody>{rows}</tbody>"
    return f'<table class="first"><caption>{escape(words("first/caption"))}</caption>{whole}</table>'


def _row(words: ReportWords, names: list[str], key: str, target: Told) -> str:
    line, figures = summary(dict(target)), Figures(words, target["unit"])
    name = f'<a href="#{anchor(key)}">{escape(words.of(target["name"]))}</a>'
    if line["status"] == "not_measurable":
        empty = fact(words, "standard", "not_measurable")
        cells = [name, empty, goal(words, target), "–", "–", "–", "–"]
    elif "over_time" in target:
        n = sum(any(one is not None for one in rows["by_year"]["value"]) for rows in target["over_time"].values())
        told = words("first/gaps", n=str(n), all=str(len(target["over_time"])))
        cells = [name, escape(told), goal(words, target), "–", "–", "–", "–"]
    else:
        facts = line["facts"]
        cells = [
            name,
            latest(words, line, target),
            goal(words, target),
            fact(words, "standard", line["status"]),
            fact(words, "variation", facts["variation"]),
            "–" if target["standard"] is None else fact(words, "assurance", assured(facts, target["standard"])),
            escape(figures.unknown(line["unknown"], line["denominator"], hidden=line["suppressed"])),
        ]
    head, *rest = cells
    told = "".join(f'<td data-is="{escape(name)}">{cell}</td>' for name, cell in zip(names[1:], rest, strict=True))
    return f'<tr><th scope="row">{head}</th>{told}</tr>'


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


def signals(words: ReportWords, told: Mapping[str, Told], watched: list[Watched], found: Expected) -> str:
    """Return what signals at its latest mature point, and how much of that chance alone would bring."""
    parts = [heading("signals", words("signals/title")), paragraph(sentence(words, found), "verdict-in-words")]
    parts.append(paragraph(words("signals/meaning", few=words.tongue.number(found.too_few, 0)), "soft"))
    rows = []
    for one in (one for one in watched if one.signals):
        target = told[one.target]
        name = f'<a href="#{anchor(one.target)}">{escape(words.of(target["name"]))}</a>'
        shown = "" if one.variation == "too_few" else fact(words, "variation", one.variation)
        rule = words(f"rules/{one.rule}_{one.side}")
        rows.append([name, escape(_where(words, told, one)), shown, escape(rule), escape(words.period(one.period))])
    if rows:
        head = [words(f"signals/{name}") for name in ("target", "where", "what", "rule", "when")]
        parts.append(table(head, rows, names=5, style="signals"))
    return "".join(parts)


def sentence(words: ReportWords, found: Expected) -> str:
    """Return how many charts signal and how many would if nothing had changed."""
    number = words.tongue.number
    told = {"signals": number(found.signals, 0), "charts": number(found.charts, 0), "mean": number(found.mean, 1),
            "low": number(found.low, 0), "high": number(found.high, 0)}  # fmt: skip
    if not found.charts:
        return words("signals/no_charts")
    side = "above" if found.signals > found.high else "below" if found.signals < found.low else "within"
    return f"{words('signals/sentence', **told)} {words(f'signals/{side}')}"


def _where(words: ReportWords, told: Mapping[str, Told], one: Watched) -> str:
    if one.level == GAP:
        return words("signals/gap", name=words.of(told[one.part]["name"]) if one.part in told else one.part)
    part = told[one.target].get("parts", {}).get(one.part)
    place = words.unit(one.unit)
    return place if part is None else f"{words.of(part.get('name', one.part))}: {place}"


def anchor(key: str) -> str:
    """Return where a target's section is on the page."""
    return f"t-{key}"
