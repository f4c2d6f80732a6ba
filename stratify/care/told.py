"""A person's answers in lines to read, from facts that are written in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from stratify.care.people import person
from stratify.care.recommend import recommend
from stratify.care.weigh import Given
from stratify.catalogue.load import Catalogue
from stratify.errors import UsageError
from stratify.strata import stratify_person

CHOSEN = {"wishes": "preferences", "has": "offers"}  # what a file may say beside facts, and the kind of entry it names


def told_of_file(path: Path, catalogue: Catalogue, day: date, language: str) -> list[str]:
    """Return the answers on a day to the person of a TOML file, in Danish or English.

    Raises UsageError where the file cannot be read or says what is no fact; the value is never told.
    """
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as facts: {type(error).__name__}") from None
    chosen: dict[str, Any] = {name: words.pop(name, []) for name in CHOSEN}
    problems = [
        f"{name}: {one!r} is none of {', '.join(catalogue.entries[kind])}"
        for name, kind in CHOSEN.items()
        for one in chosen[name]
        if one not in catalogue.entries[kind]
    ]
    own = {asked.id: asked.kind for offer in catalogue.offers.values() for asked in offer.ask}
    try:
        people = person(words, own)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise UsageError(f"{path.name}: {len(problems)} problem(s):", problems)
    given = Given(
        day,
        in_use={one: np.array([True]) for one in chosen["has"]},
        wishes={one: np.array([True]) for one in chosen["wishes"]},
    )
    return list(_lines(recommend(people, catalogue, given), stratify_person(people, catalogue), catalogue, language))


def _lines(answers: dict[str, Any], stratum: dict[str, Any], catalogue: Catalogue, language: str) -> Iterator[str]:
    for axis, place in stratum.items():
        name = catalogue.strata[place["id"]].name
        yield f"{axis}: {name.da if language == 'da' else name.en}"
    for one in answers["safety"]:
        yield f"! {one['name'][language]}: {one['advice'][language]} ({one['source']})"
    for one in answers["offers"]:
        kind = one["answer"] if one["reason"] is None else f"no:{one['reason']}"
        due = "" if one["due_days"] is None else f" [{one['due_days']} d]"
        yield f"{kind}{due} {one['name'][language]} ({', '.join(one['by'])})"
        yield f"    {one['why'][language]}"
        for evidence in one["evidence"]:
            if one["reason"] is None:
                known = f"{evidence['certainty']}; {evidence['source']}"
                yield f"    {evidence['outcome']}: {evidence['direction']} ({known})"
    yield f"not indicated: {answers['not_indicated']}; nothing gives reason to ask about: {answers['not_asked']}"
    yield from (right[language] for right in answers["rights"])
