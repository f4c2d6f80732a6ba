"""Returns a person's own log in the fields of the national MinLog2 service: who looked, when, from where and why.

A pure mapping of rows of the audit log, which holds more; sending it is the deployer's. Rows that were denied or that
answered nothing are told too: somebody tried. Source: the guide to MinLog2 of the national service platform (NSP).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine

from service.audit_search import Criteria, find_rows

SYSTEM = "stratify"
ACTIVITY = {
    "lookup": "Opslag af risiko og tilbud",
    "hook": "Beslutningsstøtte i journalen",
    "choice": "Personens valg skrevet ned",
    "feedback": "Svar på et forslag skrevet ned",
    "action": "Opfølgning skrevet ned",
    "action_list": "Vist på behandlingsteamets liste",
    "answer": "Personens svar skrevet ned",
    "fact": "Oplysning om personen skrevet ned",
    "own_words": "Personens egne ord skrevet ned",
    "death_risk": "Opslag af sandsynligheden for at dø",
    "cases": "Forløb set for at forbedre kvaliteten",
    "case_cause": "Årsag til et forløb skrevet ned",
    "audit_search": "Søgning i loggen",
    "RiskAssessment": "Opslag af risiko",
    "CarePlan": "Opslag af plan",
    "ServiceRequest": "Opslag af tilbud",
    "AuditEvent": "Søgning i loggen",
}
OUTCOME = {
    "denied": "afvist", "blocked": "lukket af borgeren, intet vist", "not_found": "intet vist",
    "failed": "fejlede, intet vist",
}  # fmt: skip
BASIS = {
    "context": "behandling af patienten",
    "care_team": "behandlingsteamets opfølgning",
    "own_unit": "kvalitetsudvikling i egen enhed",
    "override": "akut opslag (værdispring)",
}
MORE_CRITICAL = "2"  # an emergency: looked at first
USUAL = "1"


def person_log(engine: Engine, pseudonym: str, person: str) -> Iterator[dict[str, Any]]:
    """Yield a person's rows, the oldest first. person: the identifier that they stand under in MinLog2."""
    after, more = 0, True
    while more:
        rows, more = find_rows(engine, Criteria(pseudonym=pseudonym, after=after, most=500))
        for row in rows:
            yield minlog_of(row, person)
            after = int(row["seq"])


def minlog_of(row: Mapping[str, Any], person: str) -> dict[str, Any]:
    """Return one row of the log in the fields of MinLog2; what is not known is left out."""
    activity = ACTIVITY.get(row["action"], row["action"])
    outcome = OUTCOME.get(row["outcome"])
    reason = BASIS.get(row["basis"] or "", "")
    if row["reason"]:
        reason = f"{reason}: {row['reason']}"
    at = datetime.fromisoformat(row["at"])
    told = {
        "SourceSystemName": SYSTEM,
        "DestinationSystemName": SYSTEM,
        "Activity": f"{activity} ({outcome})" if outcome else activity,
        "Reason": reason or None,
        "Criticality": MORE_CRITICAL if row["basis"] == "override" else USUAL,
        "FromDateTime": at.isoformat(),
        "ToDateTime": (at + timedelta(seconds=1)).isoformat(),
        "OrganisationId": row["organisation"],
        "OrganisationIdSource": row["issuer"] if row["organisation"] else None,
        "OrganisationName": row["care_team"],
        "PersonIdentifier": person,
        "UserPersonIdentifier": row["user"],
        "UserRole": row["role"],
        "CorrelationId": row["request_id"],
    }
    return {name: value for name, value in told.items() if value}
