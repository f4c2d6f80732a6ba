"""A person's answers in lines to read, from facts that are written in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from stratify.care.choices import Choice
from stratify.care.people import People, person
from stratify.care.plan_text import Language, Told, plan_text
from stratify.care.recommend import recommend
from stratify.care.weigh import Declined, Given
from stratify.catalogue.load import Catalogue
from stratify.errors import UsageError
from stratify.strata import stratify_person

CHOSEN = {"wishes": "preferences", "has": "offers"}  # what a file may say beside facts, and the kind of entry it names
IN_PLAN = ("goals", "strengths", "calls", "accepted", "declined")  # in its table [plan]


def told_of_file(path: Path, catalogue: Catalogue, day: date, language: Language) -> list[str]:
    """Return the answers on a day to the person of a TOML file, in Danish or English.

    Raises UsageError where the file cannot be read or says what is no fact; the value is never told.
    """
    people, given, _ = read_person(path, catalogue, day)
    return list(_lines(recommend(people, catalogue, given), stratify_person(people, catalogue), catalogue, language))


def plan_of_file(path: Path, catalogue: Catalogue, day: date, language: Language) -> list[str]:
    """Return the lines of the shared plan of the person of a TOML file, whose table [plan] says what was agreed.

    Raises UsageError as `told_of_file` does.
    """
    people, given, agreed = read_person(path, catalogue, day)
    own = [agreed.get(name, []) for name in ("goals", "strengths", "calls")]
    choices = list(_choices(agreed, given, day))
    answers = recommend(people, catalogue, given)
    plan = plan_text(answers, choices, Told(*own), catalogue, weighed_on=day, today=day, language=language)
    return plan.splitlines()


def read_person(path: Path, catalogue: Catalogue, day: date) -> tuple[People, Given, dict[str, Any]]:
    """Return the person of a TOML file, what is given beside the facts, and what its table [plan] says."""
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as facts: {type(error).__name__}") from None
    chosen: dict[str, Any] = {name: words.pop(name, []) for name in CHOSEN}
    agreed: dict[str, Any] = words.pop("plan", {})
    named = [(name, kind, one) for name, kind in CHOSEN.items() for one in chosen[name]]
    named += [(f"plan.{name}", "offers", one) for name in ("accepted", "declined") for one in agreed.get(name, ())]
    problems = [
        f"{name}: {one!r} is none of {', '.join(catalogue.entries[kind])}"
        for name, kind, one in named
        if one not in catalogue.entries[kind]
    ]
    problems += [f"plan: {name!r} is none of {', '.join(IN_PLAN)}" for name in agreed if name not in IN_PLAN]
    declined = agreed.get("declined", {})
    if not isinstance(declined, dict) or not all(type(until) is date for until in declined.values()):
        problems.append("plan.declined: needs offers, each with the day the no ends, as medgennemgang = 2027-06-01")
    own = {asked.id: asked.kind for offer in catalogue.offers.values() for asked in offer.ask}
    try:
        people = person(words, own)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise UsageError(f"{path.name}: {len(problems)} problem(s):", problems)
    left = {offer: (until - day).days for offer, until in declined.items()}
    given = Given(
        day,
        {offer: Declined(np.array([0.0]), np.array([float(days)])) for offer, days in left.items() if days > 0},
        in_use={one: np.array([True]) for one in chosen["has"]},
        wishes={one: np.array([True]) for one in chosen["wishes"]},
    )
    return people, given, agreed


def _choices(agreed: dict[str, Any], given: Given, day: date) -> Iterator[Choice]:
    """Yield what was agreed as choices said on the day."""
    said = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for offer in given.in_use:
        yield Choice(offer, None, "started", said)
    for offer in agreed.get("accepted", ()):
        yield Choice(offer, None, "accept", said)
    for offer, until in agreed.get("declined", {}).items():
        yield Choice(offer, None, "decline", said, until)
    for wish in given.wishes:
        yield Choice(None, wish, "wish", said)


def _lines(answers: dict[str, Any], stratum: dict[str, Any], catalogue: Catalogue, language: Language) -> Iterator[str]:
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
        if far := [_far(place) for place in one["where"] if place["km"] is not None]:
            yield f"    {'hvor' if language == 'da' else 'where'}: {'; '.join(far)}"
        for evidence in one["evidence"]:
            if one["reason"] is None:
                known = f"{evidence['certainty']}; {evidence['source']}"
                yield f"    {evidence['outcome']}: {evidence['direction']} ({known})"
    yield f"not indicated: {answers['not_indicated']}; nothing gives reason to ask about: {answers['not_asked']}"
    yield from (right[language] for right in answers["rights"])


def _far(place: dict[str, Any]) -> str:
    name = place["place"].replace("_", " ") + (f" {place['name']}" if place["name"] else "")
    return f"{name} {place['km']:g} km"
