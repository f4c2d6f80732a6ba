"""Returns the answers of the service: one person's look-up, quality targets, the models served, and its own health.

Who is calling is settled before a body is read. Every look-up, found, unknown or denied, is written to the audit log
and committed before its answer is put together; when that fails there is no answer (503).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from service.audit import AuditLog, AuditUnavailableError, Entry
from service.auth import CLINICIAN, QUALITY, ROLES, Caller, Verifier
from service.edge import MODEL_VERSION
from service.problem import AUDIT_DOWN, problem, responses
from service.schemas import (
    NO_ADVICE,
    OVERSIGHT,
    Alive,
    Found,
    LookupAnswer,
    LookupRequest,
    ModelsAnswer,
    NoAdvice,
    Ready,
    ServedMember,
    TargetsAnswer,
)
from service.store import Row, Served, Store
from stratify.errors import StratifyError
from stratify.pseudonym import pseudonym

Action = Literal["lookup", "targets", "models"]
BEHIND = "The files on the disk do not fit and are not served; the last good ones are. The log says why."
MAY: dict[Action, frozenset[str]] = {
    "lookup": frozenset({CLINICIAN}),
    "targets": frozenset({QUALITY}),
    "models": ROLES,
}


@dataclass(frozen=True)
class Context:
    """What the routes work with; lives in `app.state.context`."""

    verifier: Verifier
    store: Store
    audit: AuditLog


def context_of(request: Request) -> Context:
    """Return the application's context."""
    context: Context = request.app.state.context
    return context


class Guarded(APIRoute):
    """A route that settles who is calling before anything of the request is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check in front."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            verifier = context_of(request).verifier
            caller = await run_in_threadpool(verifier.caller, request.headers.getlist("authorization"))
            if caller is None:
                raise HTTPException(401)
            request.state.caller = caller
            return await handle(request)

        return guarded


def caller_of(request: Request) -> Caller:
    """Return who is calling, as `Guarded` found."""
    caller: Caller = request.state.caller
    return caller


bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="ES384, with iss, aud, exp, iat, sub and role")
api = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)])
health = APIRouter()

FromContext = Annotated[Context, Depends(context_of)]
FromCaller = Annotated[Caller, Depends(caller_of)]


@api.post("/scores:lookup", response_model=LookupAnswer, responses=responses(400, 401, 403, 413, 422, 500, 503))
def look_up(
    asked: LookupRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> Found | NoAdvice:
    """Return one person's risks, reasons, missing data, stratum and offers, for their treatment. Roles: clinician.

    A person nobody knows and one outside the population get the same answer, `no_advice`.
    """
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.champion.version
    name = pseudonym(served.key, asked.patient.system, asked.patient.identifier)
    _permit(caller, "lookup", request, context, served, purpose=asked.purpose, name=name)
    row = served.find(name)
    context.audit.record(
        _entry(caller, "lookup", request, served, asked.purpose, name, "not_found" if row is None else "found")
    )
    return _answer(served, row)


@api.get("/targets", responses=responses(401, 403, 413, 500, 503))
def targets(request: Request, response: Response, context: FromContext, caller: FromCaller) -> TargetsAnswer:
    """Return the quality targets of the scored population, few people withheld. Roles: quality."""
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.champion.version
    _permit(caller, "targets", request, context, served)
    return TargetsAnswer(targets=list(served.targets), data_as_of=served.meta["covers_to"])


@api.get("/models/current", responses=responses(401, 403, 413, 500, 503))
def current_models(request: Request, response: Response, context: FromContext, caller: FromCaller) -> ModelsAnswer:
    """Return the models that are served, their cards, and what could not be trained and why. Any known role."""
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.champion.version
    _permit(caller, "models", request, context, served)
    manifest, cards = served.champion.manifest, served.champion.cards
    return ModelsAnswer(
        **served.model.model_dump(),
        data={**manifest["data"], "scored_covers_to": served.meta["covers_to"], "scored_source": served.meta["source"]},
        population=manifest["population"],
        patient_system=served.meta["system"],
        members=[
            ServedMember(
                outcome=outcome,
                kind=member["kind"],
                name=member["name"],
                registered_version=member["registered_version"],
                card=dict(cards[outcome]),
            )
            for outcome, member in sorted(manifest["members"].items())
        ],
        not_trained=list(manifest["not_trained"]),
    )


@health.get("/livez")
def livez() -> Alive:
    """Return that the process answers."""
    return Alive()


@health.get("/readyz", response_model=Ready, responses=responses(503))
def readyz(request: Request, context: FromContext) -> Ready | Response:
    """Return whether look-ups can be answered; 503 with the reasons when not."""
    reasons = []
    try:
        context.store.current().check()
    except StratifyError as error:
        reasons.append(str(error))
    try:
        context.audit.probe()
    except AuditUnavailableError:
        reasons.append(AUDIT_DOWN)
    if reasons:
        return problem(503, request.state.request_id, reasons=reasons)
    return Ready(status="degraded", notes=[BEHIND]) if context.store.behind else Ready(status="ready", notes=[])


def _permit(
    caller: Caller,
    action: Action,
    request: Request,
    context: Context,
    served: Served,
    *,
    purpose: str | None = None,
    name: str | None = None,
) -> None:
    """Return when one of the caller's roles may do this; otherwise write the denial down and answer 403."""
    if not caller.roles & MAY[action]:
        context.audit.record(_entry(caller, action, request, served, purpose, name, "denied"))
        raise HTTPException(403)


def _entry(
    caller: Caller,
    action: Action,
    request: Request,
    served: Served,
    purpose: str | None,
    name: str | None,
    outcome: Literal["found", "not_found", "denied"],
) -> Entry:
    return Entry(
        user=caller.user,
        role=caller.role,
        action=action,
        purpose=purpose,
        pseudonym=name,
        outcome=outcome,
        request_id=request.state.request_id,
        model_version=served.champion.version,
    )


def _answer(served: Served, row: Row | None) -> Found | NoAdvice:
    as_of, model = served.meta["covers_to"], served.model
    if row is None:
        return NoAdvice(data_as_of=as_of, model=model, oversight=OVERSIGHT, text=NO_ADVICE)
    stored = row.stored
    return Found(
        data_as_of=as_of,
        model=model,
        oversight=OVERSIGHT,
        risks=stored.risks,
        reasons=served.reasons(row),
        missing=stored.missing,
        stratum=stored.stratum,
        offers=stored.offers,
        conditions=stored.conditions,
    )
