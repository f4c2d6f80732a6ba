"""The page of one model's evaluation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from typing import Any

from models.report import tables
from models.report.figures import Figures, refuse_other
from models.report.first import beginning, core_figures
from models.report.gates import gates_table
from models.report.glossary import glossary
from models.report.html import heading, page
from models.report.logistic import predictors
from models.report.made import constraints, limits, made
from models.report.more import more
from models.report.names import names_of
from models.report.pictures import curves, forests
from models.report.words import Words

FILES = {"evaluation": ("index.html", "en.html"), "card": ("card.html", "card-en.html")}
CANDIDATES = ("logistic", "lightgbm")


def render(
    report: Mapping[str, Any],
    card: Mapping[str, Any],
    logistic_model: Mapping[str, Any] | None,
    tongue: str,
    *,
    gates: Sequence[Mapping[str, str]] | None = None,
    other_card: Mapping[str, Any] | None = None,
) -> str:
    """Return the whole page as HTML in da or en: one file, no script, nothing from elsewhere; same in, same out.

    report: what models/evaluation tells, with the further keys of models/report/more.py where they are there. card: of
    the chosen candidate; other_card: of the other, whose bound directions stand there where the chosen has none.
    logistic_model: its model.json, None where there is none; a column's `label` and `unit` are told where it has them.
    gates: each as `Gate.told`, None to leave them out.
    What the report hides is not on the page. Raises UsageError (exit 2) for another language, DataError (exit 11) for
    a report without the figures asked of it.
    """
    words = Words(tongue)
    refuse_other(report)
    figures = Figures(report, words)
    parts = core_figures(figures, card)
    if gates is not None:
        parts.append(gates_table(words, gates))
    if not report["suppressed"]:
        other = next((name for name in CANDIDATES if name in report["others"]), None)
        parts += [heading("pictures", words("pictures/title")), curves(figures, other)]
        parts += [tables.agreed(figures), tables.places(figures), tables.tenths(figures)]
        if report["subgroups"]:
            parts += [heading("subgroups", words("subgroups/title")), forests(figures), tables.groups(figures)]
        parts.append(tables.beside(figures, card["kind"], names_of(words)))
        parts += more(figures, forestalled=card.get("event", "death") != "death")
    if logistic_model is not None:
        calibration = card["candidates"]["logistic"]["calibration"]
        chosen = card["kind"] == "logistic"
        parts.append(predictors(words, logistic_model, calibration, chosen=chosen))
    parts += [constraints(words, card, other_card), limits(words, card), made(words, card, report), glossary(words)]
    title = words("page/title", name=words.of(card["name"]))
    return page(
        words,
        title,
        [*beginning(figures, card, gates), contents(words, parts), *parts],
        links=neighbours(words, "evaluation"),
        other=FILES["evaluation"][tongue == "da"],
    )


def contents(words: Words, parts: Sequence[str]) -> str:
    """Return the links to every heading on the page."""
    found = re.findall(r'<h2 (?:class="small" )?id="([^"]+)">([^<]*)</h2>', "".join(parts))
    ways = "".join(f'<a href="#{anchor}">{escape(unescape(told))}</a>' for anchor, told in found)
    return f'<nav aria-label="{escape(words("page/contents"))}">{ways}</nav>'


def neighbours(words: Words, here: str) -> list[tuple[str, str]]:
    """Return the other pages of the model in this language."""
    english = words.code == "en"
    every = [
        ("evaluation", FILES["evaluation"][english], words("page/evaluation")),
        ("card", FILES["card"][english], words("page/card")),
        ("tripod", "tripod-en.html" if english else "tripod.html", "TRIPOD+AI"),
        ("probast", "probast-en.html" if english else "probast.html", "PROBAST+AI"),
    ]
    return [(file, told) for name, file, told in every if name != here]
