"""Returns every answer with a request id and no-store, nothing larger than 64 KiB let in, no failure let out.

The outermost layer of ours. The log line it writes holds the route's template, never the path or the query as sent, and
of a failure its kind and place, never its message: both could hold a person's identifier.
"""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problem import problem

LARGEST = 64 * 1024
REQUEST_ID = "X-Request-Id"
MODEL_VERSION = "X-Model-Version"
log = logging.getLogger("service")


class Edge:
    """ASGI middleware; `version` says which bundle is served, for answers that do not say it themselves."""

    def __init__(self, app: ASGIApp, version: Callable[[], str | None]) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(Headers(scope=scope).get(REQUEST_ID))
        scope.setdefault("state", {})["request_id"] = request_id
        sent: list[int] = []

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
                version = self._version()
                if version is not None:
                    headers.setdefault(MODEL_VERSION, version)
            await send(message)

        try:
            whole = await _whole_body(scope, receive)
            if whole is None:
                await problem(413, request_id, headers={"Connection": "close"})(scope, receive, stamped)
            else:
                await self._app(scope, whole, stamped)
        except Exception as error:  # the last place that can turn it into an answer without its message
            log.error("request %s failed: %s", request_id, _kind_and_place(error))
            if not sent:
                await problem(500, request_id)(scope, receive, stamped)
        route = getattr(scope.get("route"), "path", "-")
        spent = (time.perf_counter() - started) * 1000
        log.info("%s %s %s %s %.1f ms", request_id, _method(scope), route, sent[0] if sent else "-", spent)


def _request_id(given: str | None) -> str:
    """Return the caller's id when it is a UUID, which can name nobody; otherwise a new one."""
    try:
        return str(uuid.UUID(given))
    except (ValueError, TypeError, AttributeError):
        return str(uuid.uuid4())


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "-"


async def _whole_body(scope: Scope, receive: Receive) -> Receive | None:
    """Return a receive that replays the body, read whole; None when it is too large."""
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST:
        return None
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            return None
    replayed = False

    async def replay() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _kind_and_place(error: BaseException) -> str:
    """Return an exception's kind and where it went through our code and others', without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-6:]))
    return f"{type(error).__name__} at {places}"
