"""Returns the answers to clinical systems: what there is, the card of a hook's call, and thanks for feedback.

Each call carries a token of its own, which counts once. 412 where what is required was not sent along, 401 for any
token that does not hold, and an empty list of cards where there is no advice: three things that are never mixed up.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from service.callers import CLINICIAN, Caller, CareContext
from service.cds_hooks.answers import Cards, Discovery, Nothing, OperationOutcome
from service.cds_hooks.bodies import MisshapenError, read_body
from service.cds_hooks.brief import brief
from service.cds_hooks.cards import TOLD, Asked, cards, pressing
from service.cds_hooks.prefetch import (
    CHART,
    REQUIRED,
    TEMPLATES,
    OtherPatientError,
    PreconditionError,
    State,
    patient_of,
    state_of,
)
from service.cds_hooks.shapes import FeedbackRequest, HookRequest, without_empty
from service.cds_hooks.words import WORDS, language_of
from service.choices import today
from service.edge import MODEL_VERSION
from service.guard import Context, context_of
from service.logs import log
from service.looking import Asking, Find, nightly, opened
from service.problem import DETAILS, responses
from service.replay import ReplayedError
from service.schemas import Words
from service.served import Row, Served
from service.tokens import Client
from stratify.fhir.declared import declared
from stratify.fhir.refusal import ChartRefusedError

SERVICE = "multimorbidity"
PATH = "/cds-services"
OF_NO_CLINICIAN = ("Patient/", "RelatedPerson/")
hooks = APIRouter(tags=["CDS Hooks"])
OPTIONAL = ", ".join(f"`{key}`" for key in TEMPLATES if key != REQUIRED)
CALLED: tuple[tuple[str, str, str], ...] = (  # hook, title, description
    (
        "patient-view",
        "Flere sygdomme: hvad er sandsynligt, og hvad passer",
        "Sandsynligheden for en akut indlæggelse, tilbud der kan passe, hvad der skal spørges om, og udkast til"
        " underskrift, for voksne med flere sygdomme. Beslutningsstøtte; ikke medicinsk udstyr. / Chance of an acute"
        " admission, offers that may fit, what to ask, and drafts to sign, for adults with several long-term diseases."
        " Decision support; not a medical device.",
    ),
    (
        "encounter-discharge",
        "Flere sygdomme: ved udskrivelse",
        "Det samme ved udskrivelse: hvad der skal ske inden for dage, kommer først, i stedet for det tidligere kort. /"
        " The same at discharge: what has to be done within days comes first, in the place of the earlier card.",
    ),
)
NO_SERVICE = "there is no such service; GET /cds-services lists them"
UNTOLD: dict[State, str] = {"left out": "not_sent", "null": "none_there", "failed": "failed"}  # as charts tell it
FAILS = {400: "invalid", 403: "forbidden", 404: "not-found", 412: "required", 422: "invalid"}


@hooks.get(PATH, response_model=Discovery)
def discovery() -> Response:
    """Return which hooks there is an answer to, and what is to be sent along. No token: it tells of nobody."""
    needs = (
        f"For clinicians. A signed token for each call (ES384 or RS384). Prefetch `{REQUIRED}` is required, with an"
        f" identifier of the system that people are scored under; {OPTIONAL} may be left out. With `{CHART}` a patient"
        " is scored from their chart, at a discharge and where nothing else is known of them, and the card says what"
        " was missing."
    )
    services = [
        {
            "hook": hook,
            "id": SERVICE,
            "title": title,
            "description": description,
            "usageRequirements": needs,
            "prefetch": TEMPLATES,
            "version": "1.0.0",
            "hookVersion": "1.0",
        }
        for hook, title, description in CALLED
    ]
    return JSONResponse({"services": services})


class Unanswered(Exception):  # noqa: N818 - no error of ours
    """A call that is refused before anybody is looked up: with what it is answered."""

    def __init__(self, response: Response) -> None:
        self.response = response


def _described(body: type[BaseModel]) -> dict[str, Any]:
    """Return what the description says of a route that reads its body itself."""
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {
        "parameters": [{"name": "service", "in": "path", "required": True, "schema": {"type": "string"},
                        "example": SERVICE}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "security": [{"HTTPBearer": []}],
    }  # fmt: skip


def _fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": DETAILS[status], "model": OperationOutcome} for status in statuses}


UNUSUAL = responses(401, 408, 413, 429, 500, 503)


@hooks.post(
    PATH + "/{service}",
    openapi_extra=_described(HookRequest),
    responses={200: {"model": Cards}, **_fails(400, 403, 404, 412, 422), **UNUSUAL},
)
async def call(request: Request) -> Response:
    """Return the card for whoever a hook is about, or none. A clinical system's token, for this address, once."""
    body = await request.body()
    return await run_in_threadpool(_called, request.path_params["service"], body, request)


