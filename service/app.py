"""Returns the application: nothing is read or opened before `create_app` is called with settings.

What it serves is verified first: a bundle that does not verify, a scored population that does not fit it or an audit
log that cannot be written raises here, and nothing ever answers.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.action_routes import actions as action_routes
from service.action_shapes import ActionRequest, ActionSearch
from service.actions import Actions
from service.audit import AuditLog, AuditUnavailableError
from service.audit_routes import AuditSearch
from service.audit_routes import audit as audit_routes
from service.case_routes import cases as case_routes
from service.case_shapes import CauseRequest
from service.causes import Causes
from service.cds_hooks.feedback import Feedback
from service.cds_hooks.routes import hooks
from service.cds_hooks.shapes import FeedbackRequest, HookRequest
from service.choice_shapes import ChoiceRequest
from service.choices import Choices, ChoicesUnavailableError
from service.cross_origin import CrossOrigin
from service.demo import SYNTHETIC, make_demo_keys
from service.edge import Edge
from service.failures import failure
from service.fhir.outcome import outcome
from service.fhir.routes import fhir
from service.fhir.routes import metadata as fhir_metadata
from service.fhir.searching import SearchError
from service.guard import Context
from service.health import Readiness
from service.limits import Limits
from service.logs import log, told
from service.on_the_spot import Here, OnTheSpot
from service.problem import AUDIT_DOWN, CHOICES_DOWN, Problem, RefusedError, field_problems
from service.questions import AnswerRequest, Answers
from service.replay import UsedTokens
from service.routes import api, health
from service.schemas import KNOWN_FIELDS
from service.served import Loader, load_verified
from service.settings import Settings
from service.store import Store
from service.target_routes import targets as target_routes
from service.tokens import Verifier
from service.ui.handles import Handles
from service.ui.pages import add_pages
from stratify.errors import BundleError, NotPermittedError

TITLE = "Stratify"
THREADS = 6  # requests that are answered at a time
SWITCH = 0.002  # seconds after which one that computes lets others have their turn
DISTRIBUTION = "stratify-multimorbidity"
BODIES = (ChoiceRequest, ActionRequest, ActionSearch, AuditSearch, AnswerRequest, CauseRequest)
IN_ADDRESSES = frozenset({"chosen", "period", "after", "most"})
FIELDS = KNOWN_FIELDS.union(IN_ADDRESSES, *(one.model_fields for one in BODIES))
DESCRIPTION = (
    "One person's risks, their reasons, and the offers that suit; quality targets; the models behind it. "
    "Decision support for clinicians: it decides nothing, and is not a medical device."
)
TRY_IT = (
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out try_private.pem",
    "openssl pkey -in try_private.pem -pubout -out try_public.pem",
    "stratify serve --jwt-key try_public.pem --issuer urn:try --audience urn:try:service",
    "token: a JWT signed with try_private.pem (ES384), with iss, aud, iat, exp (at most a day later), sub, role and",
    "context (patient_id, as system|identifier: whom you treat);",
    "docs/service.md shows how to make one",
)


def create_app(settings: Settings, load: Loader = load_verified, on_the_spot: OnTheSpot | None = None) -> FastAPI:
    """Return the application for these settings, everything verified; who is scored on the spot, is in this process.

    Raises BundleError (13) for a bundle or a scored population that does not fit, NotPermittedError (14) for an audit
    log that cannot be written, a key others can read, or a demo on people who are not made up; UsageError (2) for a JWT
    key that is none.
    """
    if settings.demo:
        make_demo_keys(settings.workspace.keys)
    store = Store(settings.workspace, load)
    source = store.current().meta["source"]
    if settings.demo and source != SYNTHETIC:
        raise NotPermittedError(
            f"--demo serves made-up people alone, the scored population's source is {source!r}; "
            "serve it with --jwt-key, --issuer and --audience of your identity provider. To try it, with your own key:",
            TRY_IT,
        )
    verifier, audit = Verifier(settings.issuers), AuditLog(settings.audit_url)
    choices = Choices(audit)
    limits, used = Limits(settings.per_minute), UsedTokens(audit)
    readiness = Readiness(store, audit, choices, used)
    context = Context(
        settings,
        verifier,
        store,
        on_the_spot or Here(store),
        audit,
        choices,
        Actions(audit),
        Answers(audit),
        Causes(audit),
        Handles(audit),
        readiness,
        limits,
        used,
        Feedback(audit),
    )
    app = _application(docs=settings.demo, origins=settings.origins)
    app.state.context = context
    return app


def openapi_document() -> dict[str, Any]:
    """Return the service's OpenAPI document; needs no work folder."""
    return _application(docs=False).openapi()


def _application(*, docs: bool, origins: Sequence[str] = ()) -> FastAPI:
    app = FastAPI(
        lifespan=_few_threads,
        title=TITLE,
        version=_version(),
        description=DESCRIPTION,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        redirect_slashes=False,
    )
    app.include_router(api)
    app.include_router(target_routes)
    app.include_router(case_routes)
    app.include_router(action_routes)
    app.include_router(audit_routes)
    app.include_router(hooks)
    app.include_router(fhir)
    app.include_router(fhir_metadata)
    app.include_router(health)
    add_pages(app)
    if origins:
        app.add_middleware(CrossOrigin, origins=origins)
    app.add_middleware(Edge, version=lambda: _served_version(app))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(AuditUnavailableError, _audit_down)
    app.add_exception_handler(ChoicesUnavailableError, _choices_down)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(SearchError, _no_search)
    app.add_exception_handler(BundleError, _unusable)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _few_threads(_: FastAPI) -> AsyncIterator[None]:
    """Answer few requests at a time in one process: what waits for a turn takes no memory and holds nobody up."""
    current_default_thread_limiter().total_tokens = THREADS
    sys.setswitchinterval(SWITCH)
    yield


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:  # run from a folder, not installed
        return "0"


def _served_version(app: FastAPI) -> str | None:
    context: Context | None = getattr(app.state, "context", None)
    return None if context is None else context.store.last.bundle.version


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        from service.examples import show  # what no answer to anybody needs
        from service.fhir.description import describe

        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for shape in (Problem, HookRequest, FeedbackRequest):  # which no route declares
            schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            document["components"]["schemas"].update(schema.pop("$defs", {}), **{shape.__name__: schema})
        describe(document)
        show(document)
        app.openapi_schema = document
    return app.openapi_schema


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allow = {k: v for k, v in (error.headers or {}).items() if k.lower() in ("allow", "retry-after")}
    return failure(request, error.status_code, request.state.request_id, headers=allow)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = field_problems(error.errors(), FIELDS)
    return failure(request, 422, request.state.request_id, errors=errors)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return failure(request, error.status, request.state.request_id, error.detail, errors=error.problems or None)


async def _no_search(_: Request, error: Exception) -> Response:
    assert isinstance(error, SearchError)
    return outcome(error.status, error.reasons)


async def _choices_down(request: Request, error: Exception) -> Response:
    log.error("request %s: choices cannot be read or written (%s)", request.state.request_id, error)
    return failure(request, 503, request.state.request_id, CHOICES_DOWN)


async def _audit_down(request: Request, error: Exception) -> Response:
    log.error("request %s: the audit log cannot be written (%s)", request.state.request_id, error)
    return failure(request, 503, request.state.request_id, AUDIT_DOWN)


async def _unusable(request: Request, error: Exception) -> Response:
    log.error("request %s: %s", request.state.request_id, told(error))
    return failure(request, 503, request.state.request_id)
