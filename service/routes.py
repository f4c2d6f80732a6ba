"""Returns the answers of the service: one person's look-up, their choices, quality targets, the models, its own health.

Who is calling, and whether their role may do this, is settled before a body is parsed. Every look-up and choice, found,
unknown, failed or denied, is written to the audit log and committed before its answer is put together; when that fails
there is no answer (503).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from service.audit import Action, AuditLog, Entry, Outcome
from service.auth import CLINICIAN, QUALITY, ROLES, Caller, Verifier
from service.choice_shapes import NOBODY, ChoiceRefusedError, ChoiceRequest, ChoicesAnswer, refuse
from service.choices import Choices, today
from service.edge import MODEL_VERSION
from service.health import Readiness
from service.logs import log
from service.problem import problem, responses
from service.schemas import (
    NO_ADVICE,
    OVERSIGHT,
    READING,
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
from service.served import Row, Served
from service.store import Store
from stratify.pseudonym import pseudonym

MAY: dict[str, tuple[Action, frozenset[str]]] = {  # what each route below is, and who may do it
    "look_up": ("lookup", frozenset({CLINICIAN})),
    "choose": ("choice", frozenset({CLINICIAN})),
    "targets": ("targets", frozenset({QUALITY})),
    "current_models": ("models", ROLES),
}


@dataclass(frozen=True)
class Context:
    """What the routes work with; lives in `app.state.context`."""

    verifier: Verifier
    store: Store
    audit: AuditLog
    choices: Choices
    readiness: Readiness


def context_of(request: Request) -> Context:
    """Return the application's context."""
    context: Context = request.app.state.context
    return context


class OneOfEach(Request):
    """A request whose JSON may name a key once: with two, who was asked about would be anybody's guess."""

    async def json(self) -> Any:
        """Return the body; raises JSONDecodeError (422) for a key that stands twice in one object."""
        return json.loads(await self.body(), object_pairs_hook=_one_of_each)


def _one_of_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("a key stands twice", "", 0)
    return found


class Guarded(APIRoute):
    """A route that settles who is calling, and whether they may, before anything of the body is parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check in front."""
        handle = super().get_route_handler()
        action, roles = MAY[self.name]

        async def guarded(request: Request) -> Response:
            request.state.caller = await run_in_threadpool(_admit, request, action, roles)
            return await handle(OneOfEach(request.scope, request.receive))

        return guarded


def _admit(request: Request, action: Action, roles: frozenset[str]) -> Caller:
    """Return who is calling. Nobody: 401. In no role that may do this: the denial is written down, then 403."""
    context = context_of(request)
    caller = context.verifier.caller(request.headers.getlist("authorization"))
    if caller is None:
        log.warning("request %s: no valid token", request.state.request_id)
        raise HTTPException(401)
    if not caller.roles & roles:
        context.audit.record(_entry(caller, action, "denied", request, context.store.current()))
        raise HTTPException(403)
    return caller


def caller_of(request: Request) -> Caller:
    """Return who is calling, as `Guarded` found."""
    caller: Caller = request.state.caller
    return caller


bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="ES384, with iss, aud, exp, iat, sub and role")
api = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)])
health = APIRouter()

FromContext = Annotated[Context, Depends(context_of)]
FromCaller = Annotated[Caller, Depends(caller_of)]


