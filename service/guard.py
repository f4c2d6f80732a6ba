"""Returns a route that settles who is calling, and whether they may, before anything of a body is parsed."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from service.actions import Actions
from service.audit import Action, AuditLog, Basis, Entry, Outcome
from service.callers import AUDITOR, CLINICIAN, COORDINATOR, QUALITY, ROLES, Caller
from service.causes import Causes
from service.cds_hooks.feedback import Feedback
from service.choices import Choices
from service.health import Readiness
from service.limits import Limits
from service.logs import log
from service.on_the_spot import OnTheSpot
from service.problem import DETAILS, FieldProblem, RefusedError
from service.questions import Answers
from service.replay import UsedTokens
from service.settings import Settings
from service.store import Store
from service.tokens import Verifier
from service.ui.handles import Handles
from service.ui.session import from_here, is_page, tokens_of

MAY: dict[str, tuple[Action, frozenset[str]]] = {  # what each guarded route is, and who may do it
    "look_up": ("lookup", frozenset({CLINICIAN, COORDINATOR})),
    "choose": ("choice", frozenset({CLINICIAN, COORDINATOR})),
    "act": ("action", frozenset({CLINICIAN, COORDINATOR, QUALITY})),
    "list_actions": ("action_list", frozenset({CLINICIAN, COORDINATOR, QUALITY})),
    "targets": ("targets", frozenset({QUALITY})),
    "target": ("targets", frozenset({QUALITY})),
    "proposals": ("targets", frozenset({QUALITY})),
    "examples": ("targets", ROLES),
    "list_cases": ("cases", frozenset({QUALITY})),
    "write_cause": ("case_cause", frozenset({QUALITY})),
    "answer_written": ("answer", frozenset({CLINICIAN, COORDINATOR})),
    "speak": ("own_words", frozenset({CLINICIAN, COORDINATOR})),
    "tell_fact": ("fact", frozenset({CLINICIAN, COORDINATOR})),
    "questions": ("questions", ROLES),
    "current_models": ("models", ROLES),
    "search_audit": ("audit_search", frozenset({AUDITOR})),
    "search_risk_assessments": ("RiskAssessment", frozenset({CLINICIAN, COORDINATOR})),
    "search_care_plans": ("CarePlan", frozenset({CLINICIAN, COORDINATOR})),
    "search_service_requests": ("ServiceRequest", frozenset({CLINICIAN, COORDINATOR})),
    "search_measure_reports": ("MeasureReport", frozenset({QUALITY})),
    "search_audit_events": ("AuditEvent", frozenset({AUDITOR})),
}
PAGES: dict[str, tuple[Action, frozenset[str]]] = {  # the same of pages
    "find_patient": ("lookup", frozenset({CLINICIAN, COORDINATOR})),
    "open_patient": ("lookup", frozenset({CLINICIAN, COORDINATOR})),
    "patient": ("lookup", frozenset({CLINICIAN, COORDINATOR})),
    "patient_plan": ("lookup", frozenset({CLINICIAN, COORDINATOR})),
    "patient_death": ("death_risk", frozenset({CLINICIAN, COORDINATOR})),
    "patient_choice": ("choice", frozenset({CLINICIAN, COORDINATOR})),
    "patient_fact": ("fact", frozenset({CLINICIAN, COORDINATOR})),
    "patient_words": ("own_words", frozenset({CLINICIAN, COORDINATOR})),
    "patient_action": ("action", frozenset({CLINICIAN, COORDINATOR})),
    "mine": ("action_list", frozenset({CLINICIAN, COORDINATOR})),
    "quality": ("targets", frozenset({QUALITY})),
    "quality_target": ("targets", frozenset({QUALITY})),
    "quality_csv": ("targets", frozenset({QUALITY})),
    "quality_action": ("action", frozenset({QUALITY})),
    "quality_cases": ("cases", frozenset({QUALITY})),
    "quality_cause": ("case_cause", frozenset({QUALITY})),
    **dict.fromkeys(
        ("region", "region_need", "region_chain", "region_offers", "region_plans"), ("targets", frozenset({QUALITY}))
    ),
    "models": ("models", ROLES),
    "model": ("models", ROLES),
}
AMONG_PEOPLE = frozenset({CLINICIAN, COORDINATOR})  # who may open a person, by the token's care context


@dataclass(frozen=True)
class Context:
    """What the routes work with; lives in `app.state.context`."""

    settings: Settings
    verifier: Verifier
    store: Store
    on_the_spot: OnTheSpot
    audit: AuditLog
    choices: Choices
    actions: Actions
    answers: Answers
    causes: Causes
    handles: Handles
    readiness: Readiness
    limits: Limits
    used_tokens: UsedTokens
    feedback: Feedback

    def entry(
        self,
        caller: Caller,
        action: Action,
        outcome: Outcome,
        request_id: str,
        *,
        purpose: str | None = None,
        name: str | None = None,
        basis: Basis | None = None,
        reason: str | None = None,
        criterion: str | None = None,
        version: str | None = None,
    ) -> Entry:
        """Return a row for the audit log."""
        return Entry(
            user=caller.user,
            role=caller.role,
            action=action,
            purpose=purpose,
            pseudonym=name,
            outcome=outcome,
            request_id=request_id,
            model_version=version or self.store.last.bundle.version,
            issuer=caller.issuer or None,
            organisation=caller.care.organisation,
            care_team=caller.care.care_team,
            basis=basis,
            reason=reason,
            criterion=criterion,
        )


def context_of(request: Request) -> Context:
    """Return the application's context."""
    context: Context = request.app.state.context
    return context


