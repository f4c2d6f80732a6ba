"""Returns the CapabilityStatement: what is offered here, and nothing that is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from service.fhir.outcome import MEDIA_TYPE
from service.fhir.searching import LOGGED_PATIENT, MOST_ROWS, PATIENT
from service.fhir.types import Element, Resource

CHANGED = "2026-11-27"  # when what is offered last changed


class Software(Element):
    """What answers."""

    name: str
    version: str


class Implementation(Element):
    """Where it answers."""

    description: str
    url: str


class Security(Element):
    """Who is let in."""

    cors: bool = False
    description: str


class Interaction(Element):
    """What can be done."""

    code: Literal["search-type"] = "search-type"
    documentation: str


class SearchParameter(Element):
    """What can be searched by."""

    name: str
    type: Literal["reference", "token", "date", "number"]
    documentation: str


class Offered(Element):
    """One type of resource."""

    type: Literal["RiskAssessment", "CarePlan", "ServiceRequest", "MeasureReport", "AuditEvent", "Provenance"]
    documentation: str
    interaction: tuple[Interaction, ...] = ()
    search_rev_include: tuple[str, ...] = ()
    search_param: tuple[SearchParameter, ...] = ()


class Rest(Element):
    """The interface."""

    mode: Literal["server"] = "server"
    documentation: str
    security: Security
    resource: tuple[Offered, ...]


class CapabilityStatement(Resource):
    """What is offered."""

    resource_type: Literal["CapabilityStatement"] = "CapabilityStatement"
    status: Literal["active"] = "active"
    date: str
    kind: Literal["instance"] = "instance"
    software: Software
    implementation: Implementation
    fhir_version: Literal["4.0.1"] = "4.0.1"
    format: tuple[str, ...]
    rest: tuple[Rest, ...]


BY_POST = "POST _search alone, with a form in the body"
BY_GET = "GET, with the parameters in the address: nobody is named in it"
REST = (
    "Searches alone: no resource is read by its id, none is written. Identifiers of people stand in bodies, never in an"
    " address. Unknown parameters are refused. No conformance with a national profile is claimed."
)
SECURITY = (
    "A bearer token (JWT, ES384 or RS384) with a role; for one person also a treating relationship: the token's care"
    " context names the patient, or the care team follows them. Each search for a person or of the log is written to"
    " the audit log before it is answered."
)
FRACTION = (
    "One for each outcome but death, which is not told here. probabilityDecimal is a fraction from 0 to 1, as in HL7's"
    " examples; qualitativeRisk says the same of 100 people. Provenance (models, definitions, data) is always included."
)


def capability_statement(address: str, version: str) -> CapabilityStatement:
    """Return what is offered at an address, by this version."""
    return CapabilityStatement(
        date=CHANGED,
        software=Software(name="Stratify", version=version),
        implementation=Implementation(
            description="Decision support for people with several diseases; not a medical device", url=address
        ),
        format=[MEDIA_TYPE],
        rest=[
            Rest(
                documentation=REST,
                security=Security(description=SECURITY),
                resource=[
                    _person("RiskAssessment", FRACTION, ["Provenance:target"]),
                    Offered(type="Provenance", documentation="Included with RiskAssessment; not searched by itself."),
                    _person("CarePlan", "The shared plan, where something was agreed or put off: one at most."),
                    _person("ServiceRequest", "Drafts (status draft, intent proposal) of offers that may fit."),
                    Offered(
                        type="MeasureReport",
                        documentation="Quality targets, type summary; counts of few people are masked. Role: quality.",
                        interaction=[Interaction(documentation=BY_GET)],
                        search_param=[
                            _parameter("measure", "reference", "the target's id, or urn:stratify:measure:<id>"),
                            _parameter("period", "date", "a year"),
                        ],
                    ),
                    Offered(
                        type="AuditEvent",
                        documentation="Rows of the audit log, the oldest first. Role: auditor.",
                        interaction=[Interaction(documentation=BY_POST)],
                        search_param=[
                            _parameter("patient", "reference", _named(LOGGED_PATIENT)),
                            _parameter("date", "date", "a day; ge and le, both may be given"),
                            _parameter("altid", "token", "the user"),
                            _parameter("subtype", "token", "what was done, several with commas"),
                            _parameter("outcome", "token", "0, 4 or 8, several with commas"),
                            _parameter("after", "number", f"rows after this one; _count from 1 to {MOST_ROWS}"),
                        ],
                    ),
                ],
            )
        ],
    )


def _person(
    kind: Literal["RiskAssessment", "CarePlan", "ServiceRequest"], told: str, included: Sequence[str] = ()
) -> Offered:
    return Offered(
        type=kind,
        documentation=f"{told} Roles: clinician, coordinator.",
        interaction=[Interaction(documentation=BY_POST)],
        search_rev_include=list(included),
        search_param=[
            _parameter(name, "reference", _named([one for one in PATIENT if one.startswith(name)]))
            for name in ("patient", "subject")
        ],
    )


def _named(names: Sequence[str]) -> str:
    return f"one person, as system|identifier, by {' or '.join(names)}; not by reference"


def _parameter(name: str, kind: Literal["reference", "token", "date", "number"], told: str) -> SearchParameter:
    return SearchParameter(name=name, type=kind, documentation=told)
