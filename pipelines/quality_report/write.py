"""The report written: one page in each language, with no script and nothing from elsewhere; same in, same out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from models.report.html import page
from models.report.targets import STYLE
from models.report.targets.reading import how_to_read
from models.report.targets.signals import expect, watch
from models.report.targets.words import ReportWords
from pipelines.quality_report.first import anchor, beginning, chosen_table, signals
from pipelines.quality_report.target import section
from stratify.files import write_text

Told = Mapping[str, Any]
FILES = {"da": "quality.html", "en": "quality-en.html"}


def write_report(folder: Path, told: Mapping[str, Told], *, made: Mapping[str, Any]) -> None:
    """Write quality.html (Danish) and quality-en.html into a folder, each whole or not at all.

    told: all that is told of each target, as `stratify.quality.telling.tell_all` returns it. made: `source`,
    `covers_to` and `delivered` of the data (days in ISO form), and `months`, the first and the last followed.
    """
    for tongue, name in FILES.items():
        write_text(folder / name, render(told, tongue, made=made))


def render(told: Mapping[str, Told], tongue: str, *, made: Mapping[str, Any]) -> str:
    """Return the whole page in da or en. Raises UsageError (exit 2) for another language."""
    words = ReportWords(tongue)
    watched, few = watch(told)
    groups = grouped(told)
    parts = [beginning(words, made), contents(words, told, groups), chosen_table(words, told)]
    parts.append(signals(words, told, watched, expect(watched, few)))
    for name, keys in groups.items():
        if name != "chosen" and keys:
            parts.append(f'<p class="part">{escape(words(f"page/{name}"))}</p>')
        parts += [section(words, told, key) for key in keys]
    parts.append(how_to_read(words))
    other = FILES["en" if tongue == "da" else "da"]
    return page(words, words("page/title"), parts, links=[("#how", words("how/title"))], other=other, own=STYLE)


def grouped(told: Mapping[str, Told]) -> dict[str, list[str]]:
    """Return the targets in the order of the page: those chosen, the others, and those that cannot be measured."""
    measured = {key: one["status"] == "measured" or bool(one.get("parts")) for key, one in told.items()}
    return {
        "chosen": [key for key, one in told.items() if one["chosen"]],
        "others": [key for key, one in told.items() if not one["chosen"] and measured[key]],
        "lacking": [key for key, one in told.items() if not one["chosen"] and not measured[key]],
    }


def contents(words: ReportWords, told: Mapping[str, Told], groups: Mapping[str, Sequence[str]]) -> str:
    """Return links to what the table of the first screen does not link to."""
    lists = []
    for name in ("others", "lacking"):
        links = "".join(f'<li><a href="#{anchor(key)}">{escape(words.of(told[key]["name"]))}</a></li>'
                        for key in groups[name])  # fmt: skip
        if links:
            lists.append(f"<details><summary>{escape(words(f'page/{name}'))}</summary><ul>{links}</ul></details>")
    return f'<nav class="more" aria-label="{escape(words("page/contents"))}">{"".join(lists)}</nav>'
