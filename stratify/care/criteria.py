"""What an offer's indication asks for, by what is known of one person: what is met, and what nobody has told yet.

For a referral: in words, without any estimate of a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stratify.care.facts import WORDS
from stratify.care.logic import Judge
from stratify.care.people import person
from stratify.care.statements import Speaker, names_of
from stratify.catalogue.load import Catalogue

Texts = tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Criteria:
    """Statements in Danish and English: those that hold, and those that nobody has told."""

    met: Texts
    missing: Texts


def criteria_of(facts: Mapping[str, Any], catalogue: Catalogue, offer_id: str) -> Criteria:
    """Return how an offer's indication stands for a person of these facts; what a model estimates is left out.

    Raises KeyError for an offer that is not there, ValueError for facts that cannot be read.
    """
    offer = catalogue.offers[offer_id]
    own = {asked.id: asked.kind for one in catalogue.offers.values() for asked in one.ask}
    speaker = Speaker(Judge(person(facts, own)), 0, names_of(catalogue, offer))
    tests = [one for one in offer.indication.tests() if one.fact not in WORDS or WORDS[one.fact].known_by != "model"]
    said = dict.fromkeys(speaker.say(one) for one in tests)
    return Criteria(
        tuple(one.text() for one in said if one.holds), tuple(one.text() for one in said if one.holds is None)
    )
