"""Returns every answer with a request id and no-store, nothing too large let in, no failure let out.

The outermost layer of ours. A body is read whole before anything else happens, within ten seconds: whoever announces
one and does not send it holds a connection no longer than that. The log line it writes holds the route's template,
never the path or the query as sent, and of a failure its kind and place, never its message: both could hold a person's
identifier.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.failures import failure
from service.logs import kind_and_place, log
from service.metrics import count_request

LARGEST = 64 * 1024
LARGEST_OF_HOOKS = 4 * 1024 * 1024  # a clinical system sends along what it knows
HOOKS = "/cds-services/"
STATIC = "/ui/static/"  # styles, which tell of nobody
LARGE_AT_ONCE = 16  # bodies of hooks that are held at a time, where they are larger than others may be
BODY_SECONDS = 10.0
SAFE = {  # on every answer: nothing is kept, nothing from elsewhere is loaded, nobody frames a page of ours
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
REQUEST_ID = "X-Request-Id"
MODEL_VERSION = "X-Model-Version"


class Edge:
    """ASGI middleware; `version` says which bundle is served, for answers that do not say it themselves."""

    def __init__(self, app: ASGIApp, version: Callable[[], str | None]) -> None:
        self._app = app
        self._version = version
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        own = scope["path"].startswith(HOOKS)  # a card is known by it, and no two cards may have one
        request_id = str(uuid.uuid4()) if own else _request_id(Headers(scope=scope).get(REQUEST_ID))
        scope.setdefault("state", {})["request_id"] = request_id
        sent: list[int] = []

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in SAFE.items():
                    headers[name] = value
                if scope["path"].startswith(STATIC):
                    headers["Cache-Control"] = "max-age=3600"
                version = self._version()
                if version is not None:
                    headers.setdefault(MODEL_VERSION, version)
            await send(message)

        try:
            async with self._large if _may_be_large(scope) else nullcontext():
                body = await _whole_body(scope, receive)
                if isinstance(body, bytes):
                    await self._app(scope, _replay(body, receive), stamped)
                elif body is not None:
                    refused = failure(Request(scope), body, request_id, headers={"Connection": "close"})
                    await refused(scope, receive, stamped)
        except Exception as error:  # the last place that can turn it into an answer without its message
            log.error("request %s failed: %s", request_id, kind_and_place(error))
            if not sent:
                await failure(Request(scope), 500, request_id)(scope, receive, stamped)
        route = getattr(scope.get("route"), "path", "-")
        seconds, method, status = time.perf_counter() - started, _method(scope), str(sent[0]) if sent else "-"
        count_request(route, method, status, seconds)
        log.info("%s %s %s %s %.1f ms", request_id, method, route, status, seconds * 1000)


def _request_id(given: str | None) -> str:
    """Return the caller's id when it is a UUID, which can name nobody; otherwise a new one."""
    try:
        return str(uuid.UUID(given))
    except (ValueError, TypeError, AttributeError):
        return str(uuid.uuid4())


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "-"


def _may_be_large(scope: Scope) -> bool:
    """Whether a hook's body is, or may be, larger than those that any number of callers may send at once."""
    length = Headers(scope=scope).get("content-length", "")
    return scope["path"].startswith(HOOKS) and not (length.isdecimal() and int(length) <= LARGEST)


async def _whole_body(scope: Scope, receive: Receive) -> bytes | int | None:
    """Return the body; or the status it is refused with, read no further; or None when the caller hung up."""
    length = Headers(scope=scope).get("content-length", "0")
    largest = LARGEST_OF_HOOKS if scope["path"].startswith(HOOKS) else LARGEST
    if not length.isdecimal() or int(length) > largest:
        return 413
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, largest)
    except TimeoutError:
        return 408


async def _read(receive: Receive, largest: int) -> bytes | int | None:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > largest:
            return 413
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives the whole body first."""
    replayed = False

    async def replay() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
