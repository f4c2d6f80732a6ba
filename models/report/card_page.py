"""The model's card as a page: what it is for, whom, how well it did, its limits, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.figures import Figures
from models.report.first import warning
from models.report.glossary import glossary
from models.report.html import bullets, heading, page, paragraph, table
from models.report.made import constraints, limits, made
from models.report.names import names_of
from models.report.page import FILES, contents, neighbours
from models.report.words import Words

DID = ("auroc", "calibration_slope", "calibration_intercept", "oe", "ici", "brier", "scaled_brier", "auprc")


def render_card(
    card: Mapping[str, Any], report: Mapping[str, Any], tongue: str, *, other_card: Mapping[str, Any] | None = None
) -> str:
    """Return the card as a whole page in da or en; raises as `models.report.render`."""
    words = Words(tongue)
    figures = Figures(report, words)
    named = names_of(words)
    did = [[escape(words(f"measures/{name}")), figures.figure(f"/overall/{name}")] for name in DID]
    counts = [[escape(words(f"measures/{name}")), figures.count(f"/{name}")] for name in ("n", "people", "events")]
    parts = [
        heading("use", words("card/use")),
        paragraph(words.of(card["intended_use"])),
        heading("whom", words("card/whom")),
        paragraph(words.of(card["population"]["name"])),
        f"<h3>{escape(words('page/must_not'))}</h3>",
        bullets([words.of(told) for told in card["must_not_be_scored"]]),
        limits(words, card),
        heading("did", words("card/did")),
        table([words("card/figure"), words.tongue.words["value"]], [*counts, *did], style="narrow"),
        heading("candidates", words("card/candidates")),
        _candidates(words, card, named),
        constraints(words, card, other_card),
        made(words, card, report),
        glossary(words),
    ]
    title = words("card/title", name=words.of(card["name"]))
    top = [
        warning(words, card),
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead">{escape(words.named("kinds", card["kind"]).capitalize())}</p>',
    ]
    return page(
        words,
        title,
        [*top, contents(words, parts), *parts],
        links=neighbours(words, "card"),
        other=FILES["card"][tongue == "da"],
    )


def _candidates(words: Words, card: Mapping[str, Any], named: Any) -> str:
    """Each candidate and baseline with how it was made and its AUROC out of fold."""
    rows = []
    for name, one in card["candidates"].items():
        auroc = one["calibrate"]["auroc"]
        told = words.tongue.words["too_few"] if auroc is None else words.tongue.number(auroc, 3)
        settings = ", ".join(f"{key} = {_plain(words, value)}" for key, value in sorted(one["parameters"].items()))
        label = words("beside/chosen", name=named(name)) if name == card["chosen"]["kind"] else named(name)
        rows.append(
            [escape(label), escape(words.named("kinds", one["kind"])), f"<small>{escape(settings)}</small>", told]
        )
    head = [words(f"card/{key}") for key in ("candidates", "form", "parameters", "calibrate_auroc")]
    return table(head, rows, names=3)


def _plain(words: Words, value: Any) -> str:
    if isinstance(value, bool):
        return words("page/yes" if value else "page/no")
    return words.tongue.plain(value) if isinstance(value, float) else str(value)
