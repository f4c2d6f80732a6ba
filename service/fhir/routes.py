"""Returns the answers of the FHIR façade. Who is calling is settled before a body is read, as everywhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request

from service.audit_search import find_rows
from service.choices import chosen, now, today
from service.fhir.about import MADE_UP, Ids
from service.fhir.asked import BASE, FromSearch, InLanguage, Made, One, bundle, made_up
from service.fhir.audit_events import audit_events
from service.fhir.capability import capability_statement
from service.fhir.forms import LOG, PERSON, PERSON_AND_PROVENANCE, TARGETS
from service.fhir.measures import chosen as chosen_measures
from service.fhir.measures import measure_reports
from service.fhir.outcome import MEDIA_TYPE, FhirResponse, fails, note
from service.fhir.plan import care_plan
from service.fhir.proposals import service_requests
from service.fhir.risk import provenance, risk_assessments
from service.fhir.searching import fields, log_search_of, measures_of, person_of, wants_json
from service.fhir.words import WORDS
from service.guard import FromContext, Guarded, bearer
from service.own_words import in_plan
from service.problem import PLAIN
from stratify.pseudonym import pseudonym

ANSWERS: dict[int | str, dict[str, Any]] = {200: {"description": "What was found", "content": {MEDIA_TYPE: {}}}}
BY_GET = {**ANSWERS, **fails(400, *PLAIN, 406)}
BY_POST = {**BY_GET, **fails(415)}

fhir = APIRouter(
    prefix=BASE, route_class=Guarded, dependencies=[Depends(bearer)], tags=["FHIR"], default_response_class=FhirResponse
)
metadata = APIRouter(prefix=BASE, tags=["FHIR"])


@metadata.get("/metadata", response_class=FhirResponse, responses={**ANSWERS, **fails(406)})
def capabilities(request: Request, context: FromContext) -> FhirResponse:
    """Return what is offered. No token: it tells of nobody."""
    wants_json(request)
    return FhirResponse(capability_statement(f"{context.settings.address}{BASE}", request.app.version))


@fhir.post("/RiskAssessment/_search", responses=BY_POST, openapi_extra=PERSON_AND_PROVENANCE)
def search_risk_assessments(search: FromSearch) -> FhirResponse:
    """Return one person's risks, one RiskAssessment for each outcome but death, and their Provenance.

    Roles: clinician and coordinator, with a treating relationship.
    """
    return search.for_one("RiskAssessment", person_of(search.form, revinclude=True), _risks)


@fhir.post("/CarePlan/_search", responses=BY_POST, openapi_extra=PERSON)
def search_care_plans(search: FromSearch) -> FhirResponse:
    """Return one person's shared plan, where something was agreed or put off.

    Roles: clinician and coordinator, with a treating relationship.
    """
    return search.for_one("CarePlan", person_of(search.form), _plan)


@fhir.post("/ServiceRequest/_search", responses=BY_POST, openapi_extra=PERSON)
def search_service_requests(search: FromSearch) -> FhirResponse:
    """Return drafts of what may suit one person: status draft, intent proposal.

    Roles: clinician and coordinator, with a treating relationship.
    """
    return search.for_one("ServiceRequest", person_of(search.form), _drafts)


@fhir.get("/MeasureReport", responses=BY_GET, openapi_extra=TARGETS)
def search_measure_reports(request: Request, context: FromContext, language: InLanguage) -> FhirResponse:
    """Return the quality targets, counts of few people masked. Roles: quality."""
    wants_json(request)
    served = context.store.current()
    wanted = chosen_measures(served.targets, *measures_of(fields(request.url.query.encode())))
    meta = MADE_UP if made_up(served) else None
    reports = measure_reports(wanted, served.meta["delivered"], Ids(served.key), meta, language)
    return bundle("MeasureReport", reports, served, context)


@fhir.post("/AuditEvent/_search", responses=BY_POST, openapi_extra=LOG)
def search_audit_events(search: FromSearch) -> FhirResponse:
    """Return rows of the audit log, the oldest first. Roles: auditor. The search leaves a row of its own."""
    context, asked = search.context, log_search_of(search.form)
    served, patient = context.store.current(), asked.patient
    name = None if patient is None else pseudonym(served.key, patient.system, patient.identifier)
    criteria = asked.about(name)
    rows, more = find_rows(context.audit.engine, criteria)
    entry = context.entry(
        search.caller,
        "AuditEvent",
        "found" if rows else "not_found",
        search.request_id,
        purpose="AUDIT",
        name=name,
        criterion=criteria.told() or "everything",
    )
    context.audit.record(entry)
    notes = [note(WORDS[search.language]["more"].format(last=rows[-1]["seq"]), incomplete=True)] if more else []
    return bundle("AuditEvent", audit_events(rows, Ids(served.key)), served, context, notes=notes, counted=not more)


def _risks(one: One) -> Made:
    risks = risk_assessments(one.found, one.about, one.served.bundle.cards)
    targets = [str(risk.id) for risk in risks]
    return risks, [provenance(targets, one.found, one.about, one.served.meta["delivered"], now())] if targets else []


def _plan(one: One) -> Made:
    care = one.served.care
    stand = care.standing(one.row.stored.facts, chosen(one.row.said))
    plan = care_plan(one.found, stand, in_plan(one.row.words), one.about, care.catalogue, today())
    return [] if plan is None else [plan], ()


def _drafts(one: One) -> Made:
    return service_requests(one.found, one.about), ()
