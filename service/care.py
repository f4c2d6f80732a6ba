"""Returns what is offered to one person, weighed when asked: the facts and the entries they were scored with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from stratify.care.choices import Choice, accepted, given_of, standing
from stratify.care.people import person
from stratify.care.recommend import recommend
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import KINDS
from stratify.errors import BundleError
from stratify.strata import stratify_person


@dataclass(frozen=True)
class Told:
    """What was weighed for one person: answers as in `schemas.Weighed`, and the known conditions."""

    answers: Mapping[str, Any]
    conditions: list[str]


@dataclass(frozen=True)
class Care:
    """The entries of care as they were when people were scored, and the day that scores are of."""

    catalogue: Catalogue
    day: date

    def weigh(self, facts: Mapping[str, Any], choices: Sequence[Choice] = ()) -> Told:
        """Return a person's place, offers, warnings and rights, weighed with the choices that hold today.

        The day of weighing is the day the scores are of: the facts count from it. Raises BundleError where facts cannot
        be read.
        """
        own = {asked.id: asked.kind for offer in self.catalogue.offers.values() for asked in offer.ask}
        try:
            people = person(facts, own)
        except (ValueError, TypeError):
            raise BundleError("serving.db holds facts that cannot be read: score again") from None
        has = people.known(0).get("conditions", frozenset())
        known = [key for key in self.catalogue.conditions if isinstance(has, frozenset) and key in has]
        stand = standing(choices, people, self.catalogue, self.day)
        answers = recommend(people, self.catalogue, given_of(stand, self.day))
        yes = accepted(stand)
        for offer in answers["offers"]:
            offer["accepted_on"] = yes[offer["id"]].isoformat() if offer["id"] in yes else None
        return Told({"stratum": stratify_person(people, self.catalogue), **answers}, known)


def read_care(connection: sqlite3.Connection, day: date) -> Care:
    """Return the entries that stand in the scored population's file. Raises BundleError where one is none."""
    entries: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    try:
        for kind, key, body in connection.execute("SELECT kind, id, body FROM entry ORDER BY kind, id"):
            entries[kind][key] = KINDS[kind].model_validate(json.loads(body))
    except (sqlite3.Error, KeyError, ValueError, ValidationError):
        raise BundleError("serving.db holds entries of care that cannot be read: score again") from None
    return Care(Catalogue(entries), day)
