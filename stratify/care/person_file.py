"""A person who is written down in a TOML file: facts, what they wish for and have, and what was agreed.

Facts stand by their names (`facts.toml`), a question mark marks a hint. From the conditions follows what registers
would tell of them. `wishes` and `has` are lists; a table [plan] holds goals, strengths and calls in the person's own
words, offers accepted, and offers declined with the day the no ends.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from stratify.care.choices import FARTHEST, Choice
from stratify.care.fill import of_names, with_parents
from stratify.care.people import People, person
from stratify.care.weigh import Declined, Given
from stratify.catalogue.load import Catalogue
from stratify.errors import UsageError, did_you_mean

LISTS = {"wishes": "preferences", "has": "offers"}  # beside facts, and the kind of entry that each names
TEXTS = ("goals", "strengths", "calls")
IN_PLAN = (*TEXTS, "accepted", "declined")


@dataclass(frozen=True)
class Written:
    """The person, what is given beside the facts, the choices, and the person's own words for the plan."""

    people: People
    given: Given
    choices: tuple[Choice, ...]
    texts: Mapping[str, tuple[str, ...]]


def read_person(path: Path, catalogue: Catalogue, day: date) -> Written:
    """Return the person of a file. UsageError with every problem where it says what cannot be; no value is told."""
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: needs a person written down in facts, and is not there") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as facts: {error}") from None
    lists = {name: words.pop(name, []) for name in LISTS}
    plan = words.pop("plan", {})
    problems = [] if words else ["no fact stands there: write at least one, as age = 61"]
    for name, kind in LISTS.items():
        problems += _named(name, lists[name], catalogue.entries[kind])
    problems += _plan(plan, catalogue, day)
    if "conditions" in words:
        problems += _named("conditions", words["conditions"], catalogue.conditions)
    own = {asked.id: asked.kind for offer in catalogue.offers.values() for asked in offer.ask}
    people = People(1)
    try:
        people = person(words, own)
        if not problems and "conditions" in words:
            follows = of_names(with_parents(words["conditions"], catalogue), catalogue)
            people = person({**follows.words(0), **words}, own)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise UsageError(f"{path.name}: {len(problems)} problem(s):", problems)
    declined = plan.get("declined", {})
    given = Given(
        day,
        {offer: Declined(np.zeros(1), np.array([float((until - day).days)])) for offer, until in declined.items()},
        {one: np.array([True]) for one in lists["has"]},
        {one: np.array([True]) for one in lists["wishes"]},
    )
    texts = {name: tuple(plan.get(name, ())) for name in TEXTS}
    return Written(people, given, tuple(_choices(plan, lists, day)), texts)


def _plan(plan: Any, catalogue: Catalogue, day: date) -> Iterator[str]:
    """Yield what is wrong with the table [plan]."""
    if not isinstance(plan, dict):
        yield "plan: needs a table: [plan]"
        return
    for name in plan:
        if name not in IN_PLAN:
            yield f"plan: no such key{did_you_mean(str(name), IN_PLAN)}; there are {', '.join(IN_PLAN)}"
    for name in TEXTS:
        if not _texts(plan.get(name, [])):
            yield f"plan.{name}: needs a list of texts, as {name} = ['...']"
    offers = {key: one.kind for key, one in catalogue.offers.items() if one.kind != "enabler"}
    yield from _named("plan.accepted", plan.get("accepted", []), offers)
    declined = plan.get("declined", {})
    if not isinstance(declined, dict) or not all(type(until) is date for until in declined.values()):
        yield "plan.declined: needs offers, each with the day the no ends, as medgennemgang = 2027-06-01"
        return
    yield from _named("plan.declined", list(declined), [key for key, kind in offers.items() if kind == "offer"])
    if any(not day < until <= day + FARTHEST for until in declined.values()):
        yield "plan.declined: the day the no ends lies after the day of weighing and within two years"
    if set(declined) & set(plan.get("accepted", [])):
        yield "plan: an offer is either accepted or declined"


def _named(name: str, found: Any, known: Collection[str]) -> Iterator[str]:
    if not _texts(found):
        yield f"{name}: needs a list of names, as {name} = ['...']"
        return
    for one in found:
        if one not in known:
            yield f"{name}: a name is not known{did_you_mean(one, known)}"


def _texts(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def _choices(plan: Mapping[str, Any], lists: Mapping[str, list[str]], day: date) -> Iterator[Choice]:
    """Yield what was agreed as choices said on the day."""
    said = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for offer in lists["has"]:
        yield Choice(offer, None, "started", said)
    for offer in plan.get("accepted", ()):
        yield Choice(offer, None, "accept", said)
    for offer, until in plan.get("declined", {}).items():
        yield Choice(offer, None, "decline", said, until)
    for wish in lists["wishes"]:
        yield Choice(None, wish, "wish", said)
