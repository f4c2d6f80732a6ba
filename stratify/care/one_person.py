"""Returns all that is told of one person's care: conditions, place on both axes, offers, warnings and rights.

The one way from a person's facts to words: when scores are written, for those who will be looked at first, and when a
person is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from stratify.care.choices import Choice, accepted, given_of, standing
from stratify.care.people import People, person
from stratify.care.recommend import recommend
from stratify.catalogue.load import Catalogue
from stratify.strata import stratify_person


def told_of(
    facts: Mapping[str, Any], catalogue: Catalogue, day: date, choices: Sequence[Choice] = ()
) -> dict[str, Any]:
    """Return what is told as plain JSON-ready values: `conditions`, `stratum`, and what `recommend` returns.

    facts: as `People.words` writes them; they count from `day`, which is the day of weighing. choices: those that hold
    today; an offer that was said yes to names the day (`accepted_on`). Raises ValueError or TypeError for facts that
    cannot be read.
    """
    people = _person(facts, catalogue)
    has = people.known(0).get("conditions", frozenset())
    known = [key for key in catalogue.conditions if isinstance(has, frozenset) and key in has]
    stand = standing(choices, people, catalogue, day)
    answers = recommend(people, catalogue, given_of(stand, day))
    yes = accepted(stand)
    for offer in answers["offers"]:
        offer["accepted_on"] = yes[offer["id"]].isoformat() if offer["id"] in yes else None
    return {"conditions": known, "stratum": stratify_person(people, catalogue), **answers}


def standing_of(
    facts: Mapping[str, Any], catalogue: Catalogue, day: date, choices: Sequence[Choice]
) -> tuple[Choice, ...]:
    """Return the choices that still stand for a person of these facts, as `choices.standing` says."""
    return standing(choices, _person(facts, catalogue), catalogue, day)


def _person(facts: Mapping[str, Any], catalogue: Catalogue) -> People:
    own = {asked.id: asked.kind for offer in catalogue.offers.values() for asked in offer.ask}
    return person(facts, own)