@hooks.post(
    PATH + "/{service}/feedback",
    openapi_extra=_described(FeedbackRequest),
    responses={200: {"model": Nothing}, **_fails(400, 404), **UNUSUAL},
)
async def feedback(request: Request) -> Response:
    """Write down what became of cards; the same answer again changes nothing."""
    body = await request.body()
    return await run_in_threadpool(_told, request.path_params["service"], body, request)


def _called(service: str, body: bytes, request: Request) -> Response:
    context = context_of(request)
    client = _client(context, service, request, "")
    try:
        return _card(context, client, service, body, request)
    except Unanswered as refused:
        if not context.used_tokens.first(client):
            raise _stranger(request) from None
        return refused.response
    except ReplayedError:
        raise _stranger(request) from None


def _card(context: Context, client: Client, service: str, body: bytes, request: Request) -> Response:
    """Return the card; the token is used up in the transaction that writes the row of the audit log."""
    if service != SERVICE:
        raise Unanswered(_outcome(404, NO_SERVICE))
    try:
        asked = read_body(body, HookRequest)
    except MisshapenError as error:
        raise Unanswered(_outcome(400, f"the call does not have the required shape: {error}")) from None
    if asked.context.user_id.startswith(OF_NO_CLINICIAN):
        return _denied(asked, client, request, "cards are for clinicians: Practitioner or PractitionerRole")
    served = context.store.current()
    system = served.meta["system"]
    try:
        identifier = patient_of(asked.prefetch, asked.context.patient_id, system)
    except PreconditionError as error:
        raise Unanswered(_outcome(412, str(error))) from None
    except OtherPatientError:
        return _denied(asked, client, request, f"prefetch key `{REQUIRED}` is another patient than context.patientId")
    care = CareContext((system, identifier), client.tenant, None)
    caller = Caller(asked.context.user_id, frozenset({CLINICIAN}), client.issuer, care)
    mark, find = context.used_tokens.mark(client), _find(context, asked)
    try:
        found = opened(context, request.state.request_id, Asking(caller, system, identifier, "hook"), find, also=mark)
    except ChartRefusedError as error:  # it was written down that the answer failed
        raise Unanswered(_outcome(error.status, _why(error))) from None
    shown: list[dict[str, Any]] = []
    if found.row is not None:
        shown = cards(brief(found.served, found.row), _asked(asked, request, context, found.served))
    headers = {MODEL_VERSION: found.served.bundle.version}
    return JSONResponse({"cards": without_empty(shown)}, headers=headers)


def _find(context: Context, asked: HookRequest) -> Find:
    """Return where the person's row comes from: the nightly score; the chart that came along where there is none.

    At a discharge what fits is by the chart, which knows what has just been; the risks stay those of the nightly score
    where there is one, which knows all that registers tell. Raises ChartRefusedError where the chart failed and nothing
    else is known.
    """
    discharged = asked.context.encounter_id if asked.hook == "encounter-discharge" else None
    state = state_of(asked.prefetch, CHART)

    def chart(served: Served, _: str) -> Row | None:
        return context.on_the_spot.from_chart(served, asked.prefetch, discharged) if state == "there" else None

    def find(served: Served, name: str) -> Row | None:
        night = nightly(served, name)
        now = chart(served, name) if night is None or discharged is not None else None
        if night is None and now is None and state == "failed":
            raise ChartRefusedError("failed", CHART)
        return night if now is None else now if night is None else now.with_risks_of(night)

    return find


def _why(error: ChartRefusedError) -> str:
    return str(error) if error.key is None else f"prefetch key `{error.key}`: {error}"


