"""Offers, needs and bridges made for a test, which says what is different, and their answers to one person."""

import dataclasses
from datetime import date

import numpy as np

from stratify.care.people import person
from stratify.care.weigh import ANSWERS, Given, Weigher
from stratify.catalogue import load
from stratify.catalogue.entries import Bridge, Need, Offer

CATALOGUE = load()
TODAY = date(2026, 11, 22)
YES_AND_NO = [{"why": "a yes", "facts": {}, "expect": "yes"}, {"why": "a no", "facts": {}, "expect": "no"}]


def true(fact):
    return {"fact": fact, "is": True}


def entry(id, **changes):
    return {
        "id": id,
        "name": {"da": f"{id} på dansk", "en": f"{id} in English"},
        "source": "a source",
        "provenance": "OURS",
        "rationale": "made for a test",
        "example": YES_AND_NO,
        **changes,
    }


def offer_of(id="tried", **changes):
    """An offer for people in severe mental illness, at the GP's, with what a test wants changed."""
    raw = entry(
        id,
        responsible=[{"body": "general practice"}],
        places=["gp"],
        priority=1,
        indication={"all": [true("smi")]},
        indication_text={"da": "dem", "en": "them"},
        does={"da": "noget", "en": "something"},
        evidence=[],
    )
    return Offer.model_validate(raw | changes)


def need_of(id, met, hard=None):
    return Need.model_validate(entry(id, axis="mobility", met=met, hard=hard, unmet={"da": "kan ikke", "en": "cannot"}))


def bridge_of(id, **changes):
    raw = entry(
        id,
        responsible=[{"body": "municipality"}],
        capacity={"da": "timer", "en": "hours"},
        cost="low",
        burden={"da": "en aftale", "en": "an agreement"},
    )
    return Bridge.model_validate(raw | changes)


def catalogue_of(*offers, needs=(), bridges=()):
    """The catalogue with only these offers, needs and bridges."""
    entries = {"offers": offers, "needs": needs, "bridges": bridges}
    changed = {kind: {one.id: one for one in of} for kind, of in entries.items()}
    return dataclasses.replace(CATALOGUE, entries={**CATALOGUE.entries, **changed})


def answers_of(catalogue, words, **given):
    """Each offer's answer to one person."""
    own = {asked.id: asked.kind for offer in catalogue.offers.values() for asked in offer.ask}
    weighed = Weigher(person(words, own), catalogue, Given(TODAY, **given)).all()
    return {one.offer.id: ANSWERS[one.answer[0]] for one in weighed}


def whose(*names):
    return {name: np.array([True]) for name in names}
