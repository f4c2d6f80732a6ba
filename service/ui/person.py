"""Returns the pages of one person. Each time one is asked for, they are opened anew: on a ground, and written down.

An address holds a handle and never an identifier. Somebody unknown, somebody outside the population and whoever has
said no to look-ups get the same page.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from service.audit import Action
from service.callers import CLINICIAN
from service.choice_shapes import refuse_override
from service.choices import chosen, today
from service.fhir.narrative import blocks_of
from service.guard import Context, FromCaller, FromContext, Guarded, caller_of, context_of
from service.looking import Asking, Opened, opened
from service.own_words import in_plan
from service.problem import RefusedError
from service.schemas import LookupRequest
from service.ui.forms import FromForm
from service.ui.handles import Emergency
from service.ui.person_view import is_death, person_view, risk_told
from service.ui.person_words import language
from service.ui.render import page, words_of
from stratify.care.plan_text import plan_text

person = APIRouter(include_in_schema=False, route_class=Guarded)
ADDRESS = "/ui/patient"
FIRST_UNTIL = timedelta(days=91)  # what a form proposes for how long a no holds


@person.get(ADDRESS)
def find_patient(request: Request, context: FromContext, caller: FromCaller) -> Response:
    """Return the form that opens a person; where the token says who is being treated, lead to them at once."""
    if caller.care.patient is not None:
        return _to(context, request, *caller.care.patient)
    return _find(request)


@person.post(ADDRESS)
def open_patient(request: Request, context: FromContext, form: FromForm) -> Response:
    """Open a person by identifier, and lead to their page.

    In an emergency a clinician gives a reason, which stands in the log as in the interface; it holds for an hour.
    """
    system, urgent = context.store.current().meta["system"], form.one("urgent") == "yes"
    asked: dict[str, Any] = {"patient": {"system": system, "value": form.one("identifier")}, "purpose": "TREAT"}
    if urgent:
        asked["override"] = {"reason": form.one("reason")}
    try:
        wanted = LookupRequest.model_validate(asked)
        refuse_override(wanted)
    except ValidationError as error:
        places = {str(one["loc"][0]) for one in error.errors()}
        return _find(request, urgent=urgent, wrong="identifier" if "patient" in places else "reason")
    except RefusedError:
        return _find(request, urgent=urgent, wrong="reason")
    reason = None if wanted.override is None else wanted.override.reason
    who = wanted.patient.system, wanted.patient.identifier
    if _opened(request, who, reason=reason).row is None:
        return nobody(request)
    handle = context.handles.of(context.store.current(), caller_of(request), *who)
    if reason is not None:
        context.handles.in_emergency(handle, reason)
    return back(handle)


@person.get(ADDRESS + "/{handle}")
def patient(request: Request, handle: str) -> Response:
    """Return the page of a person."""
    return shown(request, handle)


@person.get(ADDRESS + "/{handle}/plan")
def patient_plan(request: Request, handle: str) -> Response:
    """Return the shared plan on one page to print: no stratum, no risk and no reason of the person's stands in it."""
    found = _opened(request, whose(request, handle), reason=_reason(_emergency(request, handle)))
    if found.row is None:
        return nobody(request)
    care, row, words = found.served.care, found.row, words_of(request)
    weighed_on, own = row.day or care.day, in_plan(row.words)
    answers = care.weigh(row.stored.facts, chosen(row.said), row.day)
    text = plan_text(
        answers,
        care.standing(row.stored.facts, chosen(row.said)),
        own,
        care.catalogue,
        weighed_on=weighed_on,
        today=today(),
        language=language(words),
    )
    (title, _), *blocks = blocks_of(text)
    return page(request, "person_plan.html", at="patient", title=title.rstrip(":"), blocks=blocks, handle=handle,
                by_hand=own.goals is None)  # fmt: skip


@person.post(ADDRESS + "/{handle}/death")
def patient_death(request: Request, handle: str) -> Response:
    """Return the risk of death, asked for on purpose: a row of its own in the log, shown once, on no other page."""
    found = _opened(request, whose(request, handle), "death_risk", reason=_reason(_emergency(request, handle)))
    if found.row is None:
        return nobody(request)
    words = words_of(request)
    served, stored = found.served, found.row.stored
    deaths = [one for one in stored.risks if is_death(one, served)]
    risks = [risk_told(one, served, words) for one in served.beside.of(deaths, stored.facts)]
    turned = f"{ADDRESS}/{handle}?lang={words.other}"  # no address that is posted to
    return page(request, "person_death.html", at="patient", risks=risks, handle=handle, other_language=turned)


def shown(request: Request, handle: str, *, status: int = 200, at: dict[str, Any] | None = None) -> Response:
    """Return the page of a person; with `at`, the form that was refused, what was written in it and what is wrong."""
    system, identifier = whose(request, handle)
    emergency = _emergency(request, handle)
    found = _opened(request, (system, identifier), reason=_reason(emergency))
    if found.row is None:
        return nobody(request)
    words = words_of(request)
    values = person_view(found.served, found.row, words)
    first = today() + FIRST_UNTIL
    return page(
        request,
        "person.html",
        at="patient",
        status=status,
        view=values,
        other_language=f"{ADDRESS}/{handle}?lang={words.other}",
        handle=handle,
        identifier=identifier,
        emergency=emergency,
        wrong=at or {},
        until={"first": first.isoformat(), "least": (today() + timedelta(days=1)).isoformat()},
    )


def whose(request: Request, handle: str) -> tuple[str, str]:
    """Return whose handle it is; 404 where it is not this caller's, or has expired."""
    context = context_of(request)
    found = context.handles.whose(context.store.current(), caller_of(request), handle)
    if found is None:
        raise HTTPException(404)
    return found


def back(handle: str, place: str = "") -> Response:
    """Lead back to the page of a person, to a place on it."""
    return RedirectResponse(f"{ADDRESS}/{handle}{place}", status_code=303)


def _opened(request: Request, who: tuple[str, str], action: Action = "lookup", *, reason: str | None = None) -> Opened:
    """Open a person on the ground there is, or in the emergency that there is a reason for."""
    asking = Asking(caller_of(request), *who, action, override=reason)
    return opened(context_of(request), request.state.request_id, asking)


def _reason(emergency: Emergency | None) -> str | None:
    return None if emergency is None else emergency.reason


def _emergency(request: Request, handle: str) -> Emergency | None:
    return context_of(request).handles.emergency(caller_of(request), handle)


def _find(request: Request, *, urgent: bool = False, wrong: str = "") -> Response:
    """Return the form that opens a person; wrong: the field that was not filled in as it must be."""
    may = CLINICIAN in caller_of(request).roles
    told = {"urgent": urgent, "wrong": wrong, "may_urgent": may}
    return page(request, "person_find.html", at="patient", status=422 if wrong else 200, **told)


def nobody(request: Request) -> Response:
    """Return the page for whoever is unknown, outside the population or closed: the same for all three."""
    return page(request, "person_nobody.html", at="patient")


def _to(context: Context, request: Request, system: str, identifier: str) -> Response:
    handle = context.handles.of(context.store.current(), caller_of(request), system, identifier)
    return back(handle)
