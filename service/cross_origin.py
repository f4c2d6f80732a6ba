"""Returns hooks' answers to pages of other origins, those that were named at the start and no others."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

HOOKS = "/cds-services"


class CrossOrigin:
    """ASGI middleware: Starlette's own for hooks, nothing for all else; no cookies, no credentials."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app, allow_origins=list(origins), allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"], allow_credentials=False,
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        hook = scope["type"] == "http" and scope["path"].startswith(HOOKS)
        await (self._open if hook else self._app)(scope, receive, send)