def caller_of(request: Request) -> Caller:
    """Return who is calling, as `Guarded` found."""
    caller: Caller = request.state.caller
    return caller


class OneOfEach(Request):
    """A request whose JSON may name a key once: with two, who was asked about would be anybody's guess."""

    async def json(self) -> Any:
        """Return the body; raises JSONDecodeError (422) for a key that stands twice in one object."""
        return json.loads(await self.body(), object_pairs_hook=one_of_each)


def one_of_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return one JSON object; raises JSONDecodeError for a key that stands twice in it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("a key stands twice", "", 0)
    return found


class Guarded(APIRoute):
    """A route that settles who is calling, and whether they may, before anything of the body is parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check in front."""
        handle = super().get_route_handler()
        action, roles = (PAGES if is_page(self.path) else MAY)[self.name]
        declared = bool(self.dependant.query_params) and not self.path.startswith("/fhir")  # FHIR has rules of its own

        async def guarded(request: Request) -> Response:
            if is_page(self.path) and request.method == "POST" and not from_here(request):
                raise HTTPException(403)
            caller = context_of(request).verifier.remembered(tokens_of(request))
            if caller is None or not caller.roles & roles:  # to be verified, or to be written down
                request.state.caller = await run_in_threadpool(_admit, request, action, roles)
            else:
                request.state.caller = _within_limits(request, caller)
            if declared:
                _refuse_twice(request)
            return await handle(OneOfEach(request.scope, request.receive))

        return guarded


def _refuse_twice(request: Request) -> None:
    """Raise RefusedError (422) for a name that stands twice in the address: which of the two was meant is a guess."""
    names = [name for name, _ in request.query_params.multi_items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found = [FieldProblem(pointer=f"/{name[:80]}", problem="stands twice") for name in twice[:10]]
        raise RefusedError(found, 422, DETAILS[422])


def _admit(request: Request, action: Action, roles: frozenset[str]) -> Caller:
    """Return who is calling. Nobody: 401. Too often: 429. In no role that may do this: written down, then 403."""
    context = context_of(request)
    caller = context.verifier.caller(tokens_of(request))
    if caller is None:
        log.warning("request %s: no valid token", request.state.request_id)
        raise HTTPException(401)
    _within_limits(request, caller)
    if not caller.roles & roles:
        context.audit.record(context.entry(caller, action, "denied", request.state.request_id))
        raise HTTPException(403)
    return caller


def _within_limits(request: Request, caller: Caller) -> Caller:
    wait = context_of(request).limits.wait(f"{caller.issuer}|{caller.user}")
    if wait:
        log.warning("request %s: a caller asks too often", request.state.request_id)
        raise HTTPException(429, headers={"Retry-After": str(wait)})
    return caller


async def _context(request: Request) -> Context:
    return context_of(request)


async def _caller(request: Request) -> Caller:
    return caller_of(request)


bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="ES384 or RS384, see docs/service.md")
FromContext = Annotated[Context, Depends(_context)]  # no function that FastAPI would give a thread to
FromCaller = Annotated[Caller, Depends(_caller)]
