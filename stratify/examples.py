"""The examples of every entry, put to the code that reads it: what an entry says of itself must be what happens."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

import numpy as np

from stratify import morbidity, outcomes
from stratify.care.logic import Judge
from stratify.care.people import NO, UNKNOWN, YES, People, person
from stratify.care.recommend import SHOWN
from stratify.care.weigh import ANSWERS, Given, Weigher
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Bridge, Need, Offer, Preference, Safety, Stratum, Target
from stratify.features import examples as feature_examples
from stratify.quality.examples import run
from stratify.strata import stratify_person

DAY = date(2026, 11, 22)  # on which the examples of offers are weighed

Said = Callable[[Any, Any, Catalogue], tuple[Any, Any]]  # entry, example, catalogue: what was said, what comes out


def failures(catalogue: Catalogue) -> list[str]:
    """Return a line for each example that does not come out as its file says, with file, example, expected and got."""
    found: list[str] = []
    for kind, answer in READERS.items():
        for entry in catalogue.entries[kind].values():
            for example in entry.example:
                where = f"{kind}/{entry.id}.toml: example {example.why!r}"
                try:
                    expected, got = answer(entry, example, catalogue)
                except (ValueError, KeyError) as error:
                    found.append(f"{where}: cannot be run: {error}")
                    continue
                if expected != got:
                    found.append(f"{where}: says {expected!r}, comes out as {got!r}")
    return found


def _morbidity(entry: Any, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    return example.expect, morbidity.evaluate_example(entry, example, catalogue.conditions)


def _outcome(entry: Any, example: Any, _: Catalogue) -> tuple[Any, Any]:
    return example.expect, outcomes.evaluate_example(entry, example)


def _feature(entry: Any, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    return example.expect, feature_examples.evaluate_example(entry, example, catalogue)


def _stratum(entry: Stratum, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    place = stratify_person(person(example.facts), catalogue)[entry.axis]
    return example.expect, "yes" if place["id"] == entry.id else "no"


def _need(entry: Need, example: Any, _: Catalogue) -> tuple[Any, Any]:
    judge = Judge(person(example.facts))
    met = judge.rule(entry.met)[0]
    hints = [judge.rule(entry.met, confirmed=False)[0] == NO]
    hints += [judge.rule(entry.hard, confirmed=False)[0] == YES] if entry.hard else []
    return example.expect, {NO: "no", YES: "met"}.get(met, "hard" if any(hints) else "unknown")


def _bridge(entry: Bridge, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    usable = Weigher(person(example.facts), catalogue, Given(DAY)).usable(entry.id)[0]
    return example.expect, "yes" if usable else "no"


def _preference(entry: Preference, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    people = person(example.facts)
    return example.expect, answer_of(example.offer, people, catalogue, example.expect, wishes=[entry.id])


def _safety(entry: Safety, example: Any, _: Catalogue) -> tuple[Any, Any]:
    return example.expect, "yes" if Judge(person(example.facts)).rule(entry.rule)[0] == YES else "no"


def _offer(entry: Offer, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    if entry.kind == "enabler":
        truth = Judge(person(example.facts)).rule(entry.indication)[0]
        return example.expect, {NO: "no", UNKNOWN: "ask", YES: "yes"}[truth]
    own = {asked.id: asked.kind for asked in entry.ask}
    return example.expect, answer_of(entry.id, person(example.facts, own), catalogue, example.expect)


def answer_of(offer: str, people: People, catalogue: Catalogue, expected: str, wishes: Collection[str] = ()) -> str:
    """Return one offer's answer for a person, as closely told as is expected: a no with its kind, or without."""
    given = Given(DAY, wishes={wish: np.array([True]) for wish in wishes})
    weighed = {one.offer.id: one for one in Weigher(people, catalogue, given).all()}
    answer = ANSWERS[weighed[offer].answer[0]]
    return "not_suitable" if expected == "not_suitable" and answer not in SHOWN else answer


def _target(entry: Target, example: Any, _: Catalogue) -> tuple[Any, Any]:
    counted = run(entry, example.records)
    got = (counted.numerator, round(counted.denominator, 3), counted.unknown)
    return (example.numerator, example.denominator, example.unknown), got


READERS: dict[str, Said] = {
    "conditions": _morbidity,
    "indices": _morbidity,
    "outcomes": _outcome,
    "features": _feature,
    "strata": _stratum,
    "needs": _need,
    "bridges": _bridge,
    "preferences": _preference,
    "safety": _safety,
    "offers": _offer,
    "targets": _target,
}
