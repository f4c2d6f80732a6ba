"""Returns whole pages from templates: words, menu, who is signed in, and how fresh the data are, on every one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse

from service.callers import CLINICIAN, COORDINATOR, QUALITY, ROLES, Caller
from service.demo import SYNTHETIC
from service.guard import Context, context_of
from service.ui.session import keep_language, language_of
from service.ui.templates import TEMPLATES
from service.ui.wording import UiWords

MENU: tuple[tuple[str, str, frozenset[str] | None], ...] = (  # name, address, for whom; None: for everybody
    ("start", "/ui/", None),
    ("patient", "/ui/patient", frozenset({CLINICIAN, COORDINATOR})),
    ("mine", "/ui/mine", frozenset({CLINICIAN, COORDINATOR})),
    ("quality", "/ui/quality", frozenset({QUALITY})),
    ("region", "/ui/region", frozenset({QUALITY})),
    ("models", "/ui/models", ROLES),
)


def page(request: Request, template: str, *, status: int = 200, at: str = "", **values: Any) -> HTMLResponse:
    """Return a page. at: its place in the menu; values: what its template shows beside what every page does."""
    context, words = context_of(request), words_of(request)
    caller: Caller | None = getattr(request.state, "caller", None)
    shown = {**everywhere(context, words, caller, at), "other_language": turned(request, words), **values}
    response = HTMLResponse(TEMPLATES.get_template(template).render(shown), status_code=status)
    keep_language(request, response)
    return response


def words_of(request: Request) -> UiWords:
    """Return the words of a page, in the language it is asked for in."""
    return UiWords(language_of(request))


def everywhere(context: Context, words: UiWords, caller: Caller | None, at: str) -> dict[str, Any]:
    """Return what every page shows."""
    served = context.store.last
    return {
        "words": words,
        "at": at,
        "menu": [(name, address) for name, address, roles in MENU if may(caller, roles)],
        "caller": caller,
        "caller_roles": lambda one: ", ".join(words.named("roles", role) for role in sorted(one.roles)),
        "demo": context.settings.demo,
        "made_up": served.meta["source"] == SYNTHETIC,
        "covers_to": served.meta["covers_to"],
        "bundle": served.bundle.version,
    }


def may(caller: Caller | None, roles: frozenset[str] | None) -> bool:
    """Return whether a menu's entry is for this caller; one for everybody stands there for who is signed in."""
    return caller is not None and (roles is None or bool(caller.roles & roles))


def turned(request: Request, words: UiWords) -> str:
    """Return the address of the same page in the other language."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"{request.url.path}?{urlencode([*asked, ('lang', words.other)])}"
