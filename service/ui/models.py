"""Returns the pages of the models: all that are served, and one of them with what it is for, how good, and its limits.

What is told comes from the served bundle's signed cards, from the files that training and promotion left in the work
folder, and from `watch/`. None of it is of one person. Each figure was disclosed where it was made; a count of events
behind a model that could not be trained is held back here where it is small.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from service.guard import FromContext, Guarded
from service.ui.models_view import address_of, group_of, not_trained_told, promotions_told, versions_told
from service.ui.models_view import member_told as member_of
from service.ui.models_watch import drift_told
from service.ui.render import page, words_of

models_pages = APIRouter(include_in_schema=False, route_class=Guarded)


@models_pages.get("/ui/models")
def models(request: Request, context: FromContext) -> HTMLResponse:
    """Return every model that is served, those that could not be trained and why, the versions, and what is watched."""
    served, words, work = context.store.current(), words_of(request), context.settings.workspace
    drift = drift_told(work, words, served.bundle.version)
    now = {one["member"]: one["oe"] for one in drift.get("lines", ())}
    told = {
        "groups": group_of(served.bundle, work, words, now),
        "not_trained": not_trained_told(served.bundle.manifest["not_trained"], words),
        "versions": versions_told(served.bundle, work, words),
        "promotions": promotions_told(work, words),
        "drift": {**drift, "lines": []},
        "data": served.bundle.manifest["data"],
        "synthetic": served.bundle.manifest["data"]["source"] == "synthetic",
    }
    return page(request, "models.html", at="models", **told)


@models_pages.get("/ui/models/{member}")
def model(member: str, request: Request, context: FromContext) -> HTMLResponse:
    """Return one model; 404 where no model of this name is served."""
    served, words, work = context.store.current(), words_of(request), context.settings.workspace
    key = next((one for one in served.bundle.members if address_of(one) == f"/ui/models/{member}"), None)
    if key is None:
        raise HTTPException(404)
    told = member_of(served.bundle, key, work, words)
    return page(request, "model.html", at="models", drift=drift_told(work, words, served.bundle.version, key), **told)
