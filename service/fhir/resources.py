"""Returns the resources of FHIR R4 that are answered: of each the elements that are used, and no more."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny

from service.fhir.types import (
    Absent,
    Annotation,
    CodeableConcept,
    Coding,
    Element,
    Extension,
    Period,
    Quantity,
    Reference,
    Resource,
)

# ---- a person


class DeviceName(Element):
    """What a device is called."""

    name: str
    type: Literal["user-friendly-name"]


class DeviceVersion(Element):
    """Which one it is."""

    value: str


class Device(Resource):
    """The models that were asked."""

    resource_type: Literal["Device"] = "Device"
    status: Literal["active"] = "active"
    device_name: tuple[DeviceName, ...]
    type: CodeableConcept
    version: tuple[DeviceVersion, ...]
    note: tuple[Annotation, ...] = ()


class Prediction(Element):
    """One outcome and its chance."""

    outcome: CodeableConcept
    probability_decimal: Annotated[float, Field(ge=0, le=1)]  # FHIR lets 100 pass
    qualitative_risk: CodeableConcept
    when_period: Period
    rationale: str


class RiskAssessment(Resource):
    """The chance of one outcome, and what it rests on."""

    resource_type: Literal["RiskAssessment"] = "RiskAssessment"
    contained: tuple[Device, ...]
    status: Literal["final"] = "final"
    method: CodeableConcept
    code: CodeableConcept
    subject: Reference
    occurrence_date_time: str
    performer: Reference
    basis: tuple[Reference, ...]
    prediction: tuple[Prediction, ...]
    mitigation: str | None = None
    note: tuple[Annotation, ...] = ()


class ProvenanceAgent(Element):
    """Who took part."""

    type: CodeableConcept
    who: Reference


class ProvenanceEntity(Element):
    """What was used."""

    role: Literal["source"] = "source"
    what: Reference


class Provenance(Resource):
    """Which models, definitions and data something comes from."""

    resource_type: Literal["Provenance"] = "Provenance"
    contained: tuple[Device, ...]
    target: tuple[Reference, ...]
    recorded: str
    agent: tuple[ProvenanceAgent, ...]
    entity: tuple[ProvenanceEntity, ...]


class Goal(Resource):
    """What matters to the person."""

    resource_type: Literal["Goal"] = "Goal"
    lifecycle_status: Literal["active"] = "active"
    description: CodeableConcept
    subject: Reference


class ActivityDetail(Element):
    """Something that was agreed, or that waits."""

    kind: Literal["ServiceRequest"] = "ServiceRequest"
    code: CodeableConcept
    status: Literal["not-started", "in-progress", "on-hold", "cancelled"]
    status_reason: CodeableConcept | None = None
    scheduled_period: Period | None = None
    location: Reference | None = None
    performer: tuple[Reference, ...] = ()
    description: str | None = None


class Activity(Element):
    """One activity of a plan."""

    detail: ActivityDetail


class CarePlan(Resource):
    """The shared plan."""

    resource_type: Literal["CarePlan"] = "CarePlan"
    contained: tuple[Goal, ...] = ()
    status: Literal["active"] = "active"
    intent: Literal["plan"] = "plan"
    category: tuple[CodeableConcept, ...]
    title: str
    subject: Reference
    period: Period
    created: str
    goal: tuple[Reference, ...] = ()
    activity: tuple[Activity, ...] = ()


class ServiceRequest(Resource):
    """A draft that somebody may sign."""

    resource_type: Literal["ServiceRequest"] = "ServiceRequest"
    status: Literal["draft"] = "draft"
    intent: Literal["proposal"] = "proposal"
    code: CodeableConcept
    subject: Reference
    occurrence_period: Period | None = None
    performer_type: CodeableConcept
    location_code: tuple[CodeableConcept, ...]
    note: tuple[Annotation, ...] = ()
    patient_instruction: str


# ---- quality


class MeasuredPopulation(Element):
    """How many, or why that is not told; years lived and expected events stand beside."""

    extension: tuple[Extension, ...] = ()
    code: CodeableConcept
    count: int | None = None
    count_absent: Absent | None = Field(default=None, alias="_count")


class MeasuredGroup(Element):
    """The counts of a target, and its value."""

    code: CodeableConcept
    population: tuple[MeasuredPopulation, ...]
    measure_score: Quantity | None = None


class MeasureReport(Resource):
    """A quality target as measured."""

    resource_type: Literal["MeasureReport"] = "MeasureReport"
    status: Literal["complete", "pending"]
    type: Literal["summary"] = "summary"
    measure: str
    date: str
    period: Period
    improvement_notation: CodeableConcept | None = None
    group: tuple[MeasuredGroup, ...]


# ---- the audit log


class AuditAgent(Element):
    """Who asked."""

    role: tuple[CodeableConcept, ...] = ()
    who: Reference
    alt_id: str | None = None
    requestor: bool
    purpose_of_use: tuple[CodeableConcept, ...] = ()


class AuditSource(Element):
    """Who wrote it down."""

    observer: Reference
    type: tuple[Coding, ...]


class AuditDetail(Element):
    """A named value."""

    type: str
    value_string: str


class AuditEntity(Element):
    """Whom or what it was about."""

    what: Reference | None = None
    type: Coding
    role: Coding | None = None
    description: str | None = None
    query: str | None = None  # base64
    detail: tuple[AuditDetail, ...] = ()


class AuditEvent(Resource):
    """One row of the audit log."""

    resource_type: Literal["AuditEvent"] = "AuditEvent"
    type: Coding
    subtype: tuple[Coding, ...]
    action: Literal["C", "R", "E"]
    recorded: str
    outcome: Literal["0", "4", "8"]
    outcome_desc: str
    purpose_of_event: tuple[CodeableConcept, ...] = ()
    agent: tuple[AuditAgent, ...]
    source: AuditSource
    entity: tuple[AuditEntity, ...] = ()


# ---- answers


class Issue(Element):
    """What is wrong, or is to be known, in words of ours."""

    severity: Literal["error", "information"]
    code: Literal[
        "invalid", "login", "forbidden", "not-found", "not-supported", "timeout", "too-long", "throttled", "exception",
        "transient", "conflict", "incomplete", "informational",
    ]  # fmt: skip
    diagnostics: str


class OperationOutcome(Resource):
    """What is wrong, or is to be known."""

    resource_type: Literal["OperationOutcome"] = "OperationOutcome"
    issue: tuple[Issue, ...]


class EntrySearch(Element):
    """Why something is among what was found."""

    mode: Literal["match", "include", "outcome"]


class Entry(Element):
    """One thing that was found, or belongs to it."""

    full_url: str | None = None
    resource: SerializeAsAny[Resource]
    search: EntrySearch


class Link(Element):
    """Where an answer comes from: an address that names nobody."""

    relation: Literal["self"] = "self"
    url: str


class Bundle(Resource):
    """What a search found."""

    resource_type: Literal["Bundle"] = "Bundle"
    type: Literal["searchset"] = "searchset"
    total: int | None = None
    link: tuple[Link, ...]
    entry: tuple[Entry, ...] = ()
