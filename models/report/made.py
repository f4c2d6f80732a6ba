"""What bound the model, where its limits are, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import bullets, heading, pairs, paragraph, table
from models.report.words import Words
from models.split import PARTS
from stratify.disclosure import shown
from stratify.files import canonical_json, digest_text

DIGESTS = ("outcome_digest", "spec_digest", "catalogue_digest", "columns_digest")


def constraints(words: Words, card: Mapping[str, Any], other: Mapping[str, Any] | None) -> str:
    """Return the directions that trees are bound to, with reasons; the other candidate's where only it has them."""
    found = card["constraints"] or (other or {}).get("constraints", [])
    rows = [
        [
            escape(words.of(one["reason"])),
            escape(words("constraints/up" if one["direction"] > 0 else "constraints/down")),
            "<br>".join(f"<code>{escape(pattern)}</code>" for pattern in one["columns"]),
            escape(words.of(one["source"])),
        ]
        for one in found
    ]
    note = "" if card["constraints"] else paragraph(words("constraints/none"))
    head = [words(f"constraints/{key}") for key in ("reason", "direction", "columns", "source")]
    return heading("constraints", words("constraints/title")) + note + (table(head, rows, names=4) if rows else "")


def limits(words: Words, card: Mapping[str, Any]) -> str:
    """Return what the model cannot do."""
    return heading("limits", words("limits/title")) + bullets([words.of(told) for told in card["limits"]])


def parts(words: Words, card: Mapping[str, Any]) -> str:
    """Return for training, calibration and test: days, rows, people and events."""
    rows = [
        [
            escape(words(f"made/{part}")),
            escape(", ".join(of["landmarks"])),
            *(counted(words, of, key) for key in ("n", "people", "events")),
        ]
        for part, of in ((part, card["made_on"][part]) for part in PARTS)
    ]
    return table([words(f"made/{key}") for key in ("part", "landmarks", "rows", "people", "events")], rows, names=2)


def counted(words: Words, part: Mapping[str, int], key: str) -> str:
    """Return a count of a part of the data, or words where it is 1 to 4, or so many rows are without the event.

    >>> counted(Words("en"), {"n": 9000, "events": 3}, "events")
    'too few to show'
    """
    told = shown(part[key], part["n"] if key == "events" else None)
    return words.tongue.words["hidden"] if told is None else words.tongue.number(told, 0)


def made(words: Words, card: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Return splits, sources, rule of choice, digests and versions."""
    size, data, number = card["sample_size"], card["data"], words.tongue.number
    told = [
        (words("made/outcome"), f"{words.of(card['name'])} ({card['outcome']})"),
        (words("made/horizon"), words("made/days", n=str(card["horizon_days"]))),
        (words("made/source"), words.named("sources", data["source"])),
        (words("made/covers_to"), data["covers_to"]),
        (words("made/delivered"), data["delivered"]),
        (words("made/chosen"), words.named("kinds", card["chosen"]["kind"])),
        (words("made/rule"), words.of(card["chosen"]["rule"])),
        (
            words("made/sample_size"),
            words(
                "made/sample_size_told",
                rows=number(size["rows"], 0),
                needed=number(size["rows_needed"], 0),
                parameters=str(size["parameters"]),
                rule=words.of(size["rule"]),
            ),
        ),
        (words("made/reasons"), str(card["reasons_top_n"])),
        *((words(f"made/{key}"), card[key]) for key in DIGESTS),
        (words("made/report_digest"), digest_text(canonical_json(report))),
        (words("made/seed"), str(report["seed"])),
        (words("made/versions"), ", ".join(f"{name} {version}" for name, version in sorted(card["versions"].items()))),
    ]
    crossed = paragraph(words.of(card["cross_fitting"]["text"]))
    return heading("made", words("made/title")) + parts(words, card) + crossed + pairs(told)
