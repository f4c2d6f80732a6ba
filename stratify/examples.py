"""The examples of every entry, put to the code that reads it: what an entry says of itself must be what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stratify import morbidity, outcomes
from stratify.care.facts import from_words
from stratify.care.recommend import recommend
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Offer, Stratum, Target
from stratify.features import examples as feature_examples
from stratify.quality.examples import run
from stratify.strata import stratify_person

Said = Callable[[Any, Any, Catalogue], tuple[Any, Any]]  # entry, example, catalogue: what was said, what comes out


def failures(catalogue: Catalogue) -> list[str]:
    """Return a line for each example that does not come out as its file says, with file, example, expected and got."""
    found: list[str] = []
    for kind, answer in ANSWERS.items():
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
    place = stratify_person(from_words(example.facts), catalogue)[entry.axis]
    return example.expect, "yes" if place["id"] == entry.id else "no"


def _offer(entry: Offer, example: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    facts = from_words(example.facts, own=[asked.id for asked in entry.ask])
    return example.expect, {one["id"]: one["answer"] for one in recommend(facts, catalogue)}[entry.id]


def _target(entry: Target, example: Any, _: Catalogue) -> tuple[Any, Any]:
    counted = run(entry, example.records)
    got = (counted.numerator, counted.denominator, counted.unknown)
    return (example.numerator, example.denominator, example.unknown), got


ANSWERS: dict[str, Said] = {
    "conditions": _morbidity,
    "indices": _morbidity,
    "outcomes": _outcome,
    "features": _feature,
    "strata": _stratum,
    "offers": _offer,
    "targets": _target,
}
