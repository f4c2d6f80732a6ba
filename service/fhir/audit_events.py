"""Returns rows of the audit log as AuditEvents: who, what, when, why, on what ground and what came of it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from service.fhir.about import Ids
from service.fhir.resources import AuditAgent, AuditDetail, AuditEntity, AuditEvent, AuditSource
from service.fhir.systems import (
    ACT_REASON,
    ACTIONS,
    AUDIT_TYPE,
    ENTITY_ROLE,
    ENTITY_TYPE,
    PSEUDONYMS,
    REQUEST_ID_TYPE,
    SOURCE_TYPE,
    URI,
)
from service.fhir.types import CodeableConcept, Coding, Identifier, Reference

KIND: Mapping[str, Literal["C", "R"]] = {  # what was done; whatever is not here is a search: E
    "lookup": "R", "hook": "R", "targets": "R", "models": "R", "choice": "C", "action": "C", "feedback": "C",
    "cases": "R", "case_cause": "C", "answer": "C", "questions": "R", "fact": "C", "death_risk": "R", "own_words": "C",
}  # fmt: skip
OUTCOME: Mapping[str, Literal["0", "4", "8"]] = {
    "found": "0", "not_found": "0", "blocked": "0", "stored": "0", "denied": "4", "failed": "8",
}  # fmt: skip
PURPOSE = {"TREAT": "treatment", "HQUALIMP": None}  # the words of HL7's list that are ours too
OVERRIDE = Coding(system=ACT_REASON, code="BTG", display="break the glass")
OBSERVER = "Stratify"
ALONG = ("organisation", "care_team", "model_version")


def audit_events(rows: Iterable[Mapping[str, Any]], ids: Ids) -> list[AuditEvent]:
    """Return an AuditEvent for each row. People stand in it by pseudonym."""
    return [_event(row, ids) for row in rows]


def outcomes_of(code: str) -> list[str]:
    """Return our outcomes of one of FHIR's."""
    return [ours for ours, theirs in OUTCOME.items() if theirs == code]


def _event(row: Mapping[str, Any], ids: Ids) -> AuditEvent:
    return AuditEvent(
        id=ids.of("AuditEvent", str(row["seq"]), row["request_id"], row["at"]),
        type=Coding(system=AUDIT_TYPE, code="rest", display="RESTful Operation"),
        subtype=[Coding(system=ACTIONS, code=row["action"])],
        action=KIND.get(row["action"], "E"),
        recorded=row["at"],
        outcome=OUTCOME[row["outcome"]],
        outcome_desc=row["outcome"],
        purpose_of_event=_purposes(row),
        agent=[_agent(row)],
        source=AuditSource(
            observer=Reference(type="Device", display=OBSERVER),
            type=[Coding(system=SOURCE_TYPE, code="4", display="Application Server")],
        ),
        entity=[*_person(row), *_query(row), _request(row)],
    )


def _purposes(row: Mapping[str, Any]) -> list[CodeableConcept]:
    found = []
    if (told := row["purpose"]) is not None:
        known = [Coding(system=ACT_REASON, code=told, display=PURPOSE[told])] if told in PURPOSE else []
        found.append(CodeableConcept(coding=known, text=told))
    if row["basis"] == "override":
        found.append(CodeableConcept(coding=[OVERRIDE], text=row["reason"]))
    return found


def _agent(row: Mapping[str, Any]) -> AuditAgent:
    who = Identifier(system=row["issuer"], value=row["user"]) if row["issuer"] else None
    roles = [CodeableConcept(text=one) for one in row["role"].split(",") if one]
    return AuditAgent(
        who=Reference(identifier=who, display=row["user"]), alt_id=row["user"], role=roles, requestor=True
    )


def _person(row: Mapping[str, Any]) -> list[AuditEntity]:
    if row["pseudonym"] is None:
        return []
    ground = [AuditDetail(type="basis", value_string=row["basis"])] if row["basis"] else []
    return [
        AuditEntity(
            what=Reference(type="Patient", identifier=Identifier(system=PSEUDONYMS, value=row["pseudonym"])),
            type=Coding(system=ENTITY_TYPE, code="1", display="Person"),
            role=Coding(system=ENTITY_ROLE, code="1", display="Patient"),
            detail=ground,
        )
    ]


def _query(row: Mapping[str, Any]) -> list[AuditEntity]:
    if not row["criterion"]:
        return []
    return [
        AuditEntity(
            type=Coding(system=ENTITY_TYPE, code="2", display="System Object"),
            role=Coding(system=ENTITY_ROLE, code="24", display="Query"),
            query=base64.b64encode(row["criterion"].encode()).decode(),
        )
    ]


def _request(row: Mapping[str, Any]) -> AuditEntity:
    """Return the request, and what is known of it beside the person: where it came from and which models answered."""
    return AuditEntity(
        what=Reference(identifier=Identifier(system=URI, value=f"urn:uuid:{row['request_id']}")),
        type=Coding(system=REQUEST_ID_TYPE, code="XrequestId"),
        detail=[AuditDetail(type=name, value_string=row[name]) for name in ALONG if row[name]],
    )
