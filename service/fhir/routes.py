"""Returns the answers of the FHIR façade. Who is calling is settled before a body is read, as everywhere.

One person is opened as a look-up opens them: on a ground, and written down before anything is put together. Somebody
unknown, somebody outside the population and somebody who has said no to look-ups get the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from service.audit import Action
from service.audit_search import find_rows
from service.callers import Caller
from service.cds_hooks.words import Language, language_of
from service.choices import chosen, now, today
from service.demo import SYNTHETIC
from service.edge import MODEL_VERSION
from service.fhir.about import MADE_UP, About, Ids, said
from service.fhir.audit_events import audit_events
from service.fhir.capability import capability_statement
from service.fhir.forms import LOG, PERSON, PERSON_AND_PROVENANCE, TARGETS
from service.fhir.measures import chosen as chosen_measures
from service.fhir.measures import measure_reports
from service.fhir.outcome import MEDIA_TYPE, FhirResponse, fails, note
from service.fhir.plan import care_plan
from service.fhir.proposals import service_requests
from service.fhir.risk import provenance, risk_assessments
from service.fhir.searching import (
    Form,
    fields,
    form,
    log_search_of,
    measures_of,
    person_of,
    wants_json,
)
from service.fhir.searchset import searchset
from service.fhir.types import Resource
from service.fhir.words import WORDS
from service.guard import Context, FromCaller, FromContext, Guarded, bearer
from service.looking import Asking, Opened, opened
from service.problem import PLAIN
from service.routes import answer
from service.said import NO_ADVICE
from service.schemas import Found, Patient
from service.served import Served
from stratify.care.plan_text import Told
from stratify.pseudonym import pseudonym

BASE = "/fhir"
NOT_HERE = Told(goals=None)  # what matters to a person is written down in the record, not here
FAILS = fails(400, *PLAIN, 406)
ANSWERS: dict[int | str, dict[str, Any]] = {200: {"description": "What was found", "content": {MEDIA_TYPE: {}}}}


fhir = APIRouter(
    prefix=BASE, route_class=Guarded, dependencies=[Depends(bearer)], tags=["FHIR"], default_response_class=FhirResponse
)
metadata = APIRouter(prefix=BASE, tags=["FHIR"])


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


FromForm = Annotated[Form, Depends(form)]
InLanguage = Annotated[Language, Depends(_language)]


@metadata.get("/metadata", response_class=FhirResponse, responses={**ANSWERS, **fails(406)})
def capabilities(request: Request, context: FromContext) -> FhirResponse:
    """Return what is offered. No token: it tells of nobody."""
    wants_json(request)
    return FhirResponse(capability_statement(f"{context.settings.address}{BASE}", request.app.version))


@fhir.post("/RiskAssessment/_search", responses={**ANSWERS, **FAILS, **fails(415)}, openapi_extra=PERSON_AND_PROVENANCE)
def search_risk_assessments(
    told: FromForm, request: Request, context: FromContext, caller: FromCaller, language: InLanguage
) -> FhirResponse:
    """Return one person's risks, one RiskAssessment for each outcome but death, and their Provenance.

    Roles: clinician and coordinator, with a treating relationship.
    """
    patient = person_of(told, revinclude=True)
    found, about, advice = _opened("RiskAssessment", patient, request, context, caller, language)
    if advice is None:
        return _nothing("RiskAssessment", found.served, context, language)
    served = found.served
    risks = risk_assessments(advice, about, served.bundle.cards)
    targets = [str(one.id) for one in risks]
    included = [provenance(targets, advice, about, served.meta["delivered"], now())] if targets else []
    return _bundle("RiskAssessment", risks, served, context, included)


@fhir.post("/CarePlan/_search", responses={**ANSWERS, **FAILS, **fails(415)}, openapi_extra=PERSON)
def search_care_plans(
    told: FromForm, request: Request, context: FromContext, caller: FromCaller, language: InLanguage
) -> FhirResponse:
    """Return one person's shared plan, where something was agreed or put off.

    Roles: clinician and coordinator, with a treating relationship.
    """
    patient = person_of(told)
    found, about, advice = _opened("CarePlan", patient, request, context, caller, language)
    if advice is None or found.row is None:
        return _nothing("CarePlan", found.served, context, language)
    care = found.served.care
    stand = care.standing(found.row.stored.facts, chosen(found.row.said))
    plan = care_plan(advice, stand, NOT_HERE, about, care.catalogue, today())
    return _bundle("CarePlan", [] if plan is None else [plan], found.served, context)


@fhir.post("/ServiceRequest/_search", responses={**ANSWERS, **FAILS, **fails(415)}, openapi_extra=PERSON)
def search_service_requests(
    told: FromForm, request: Request, context: FromContext, caller: FromCaller, language: InLanguage
) -> FhirResponse:
    """Return drafts of what may suit one person: status draft, intent proposal.

    Roles: clinician and coordinator, with a treating relationship.
    """
    patient = person_of(told)
    found, about, advice = _opened("ServiceRequest", patient, request, context, caller, language)
    if advice is None:
        return _nothing("ServiceRequest", found.served, context, language)
    return _bundle("ServiceRequest", service_requests(advice, about), found.served, context)


@fhir.get("/MeasureReport", responses={**ANSWERS, **FAILS}, openapi_extra=TARGETS)
def search_measure_reports(request: Request, context: FromContext, language: InLanguage) -> FhirResponse:
    """Return the quality targets, counts of few people masked. Roles: quality."""
    wants_json(request)
    served = context.store.current()
    wanted = chosen_measures(served.targets, *measures_of(fields(request.url.query.encode())))
    meta = MADE_UP if _made_up(served) else None
    reports = measure_reports(wanted, served.meta["delivered"], Ids(served.key), meta, language)
    return _bundle("MeasureReport", reports, served, context)


@fhir.post("/AuditEvent/_search", responses={**ANSWERS, **FAILS, **fails(415)}, openapi_extra=LOG)
def search_audit_events(
    told: FromForm, request: Request, context: FromContext, caller: FromCaller, language: InLanguage
) -> FhirResponse:
    """Return rows of the audit log, the oldest first. Roles: auditor. The search leaves a row of its own."""
    asked, served = log_search_of(told), context.store.current()
    patient = asked.patient
    name = None if patient is None else pseudonym(served.key, patient.system, patient.identifier)
    criteria = asked.about(name)
    rows, more = find_rows(context.audit.engine, criteria)
    entry = context.entry(
        caller,
        "AuditEvent",
        "found" if rows else "not_found",
        request.state.request_id,
        purpose="AUDIT",
        name=name,
        criterion=criteria.told() or "everything",
    )
    context.audit.record(entry)
    notes = [note(WORDS[language]["more"].format(last=rows[-1]["seq"]), incomplete=True)] if more else []
    return _bundle("AuditEvent", audit_events(rows, Ids(served.key)), served, context, notes=notes, counted=not more)


def _opened(
    action: Action, patient: Patient, request: Request, context: Context, caller: Caller, language: Language
) -> tuple[Opened, About, Found | None]:
    """Return one person opened and written down; and what is told of them, None where there is no advice."""
    asking = Asking(caller, patient.system, patient.identifier, action)
    found = opened(context, request.state.request_id, asking)
    served = found.served
    about = About(patient.system, patient.identifier, found.name, Ids(served.key), language, _made_up(served))
    advice = answer(served, found.row)
    return found, about, advice if isinstance(advice, Found) else None


def _made_up(served: Served) -> bool:
    return served.meta["source"] == SYNTHETIC


def _nothing(kind: Action, served: Served, context: Context, language: Language) -> FhirResponse:
    """Return that there is no advice, which says nothing about a risk."""
    return _bundle(kind, [], served, context, notes=[note(said(NO_ADVICE, language))])


def _bundle(
    kind: Action,
    matches: Sequence[Resource],
    served: Served,
    context: Context,
    included: Sequence[Resource] = (),
    notes: Sequence[Resource] = (),
    *,
    counted: bool = True,
) -> FhirResponse:
    """Return what was found as a searchset. Its own address names nobody."""
    rest = "" if kind == "MeasureReport" else "/_search"
    url = f"{context.settings.address}{BASE}/{kind}{rest}"
    told = searchset(url, matches, included, notes, counted=counted)
    return FhirResponse(told, headers={MODEL_VERSION: served.bundle.version})
