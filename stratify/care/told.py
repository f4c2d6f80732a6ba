"""A person's answers in lines to read, and their shared plan, from facts that are written in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from stratify.care.person_file import read_person
from stratify.care.plan_text import WORDS, Language, Told, plan_text
from stratify.care.recommend import recommend
from stratify.catalogue.load import Catalogue
from stratify.errors import UsageError
from stratify.strata import stratify_person


def told_of_file(path: Path, catalogue: Catalogue, day: date, language: Language) -> list[str]:
    """Return the answers on a day to the person of a TOML file, in Danish or English.

    Raises UsageError where the file cannot be read or says what is no fact; the value is never told.
    """
    written = read_person(path, catalogue, day)
    answers = recommend(written.people, catalogue, written.given)
    return list(_lines(answers, stratify_person(written.people, catalogue), catalogue, language))


def plan_of_file(path: Path, catalogue: Catalogue, day: date, language: Language) -> list[str]:
    """Return the lines of the shared plan of the person of a TOML file, whose table [plan] says what was agreed.

    Raises UsageError as `told_of_file` does, and where it names an offer that is not for this person.
    """
    written = read_person(path, catalogue, day)
    answers = recommend(written.people, catalogue, written.given)
    there = {offer["id"] for offer in answers["offers"]}
    if strange := [choice.offer for choice in written.choices if choice.offer and choice.offer not in there]:
        raise UsageError(f"{path.name}: not for this person, as the facts stand: {', '.join(strange)}")
    own = Told(written.texts["goals"], written.texts["strengths"], written.texts["calls"])
    plan = plan_text(answers, written.choices, own, catalogue, weighed_on=day, today=day, language=language)
    return plan.splitlines()


def _lines(answers: dict[str, Any], stratum: dict[str, Any], catalogue: Catalogue, language: Language) -> Iterator[str]:
    words = WORDS[language]["answers"]
    axes = WORDS[language]["axes"]
    for axis, place in stratum.items():
        name = catalogue.strata[place["id"]].name
        yield f"{axes[axis]}: {name.da if language == 'da' else name.en}"
        yield f"    {'; '.join(why[language] for why in place['why'])}"
    for one in answers["safety"]:
        yield f"! {one['name'][language]}: {one['advice'][language]} ({one['source']})"
    for one in answers["offers"]:
        yield from _offer(one, WORDS[language], language)
    yield f"{words['not_indicated']}: {answers['not_indicated']}; {words['not_asked']}: {answers['not_asked']}"
    yield from (right[language] for right in answers["rights"])


def _offer(one: Mapping[str, Any], words: Mapping[str, Any], language: Language) -> Iterator[str]:
    answers = words["answers"]
    kind = answers["no"] + f" ({words['reasons'][one['reason']]})" if one["reason"] else answers[one["answer"]]
    due = "" if one["due_days"] is None else f" [{answers['due'].format(days=one['due_days'])}]"
    yield f"{kind}{due}: {one['name'][language]} ({', '.join(words['bodies'][body] for body in one['by'])})"
    yield f"    {one['why'][language]}"
    if one["reason"] is not None:
        return
    yield f"    {one['does'][language]}"
    yield f"    {answers['where']}: {'; '.join(_places(one, words['places']))}"
    for evidence in one["evidence"]:
        outcome, direction = words["outcomes"][evidence["outcome"]], words["directions"][evidence["direction"]]
        yield f"    {outcome}: {direction} ({words['certainties'][evidence['certainty']]}; {evidence['source']})"


def _places(one: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    """Yield where an offer is given, the nearest first, with the way where it is known."""
    for place in one["where"]:
        name = words[place["place"]] + (f" {place['name']}" if place["name"] else "")
        yield name if place["km"] is None else f"{name} {place['km']:g} km"
    yield from (words[place] for place in one["places"] if place not in {far["place"] for far in one["where"]})
