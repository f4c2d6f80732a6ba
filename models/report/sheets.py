"""The sheets of TRIPOD+AI and PROBAST+AI, each item filled from the run or left as a marked blank for a person.

What is asked and how it is answered is data (tripod.toml, probast.toml). A template reads {root/path|form}: root is
card, report or model, form how it is written (`FORMS`). Where a place that an item needs is not there, or nothing is
there to fill it from, the item is a blank; no answer is made up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from models.report.first import warning
from models.report.forms import Sources
from models.report.html import page, table
from models.report.page import neighbours
from models.report.words import Words
from stratify.catalogue.entries import Shape, Text

HERE = Path(__file__).parent
SHEETS = ("tripod", "probast")
BLANK = re.compile(r"\{([^{}|]+)(?:\|(\w+))?\}")


class Item(Shape):
    """One item: what is asked, and how it is answered or by whom."""

    id: str
    part: Literal["development", "evaluation", "both"] = Field(alias="for")
    topic: Text
    asked: Text
    fill: Text | None = None
    ask: Text | None = None
    needs: tuple[str, ...] = ()
    judgement: bool = False
    unverified: bool = False


class Sheet(Shape):
    """A sheet: where it is from, and its items."""

    source: str
    title: str
    unverified: bool = False  # the wording of every item
    ask: Text | None = None  # what is left for a person where the item itself does not say
    item: tuple[Item, ...]

    @model_validator(mode="after")
    def _answerable(self) -> Sheet:
        empty = [one.id for one in self.item if one.fill is None and one.ask is None and self.ask is None]
        twice = sorted({one.id for one in self.item if sum(other.id == one.id for other in self.item) > 1})
        if empty or twice:
            raise ValueError(f"items with neither fill nor ask: {empty}; items that are there twice: {twice}")
        return self


@cache
def read_sheet(name: str) -> Sheet:
    """Return a sheet as it is declared."""
    return Sheet.model_validate(tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8")))


def filled(
    name: str, report: Mapping[str, Any], card: Mapping[str, Any], model: Mapping[str, Any] | None, tongue: str
) -> dict[str, Any]:
    """Return the sheet ready for JSON: of each item the answer of the run, or None, and what a person is to fill.

    Raises DataError (exit 11) where a template names a place that is not in these files and that the item does not
    say it needs.
    """
    words, sheet = Words(tongue), read_sheet(name)
    sources = Sources({"report": report, "card": card, "model": model}, words)
    told = []
    for item in sheet.item:
        answer = _answer(item, sources, words)
        ask = item.ask or sheet.ask
        if answer is None and ask is None:
            ask = item.topic
        told.append(
            {
                "id": item.id,
                "for": item.part,
                "topic": words.of(item.topic.model_dump()),
                "asked": words.of(item.asked.model_dump()),
                "answer": answer,
                "for_a_person": None if ask is None else words.of(ask.model_dump()),
                "unverified_wording": item.unverified or sheet.unverified,
                "judgement": item.judgement,
            }
        )
    return {"sheet": name, "title": words(f"sheets/{sheet.title}"), "source": sheet.source, "items": told}


def _answer(item: Item, sources: Sources, words: Words) -> str | None:
    if item.fill is None or not all(sources.has(place) for place in item.needs):
        return None
    return BLANK.sub(lambda found: sources.told(found[1], found[2]), words.of(item.fill.model_dump()))


def render_sheet(
    name: str, report: Mapping[str, Any], card: Mapping[str, Any], model: Mapping[str, Any] | None, tongue: str
) -> str:
    """Return the sheet as a whole page in da or en; raises as `filled`."""
    words, told = Words(tongue), filled(name, report, card, model, tongue)
    items: Sequence[Mapping[str, Any]] = told["items"]
    summary = words(
        "sheets/summary",
        filled=str(sum(one["answer"] is not None for one in items)),
        all=str(len(items)),
        blanks=str(sum(one["for_a_person"] is not None for one in items)),
    )
    rows: list[list[str]] = []
    part = None
    for one in items:
        if name == "probast" and one["for"] != part:
            part = one["for"]
            rows.append([escape(words(f"sheets/{part}").capitalize())])
        rows.append(_row(words, one))
    head = [words(f"sheets/{key}") for key in ("item", "asked", "answer")]
    body = [
        warning(words, card),
        f"<h1>{escape(told['title'])}</h1>",
        f'<p class="lead">{escape(words.of(card["name"]))}. {escape(words.of(card["population"]["name"]))}</p>',
        f"<p>{escape(words('sheets/told'))}</p><p>{escape(summary)}</p>",
        f'<p class="soft">{escape(words("sheets/source"))}: {escape(told["source"])}</p>',
        table(head, rows, style="sheet", names=3),
    ]
    other = f"{name}-en.html" if tongue == "da" else f"{name}.html"
    return page(words, told["title"], body, links=neighbours(words, name), other=other)


def _row(words: Words, one: Mapping[str, Any]) -> list[str]:
    unsure = (
        f' <span class="unverified">{escape(words("sheets/unverified"))}</span>' if one["unverified_wording"] else ""
    )
    kind = "" if one["judgement"] else f" <small>{escape(words('sheets/' + one['for']))}</small>"
    answer = f"<p>{escape(one['answer'])}</p>" if one["answer"] is not None else ""
    if one["for_a_person"] is not None:
        blank = f"✎ {words('sheets/blank')}: {one['for_a_person']}"
        answer += f'<span class="blank">{escape(blank)}</span>'
    asked = f'<span class="topic">{escape(one["topic"])}</span>{escape(one["asked"])}{unsure}{kind}'
    return [f"<strong>{escape(one['id'])}</strong>", asked, answer]