def _denied(asked: HookRequest, client: Client, request: Request, why: str) -> Response:
    """Return 403, written down in the transaction that uses up the token."""
    context = context_of(request)
    roles = frozenset() if asked.context.user_id.startswith(OF_NO_CLINICIAN) else frozenset({CLINICIAN})
    caller = Caller(asked.context.user_id, roles, client.issuer)
    entry = context.entry(caller, "hook", "denied", request.state.request_id, purpose="TREAT")
    context.audit.record(entry, also=context.used_tokens.mark(client))
    return _outcome(403, why)


def _asked(asked: HookRequest, request: Request, context: Context, served: Served) -> Asked:
    return Asked(
        card=UUID(request.state.request_id),
        patient=asked.context.patient_id,
        encounter=asked.context.encounter_id,
        language=language_of(request.headers.get("accept-language")),
        discharge=asked.hook == "encounter-discharge",
        model_page=f"{context.settings.address}/ui/" if context.settings.base_url else None,
        among=among(served),
        least_need=context.settings.card_need,
        today=today(),
        lacks=_lacks(asked),
        pressing=pressing(served.care.catalogue),
    )


def _lacks(asked: HookRequest) -> tuple[Words, ...]:
    """Return what a discharge lacks where no chart came along: what has days left after it hangs on the chart."""
    state = state_of(asked.prefetch, CHART)
    if asked.hook != "encounter-discharge" or state == "there":
        return ()
    told, name = declared().told[UNTOLD[state]], declared().prefetch[CHART].name
    da, en = told.da.format(what=name.da), told.en.format(what=name.en)
    return (Words(da=f"{da} {WORDS['da']['no_days']}", en=f"{en} {WORDS['en']['no_days']}"),)


def among(served: Served) -> float | None:
    """Return how common the told outcome was among the people its widest model was measured on; None where unknown."""
    told = [card for key, card in sorted(served.bundle.cards.items()) if key.startswith(f"{TOLD}/multimorbid")]
    made = told[0].get("made_on", {}).get("test", {}) if told else {}
    events, n = made.get("events"), made.get("n")
    return events / n if isinstance(events, int) and isinstance(n, int) and n else None


def _told(service: str, body: bytes, request: Request) -> Response:
    context = context_of(request)
    client = _client(context, service, request, "/feedback")
    if not context.used_tokens.first(client):
        raise _stranger(request)
    if service != SERVICE:
        return _outcome(404, NO_SERVICE)
    try:
        told = read_body(body, FeedbackRequest)
    except MisshapenError as error:
        return _outcome(400, f"the feedback does not have the required shape: {error}")
    offers = list(context.store.current().care.catalogue.offers)
    caller = Caller(client.issuer, frozenset({CLINICIAN}), client.issuer)
    unknown = 0
    for one in told.feedback:
        name = context.feedback.whose(client.issuer, str(one.card))
        if name is None:
            unknown += 1
            context.audit.record(context.entry(caller, "feedback", "not_found", request.state.request_id))
            continue
        entry = context.entry(caller, "feedback", "stored", request.state.request_id, name=name)
        context.feedback.add(entry, client.issuer, one, offers)
    if unknown == len(told.feedback):
        return _outcome(404, "no card of ours has this uuid")
    return JSONResponse({})


def _client(context: Context, service: str, request: Request, rest: str) -> Client:
    """Return the clinical system that calls, or raise: 401 for no token that holds, 429 for too many.

    Who calls is settled first: a stranger learns nothing, not even which services there are not. Whether the token was
    used before is asked when it is used.
    """
    address = f"{context.settings.address}{PATH}/{service}{rest}"
    client = context.verifier.client(request.headers.getlist("authorization"), address)
    if client is None:
        raise _stranger(request)
    wait = context.limits.wait(f"{client.issuer}|{client.tenant}", CLIENT_SHARE)
    if wait:
        raise HTTPException(429, headers={"Retry-After": str(wait)})
    return client


def _stranger(request: Request) -> HTTPException:
    log.warning("request %s: no valid token of a clinical system", request.state.request_id)
    return HTTPException(401)


CLIENT_SHARE = 50  # a clinical system calls for many people who work in it


def _outcome(status: int, text: str) -> Response:
    """Return an OperationOutcome; its words are ours and name nobody."""
    issue = {"severity": "error", "code": FAILS[status], "diagnostics": text}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=status)
