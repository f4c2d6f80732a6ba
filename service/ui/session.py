"""Returns who is at a page: by the token that a proxy sends along, or by the cookie of the demo's own signing in.

The cookie counts below /ui/ alone, so that no other site can call an interface with it. What changes something is a
POST, and is refused where it does not come from a page of this service.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

PREFIX = "/ui"
COOKIE = "stratify"
LANGUAGE = "stratify-language"
A_YEAR = 365 * 24 * 3600


def tokens_of(request: Request) -> list[str]:
    """Return the Authorization headers; of a page that was sent none, the token in the cookie."""
    given = request.headers.getlist("authorization")
    if given or not is_page(request.url.path):
        return given
    told = request.cookies.get(COOKIE)
    return [f"Bearer {told}"] if told else []


def is_page(path: str) -> bool:
    """Return whether a path is that of a page."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def from_here(request: Request) -> bool:
    """Return whether a POST comes from a page of this service, by what browsers say and scripts cannot change."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def keep(response: Response, token: str, seconds: int) -> None:
    """Put a token into the cookie: out of reach of scripts, sent to pages alone."""
    response.set_cookie(COOKIE, token, max_age=seconds, path=f"{PREFIX}/", httponly=True, samesite="lax")


def forget(response: Response) -> None:
    """Take the token out of the cookie."""
    response.delete_cookie(COOKIE, path=f"{PREFIX}/", httponly=True, samesite="lax")


def language_of(request: Request) -> str:
    """Return the language of a page: as its address asks, as was chosen before, else Danish."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    return asked if asked in ("da", "en") else "da"


def keep_language(request: Request, response: Response) -> None:
    """Keep the language that an address asked for."""
    if request.query_params.get("lang") in ("da", "en"):
        told = request.query_params["lang"]
        response.set_cookie(LANGUAGE, told, max_age=A_YEAR, path=f"{PREFIX}/", samesite="lax")
