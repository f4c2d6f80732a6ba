"""Returns who a hook is about, from what the client sent along: nothing is ever fetched from an address in a request.

A key in `prefetch` has three states of its own: left out (the client could not), null (the client has no such data),
and an OperationOutcome (it failed).
"""

from __future__ import annotations

from typing import Any, Literal

from service.identifiers import as_registered
from stratify.fhir.declared import declared

TEMPLATES = {key: one.template for key, one in declared().prefetch.items()}
REQUIRED = "patient"
CHART = "conditions"  # with it the patient can be scored on the spot
MOST_IDENTIFIERS = 50
State = Literal["left out", "null", "failed", "there"]


class PreconditionError(Exception):
    """What is required cannot be had from the request (412); the message names the key and what to do."""


class OtherPatientError(Exception):
    """The patient that was sent along is not the one in the hook's context (403)."""


def state_of(prefetch: dict[str, Any], key: str) -> State:
    """Return what became of a key."""
    if key not in prefetch:
        return "left out"
    told = prefetch[key]
    if told is None:
        return "null"
    return "failed" if isinstance(told, dict) and told.get("resourceType") == "OperationOutcome" else "there"


def patient_of(prefetch: dict[str, Any], patient_id: str, system: str) -> str:
    """Return the identifier of the patient in this system, as registers write it.

    Raises PreconditionError where it cannot be told, OtherPatientError where another patient was sent along.
    """
    state = state_of(prefetch, REQUIRED)
    if state != "there":
        why = {
            "left out": "was left out",
            "null": "is null: the client has no such patient",
            "failed": "could not be fetched by the client",
        }[state]
        raise PreconditionError(f"prefetch key `{REQUIRED}` {why}; it is required: {TEMPLATES[REQUIRED]}")
    patient = _resource(prefetch[REQUIRED])
    if patient.get("id") != patient_id:
        raise OtherPatientError
    told = patient.get("identifier")
    values = {
        one["value"]
        for one in (told if isinstance(told, list) else [])[:MOST_IDENTIFIERS]
        if isinstance(one, dict) and one.get("system") == system and isinstance(one.get("value"), str)
    }
    found = {as_registered(system, value) for value in values if 0 < len(value) <= 64 and value.isprintable()}
    if len(found) != 1:
        what = "no identifier" if not found else "more than one identifier"
        raise PreconditionError(f"prefetch key `{REQUIRED}` has {what} of system {system}; one is required")
    return found.pop()


def _resource(told: Any) -> dict[str, Any]:
    """Return the one Patient, by itself or alone in a searchset."""
    if isinstance(told, dict) and told.get("resourceType") == "Bundle":
        entries = told.get("entry")
        held = [one.get("resource") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
        told = held[0] if len(held) == 1 else None
    if not isinstance(told, dict) or told.get("resourceType") != "Patient":
        raise PreconditionError(f"prefetch key `{REQUIRED}` must hold one Patient")
    return told