@api.post("/scores:lookup", response_model=LookupAnswer, responses=responses(400, 401, 403, 408, 413, 422, 500, 503))
def look_up(
    asked: LookupRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> Found | NoAdvice:
    """Return one person's risks, reasons, missing data, stratum and offers, for their treatment. Roles: clinician.

    A person nobody knows and one outside the population get the same answer, `no_advice`.
    """
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    name = pseudonym(served.key, asked.patient.system, asked.patient.identifier)

    def record(outcome: Outcome) -> None:
        context.audit.record(_entry(caller, "lookup", outcome, request, served, asked.purpose, name))

    try:
        row = served.find(name)
        if row is not None:
            row = row.with_choices(context.choices.in_force(name))
    except Exception:
        record("failed")
        raise
    record("not_found" if row is None else "found")
    return _answer(served, row)


@api.post("/choices", responses=responses(400, 401, 403, 408, 413, 422, 500, 503))
def choose(
    asked: ChoiceRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> ChoicesAnswer:
    """Write down what a person chose of an offer or a preference, and return what is now in force. Roles: clinician.

    A later choice takes the place of an earlier one, which is kept. A duty cannot be declined.
    """
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    refuse(asked, served.care.catalogue, today())
    name = pseudonym(served.key, asked.patient.system, asked.patient.identifier)

    def entry(outcome: Outcome) -> Entry:
        return _entry(caller, "choice", outcome, request, served, asked.purpose, name)

    try:
        row = served.find(name)
    except Exception:
        context.audit.record(entry("failed"))
        raise
    if row is None:
        context.audit.record(entry("not_found"))
        raise ChoiceRefusedError([NOBODY])
    said = context.choices.add(entry("stored"), name, asked)
    return ChoicesAnswer(choices=[one.told() for one in said])


@api.get("/targets", responses=responses(401, 403, 408, 413, 500, 503))
def targets(response: Response, context: FromContext) -> TargetsAnswer:
    """Return the quality targets of the scored population, few people withheld. Roles: quality."""
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    return TargetsAnswer(targets=list(served.targets), data_as_of=served.meta["covers_to"])


@api.get("/models/current", responses=responses(401, 403, 408, 413, 500, 503))
def current_models(response: Response, context: FromContext) -> ModelsAnswer:
    """Return the models that are served, their cards, and what could not be trained and why. Any known role."""
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    manifest, cards = served.bundle.manifest, served.bundle.cards
    return ModelsAnswer(
        **served.model.model_dump(),
        data={**manifest["data"], "scored_covers_to": served.meta["covers_to"], "scored_source": served.meta["source"]},
        patient_system=served.meta["system"],
        members=[
            ServedMember(
                outcome=member["outcome"],
                population=member["population"],
                kind=member["kind"],
                name=member["name"],
                registered_version=member["registered_version"],
                card=dict(cards[key]),
            )
            for key, member in sorted(manifest["members"].items())
        ],
        not_trained=list(manifest["not_trained"]),
    )


@health.get("/livez")
def livez() -> Alive:
    """Return that the process answers."""
    return Alive()


@health.get("/readyz", response_model=Ready, responses=responses(503))
def readyz(request: Request, context: FromContext) -> Ready | Response:
    """Return whether look-ups can be answered; 503 with the reasons when not, in fixed words."""
    reasons = context.readiness.reasons()
    if reasons:
        return problem(503, request.state.request_id, reasons=reasons)
    notes = context.readiness.notes()
    return Ready(status="degraded" if notes else "ready", notes=notes)


def _entry(
    caller: Caller,
    action: Action,
    outcome: Outcome,
    request: Request,
    served: Served,
    purpose: str | None = None,
    name: str | None = None,
) -> Entry:
    return Entry(
        user=caller.user,
        role=caller.role,
        action=action,
        purpose=purpose,
        pseudonym=name,
        outcome=outcome,
        request_id=request.state.request_id,
        model_version=served.bundle.version,
    )


def _answer(served: Served, row: Row | None) -> Found | NoAdvice:
    as_of, model = served.meta["covers_to"], served.model
    if row is None:
        return NoAdvice(data_as_of=as_of, model=model, oversight=OVERSIGHT, text=NO_ADVICE)
    stored, weighed = row.stored, served.weigh(row)
    return Found(
        data_as_of=as_of,
        model=model,
        oversight=OVERSIGHT,
        risks=stored.risks,
        reasons=served.reasons(row),
        reading=READING,
        missing=stored.missing,
        conditions=weighed.conditions,
        choices=[one.told() for one in row.said],
        **weighed.answers,
    )
