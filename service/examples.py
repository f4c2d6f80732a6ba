"""Returns examples of what is asked and answered over REST and hooks, of people who are made up.

In Danish and in English where people's own words stand in it; what the service says stands in both languages anyhow. A
card is made by what makes cards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args
from uuid import UUID

from service import examples_quality as quality
from service.cds_hooks.brief import Brief
from service.cds_hooks.cards import Asked, cards, suggestion_id
from service.cds_hooks.prefetch import TEMPLATES
from service.cds_hooks.routes import CALLED, SERVICE
from service.cds_hooks.shapes import without_empty
from service.cds_hooks.words import Language
from service.fhir.examples import FOUND, MODEL
from service.said import NO_ADVICE, OVERSIGHT
from service.schemas import Found

Made = Callable[[Language], Any]
SYSTEM = "urn:stratify:synthetic"
PATIENT = {"system": SYSTEM, "value": "000000000042"}
CARD = UUID("3a7c1c1e-5a04-4e3a-9f0a-6f0d4c1b2a90")
SUMMARIES: dict[Language, str] = {"da": "et eksempel på dansk", "en": "an example in English"}
NAMED: dict[tuple[str, Language], str] = {
    ("now", "da"): "regnet ud nu, af hændelseslageret",
    ("now", "en"): "worked out now, from the event store",
    ("unit", "da"): "opfølgning af et mål i en enhed",
    ("unit", "en"): "follow-up of a target in a unit",
    ("nobody", "da"): "ingen, vi kan sige noget om",
    ("nobody", "en"): "nobody we can say anything about",
}
SAID: dict[Language, str] = {"da": "Jeg vil tale med min søn først", "en": "I want to talk to my son first"}
DONE: dict[Language, str] = {"da": "Ring om overbliksstatus", "en": "Call about the overview consultation"}
CHOICE = {"offer": "overbliksstatus", "preference": None, "decision": "later", "until": "2027-02-01"}
ACTION = {"offer": "overbliksstatus", "target": None, "due": "2026-12-11", "status": "planned"}
WORDS = {"da": "Jeg vil kunne gå til købmanden selv", "en": "I want to walk to the shop by myself"}
FACT = {"fact": "transport", "value": False}
WHO = {"user": "dr7", "role": "clinician"}
ACTION_ID = "5d0f7f5e-8a55-4a4f-a1a8-0c2f9d3a1b77"
LOGGED = {
    "seq": 1042, "at": "2026-11-27T09:12:03.120+00:00", **WHO, "issuer": "https://idp.example", "organisation": "gp-1",
    "care_team": None, "action": "lookup", "purpose": "TREAT", "pseudonym": "5b" * 32, "outcome": "found",
    "basis": "context", "reason": None, "criterion": None, "request_id": str(CARD),
    "model_version": MODEL["bundle_version"],
}  # fmt: skip
MEMBER = {
    "outcome": "acute_admission_365d", "population": "multimorbid", "kind": "lightgbm",
    "name": "stratify-acute_admission_365d-multimorbid", "registered_version": 3, "card": {"features": 120},
}  # fmt: skip


def _found(_: Language) -> Any:
    return Found.model_validate(FOUND).model_dump(mode="json")


def _nobody(_: Language) -> Any:
    head = {"data_as_of": FOUND["data_as_of"], "model": MODEL, "oversight": OVERSIGHT.model_dump()}
    return {**head, "status": "no_advice", "text": NO_ADVICE.model_dump()}


def _action(language: Language) -> Any:
    return {"id": ACTION_ID, "patient": PATIENT, **ACTION, "text": DONE[language], "care_team": "team-1",
            "changed_on": LOGGED["at"], **WHO, "overdue": False}  # fmt: skip


def _of_a_unit(language: Language) -> Any:
    figures = {"baseline": 0.31, "baseline_period": "2025", "now": 0.31, "now_period": "2025", "consent_to_name": None}
    said = {"id": ACTION_ID, "offer": None, "text": quality.TRIED[language], "status": "planned", "care_team": None}
    who = {"changed_on": LOGGED["at"], "user": "q3", "role": "quality", "overdue": False}
    return {**said, **quality.ACTION_OF_A_UNIT, **figures, **who}


def _call(language: Language) -> Any:
    """Return a call of a hook: at the opening of a record in Danish, at a discharge in English."""
    patient = {"resourceType": "Patient", "id": "p1", "identifier": [PATIENT], "birthDate": "1948-05-02"}
    context = {"userId": "Practitioner/dr7", "patientId": "p1"}
    return {
        "hook": "patient-view" if language == "da" else "encounter-discharge",
        "hookInstance": ACTION_ID,
        "context": context if language == "da" else {**context, "encounterId": "e1"},
        "prefetch": {"patient": patient},
    }


def _card(language: Language) -> Any:
    asked = Asked(CARD, "p1", None, language)
    return {"cards": without_empty(cards(Brief.model_validate(FOUND), asked))}


def _feedback(_: Language) -> Any:
    taken = str(suggestion_id(CARD, "overbliksstatus"))
    return {"feedback": [{"card": str(CARD), "outcome": "accepted", "acceptedSuggestions": [{"id": taken}],
                          "outcomeTimestamp": "2026-11-27T09:14:00Z"}]}  # fmt: skip


ASKED: dict[str, dict[str, Made]] = {  # by path: by name, what makes it
    "/v1/scores:lookup": {
        "": lambda _: {"patient": PATIENT, "purpose": "TREAT"},
        "now": lambda _: {"patient": PATIENT, "purpose": "TREAT", "basis": "store"},
    },
    "/v1/choices": {"": lambda one: {"patient": PATIENT, "purpose": "TREAT", "offer": CHOICE["offer"],
                                     "decision": "later", "until": CHOICE["until"], "reason": SAID[one]}},
    "/v1/words": {"": lambda one: {"patient": PATIENT, "purpose": "TREAT", "kind": "goal", "text": WORDS[one]}},
    "/v1/facts": {"": lambda _: {"patient": PATIENT, "purpose": "TREAT", **FACT}},
    "/v1/actions": {"": lambda one: {"patient": PATIENT, "purpose": "TREAT", "offer": ACTION["offer"],
                                     "text": DONE[one], "due": ACTION["due"]},
                    "unit": lambda one: {**quality.ACTION_OF_A_UNIT, "text": quality.TRIED[one]}},
    "/v1/actions:search": {"": lambda _: {"about": "people", "due_before": "2026-12-31"}},
    "/v1/audit:search": {"": lambda _: {"by": "row", "patient": PATIENT, "since": "2026-11-01"}},
    "/cds-services/{service}": {"": _call},
    "/cds-services/{service}/feedback": {"": _feedback},
    **quality.ASKED,
}  # fmt: skip
ANSWERED: dict[str, dict[str, Made]] = {
    "/v1/scores:lookup": {"": _found, "nobody": _nobody},
    "/v1/choices": {"": lambda one: {"choices": [{**CHOICE, "reason": SAID[one], "said_on": LOGGED["at"], **WHO}]}},
    "/v1/words": {"": lambda one: {"words": [{"kind": "goal", "text": WORDS[one], "said_on": LOGGED["at"], **WHO}]}},
    "/v1/facts": {"": lambda _: {"facts": [{**FACT, "said_on": LOGGED["at"], **WHO}]}},
    "/v1/models/current": {"": lambda _: {**MODEL, "data": {"people": 24200}, "patient_system": SYSTEM,
                                          "members": [MEMBER], "not_trained": []}},
    "/v1/actions": {"": lambda one: {"action": _action(one)}, "unit": lambda one: {"action": _of_a_unit(one)}},
    "/v1/actions:search": {"": lambda one: {"actions": [_action(one)], "more": False}},
    "/v1/audit:search": {"": lambda _: {"rows": [LOGGED], "users": [], "last": 1042, "more": False}},
    "/cds-services": {"": lambda _: {"services": [
        {"hook": hook, "id": SERVICE, "title": title, "description": told, "usageRequirements": "...",
         "prefetch": TEMPLATES, "version": "1.0.0", "hookVersion": "1.0"} for hook, title, told in CALLED]}},
    "/cds-services/{service}": {"": _card, "nobody": lambda _: {"cards": []}},
    "/cds-services/{service}/feedback": {"": lambda _: {}},
    **quality.ANSWERED,
}  # fmt: skip


def show(document: dict[str, Any]) -> None:
    """Put the examples into a description of the interface."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for made, place in (
                (ASKED.get(path), operation.get("requestBody")),
                (ANSWERED.get(path), operation["responses"]["200"]),
            ):
                if made:
                    place["content"]["application/json"]["examples"] = _in_both(made)


def _in_both(made: dict[str, Made]) -> dict[str, Any]:
    """Return each example in both languages."""
    return {
        f"{name}_{one}" if name else one: {"summary": NAMED.get((name, one), SUMMARIES[one]), "value": make(one)}
        for name, make in made.items()
        for one in get_args(Language)
    }
