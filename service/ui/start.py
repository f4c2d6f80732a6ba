"""Returns the first page, and signs in to the demo and out of it: one click for each role, for made-up people alone."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service.callers import CLINICIAN, COORDINATOR, DATA_SCIENTIST, QUALITY, Caller
from service.demo import HOURS, demo_token
from service.guard import AMONG_PEOPLE, Context, FromContext
from service.ui.example_people import EXAMPLES, example_person, there_is
from service.ui.forms import FromForm
from service.ui.render import page
from service.ui.session import forget, from_here, keep, tokens_of

start = APIRouter(include_in_schema=False)
UNIT = "hospital|Horsens"  # whose quality is that of the demo's quality role
DEMO_ROLES = (CLINICIAN, COORDINATOR, QUALITY, DATA_SCIENTIST)  # who has pages, in the order they are offered


@start.get("/")
@start.get("/ui")
def first() -> Response:
    """Lead to the first page."""
    return RedirectResponse("/ui/", status_code=303)


@start.get("/ui/")
def home(request: Request, context: FromContext) -> HTMLResponse:
    """Return the first page; of somebody who is signed in, with where they can go."""
    request.state.caller = context.verifier.caller(tokens_of(request))
    values: dict[str, Any] = {
        "ready": not context.readiness.reasons(),
        "roles": DEMO_ROLES if context.settings.demo else (),
        "examples": _examples(context, request.state.caller),
        "example_role": COORDINATOR if _is_coordinator(request.state.caller) else CLINICIAN,
        "links": [
            *([("/openapi.json", "openapi")] if context.settings.demo else []),
            ("/fhir/metadata", "fhir"),
            ("/readyz", "health"),
        ],
    }
    return page(request, "start.html", at="start", **values)


@start.get("/ui/accessibility")
def accessibility(request: Request, context: FromContext) -> HTMLResponse:
    """Return the accessibility statement."""
    request.state.caller = context.verifier.caller(tokens_of(request))
    return page(request, "accessibility.html")


@start.post("/ui/sign-in")
def sign_in(request: Request, context: FromContext, form: FromForm) -> Response:
    """Sign in to the demo in a role; anywhere else there is no such address."""
    if not context.settings.demo:
        raise HTTPException(404)
    role = form.one("role")
    if not from_here(request) or role not in DEMO_ROLES:
        raise HTTPException(403)
    patient = _example(context, form.one("example")) if form.one("example") else None
    unit = UNIT if role == QUALITY else None
    keys, user = context.settings.workspace.keys, f"demo-{role}"
    token = demo_token(keys, roles=(role,), user=user, patient=patient, unit=unit)
    response = RedirectResponse("/ui/" if patient is None else "/ui/patient", status_code=303)
    keep(response, token, HOURS * 3600)
    return response


@start.post("/ui/sign-out")
def sign_out(request: Request) -> Response:
    """Sign out of the demo."""
    if not from_here(request):
        raise HTTPException(403)
    response = RedirectResponse("/ui/", status_code=303)
    forget(response)
    return response


def _example(context: Context, name: str) -> tuple[str, str]:
    """Return the system and identifier of an example person; 404 where there is none such."""
    served = context.store.current()
    found = example_person(context.settings, served, name) if name in EXAMPLES else None
    if found is None:
        raise HTTPException(404)
    return served.meta["system"], found


def _examples(context: Context, caller: Caller | None) -> list[str]:
    """Return the example people that this region has, for whom a role may open people, or who is not signed in."""
    if not context.settings.demo or (caller is not None and not caller.roles & AMONG_PEOPLE):
        return []
    served = context.store.last
    return [name for name in EXAMPLES if there_is(served, name)]


def _is_coordinator(caller: Caller | None) -> bool:
    return caller is not None and COORDINATOR in caller.roles
