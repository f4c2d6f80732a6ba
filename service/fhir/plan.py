"""Returns a person's shared plan as a CarePlan: what matters, what was agreed, what waits and until when.

The words are those of `stratify.care.plan_text`. No stratum, no risk and no reason stands in it, nor what the person
gave as theirs. Where nothing was agreed or put off there is no plan, and none is made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from service.cds_hooks.words import Language
from service.fhir.about import About
from service.fhir.narrative import blocks_of, narrative
from service.fhir.resources import Activity, ActivityDetail, CarePlan, Goal
from service.fhir.systems import BRIDGES, OFFERS
from service.fhir.types import CodeableConcept, Coding, Period, Reference
from service.fhir.words import WORDS
from service.schemas import Found
from stratify.care.choices import NOT_NOW, Choice
from stratify.care.plan_text import (
    Told,
    day_in_words,
    due_of,
    plan_text,
    settled,
    where_of,
    who_of,
)
from stratify.catalogue import Catalogue

Answer = Mapping[str, Any]  # an offer or a bridge, as `recommend` answers it


def care_plan(
    found: Found, choices: Sequence[Choice], own: Told, about: About, catalogue: Catalogue, today: date
) -> CarePlan | None:
    """Return the plan, or None where there is none. choices: those that still stand; own: the person's own words."""
    answers = found.model_dump(include={"offers", "rights"})
    stands = settled(answers, choices)
    if not (stands.agreed or stands.told_of or own.goals):
        return None
    weighed_on, language = date.fromisoformat(found.model.landmark), about.language
    words = WORDS[language]
    text = plan_text(answers, choices, own, catalogue, weighed_on=weighed_on, today=today, language=language)
    goals = [
        Goal(id=f"goal{nth}", description=CodeableConcept(text=one), subject=about.subject)
        for nth, one in enumerate(own.goals or (), 1)
    ]
    offers = {offer["id"]: offer for offer in answers["offers"]}
    said = sorted(choice.said_on for choice in stands.told_of) or None
    first, last = (said[0].date(), said[-1].date()) if said else (today, today)
    details = [
        *(_agreed(one, weighed_on, language) for one in stands.agreed),
        *(_again(one, language) for one in stands.again),
        *(_not_now(one, offers[one.offer or ""], language) for one in stands.told_of if one.decision in NOT_NOW),
        *(_bridge(one, language) for one in _sole_bridges(stands.agreed)),
    ]
    return CarePlan(
        id=about.id_of("CarePlan"),
        meta=about.meta,
        language=language,
        text=narrative(blocks_of(text), "additional"),
        contained=goals,
        category=[CodeableConcept(text=words["plan"])],
        title=words["plan"],
        subject=about.subject,
        period=Period(start=first.isoformat()),
        created=last.isoformat(),
        goal=[Reference(reference=f"#{one.id}") for one in goals],
        activity=[Activity(detail=detail) for detail in details],
    )


def _sole_bridges(agreed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the help without which an agreed offer cannot be used; where there is a choice, nobody has made it."""
    found: dict[str, Mapping[str, Any]] = {}
    for offer in agreed:
        ways = Counter(need for bridge in offer["bridges"] for need in bridge["needs"])
        for bridge in offer["bridges"]:
            if any(ways[need] == 1 for need in bridge["needs"]):
                found.setdefault(bridge["bridge"], bridge)
    return list(found.values())


def _agreed(offer: Answer, weighed_on: date, language: Language) -> ActivityDetail:
    due = due_of(offer, weighed_on)
    return ActivityDetail(
        code=_code(OFFERS, offer["id"], offer, language),
        status="in-progress" if offer["reason"] == "in_use" else "not-started",
        scheduled_period=None if due is None else Period(end=due.isoformat()),
        location=Reference(display=where_of(offer, language)),
        performer=_by(offer, language),
        description=offer["does"][language],
    )


def _again(offer: Answer, language: Language) -> ActivityDetail:
    return ActivityDetail(
        code=_code(OFFERS, offer["id"], offer, language),
        status="on-hold",
        status_reason=CodeableConcept(text=WORDS[language]["again"]),
        performer=_by(offer, language),
    )


def _not_now(choice: Choice, offer: Answer, language: Language) -> ActivityDetail:
    assert choice.until is not None  # no choice of this kind is written down without its day
    until = day_in_words(choice.until, language)
    later = choice.decision == "later"
    return ActivityDetail(
        code=_code(OFFERS, offer["id"], offer, language),
        status="on-hold" if later else "cancelled",
        status_reason=CodeableConcept(text=WORDS[language][choice.decision].format(day=until)),
        scheduled_period=Period(start=choice.until.isoformat()) if later else None,
    )


def _bridge(bridge: Answer, language: Language) -> ActivityDetail:
    return ActivityDetail(
        code=_code(BRIDGES, bridge["bridge"], bridge, language), status="not-started", performer=_by(bridge, language)
    )


def _code(system: str, code: str, named: Answer, language: Language) -> CodeableConcept:
    name: str = named["name"][language]
    return CodeableConcept(coding=[Coding(system=system, code=code, display=name)], text=name)


def _by(answer: Answer, language: Language) -> list[Reference]:
    return [Reference(display=who_of([body], language)) for body in dict.fromkeys(answer["by"])]
