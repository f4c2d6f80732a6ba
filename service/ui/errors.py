"""Returns the page of an error: what happened, what to do, and the number to ask by; never what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.ui.session import language_of
from service.ui.templates import TEMPLATES
from service.ui.wording import UiWords, sections


def error_page(
    request: Request,
    status: int,
    request_id: str,
    errors: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Return the page for a status. errors: a field and what is wrong with it, in words of ours."""
    words = UiWords(language_of(request))
    known = sections()["errors"]
    kind = str(status) if f"title_{status}" in known else "other"
    told = {
        "words": words,
        "title": words(f"errors/title_{kind}"),
        "do": words(f"errors/do_{kind}"),
        "errors": errors,
        "request_id": request_id,
    }
    content = TEMPLATES.get_template("error.html").render(told)
    return HTMLResponse(content, status_code=status, headers=dict(headers or {}))
