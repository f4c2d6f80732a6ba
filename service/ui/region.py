"""Returns the pages of the region: who lives here and where, need against activity, the chain, the use of offers.

All of it is counts of many, from `need/need.json` in the work folder as it was written; where it is missing or is not
as it was written the page says which command makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from service.guard import FromContext, Guarded
from service.ui.region_data import CATCHMENT, MUNICIPALITY, OUTCOMES, known, need_of
from service.ui.region_more import BY, chain_told, use_told, uses_told
from service.ui.region_plans import coverage_told, plan_told, whatif_told
from service.ui.region_view import activity_told, map_told, matrix_told, need_told, places_of
from service.ui.render import page, words_of

region_pages = APIRouter(include_in_schema=False, route_class=Guarded)
LEVELS = (CATCHMENT, MUNICIPALITY)
EXPECTED_BY = ("adults", "case_mix")
Asked = Annotated[str | None, Query(max_length=80)]


@region_pages.get("/ui/region")
def region(request: Request, context: FromContext, show: Asked = None, place: Asked = None) -> HTMLResponse:
    """Return the map of a measure, the five hospitals, and the strata of the region or a catchment."""
    need, words = need_of(context.settings.workspace), words_of(request)
    if need.state != "there":
        return _missing(request, need.state, "region")
    shows = known(need.told)
    show, place = _one_of(show, shows), _one_of(place, places_of(need.told))
    catalogue = context.store.current().care.catalogue
    return page(
        request, "region.html", at="region", here="region", state="there", shows=shows, show=show, place=place,
        places=places_of(need.told), found=map_told(need.told, show, words) if show else None,
        matrix=matrix_told(need.told, catalogue, place, words),
    )  # fmt: skip


@region_pages.get("/ui/region/need")
def region_need(
    request: Request, context: FromContext, outcome: Asked = None, by: Asked = None, level: Asked = None
) -> HTMLResponse:
    """Return observed over expected of hospitals or municipalities in a funnel, and services for each expected."""
    need, words = need_of(context.settings.workspace), words_of(request)
    if need.state != "there":
        return _missing(request, need.state, "need")
    told = need.told["parts"]["need"]["told"]
    outcomes = [one for one in (*OUTCOMES, *told) if one in told]
    outcomes = list(dict.fromkeys(outcomes))
    outcome, level = _one_of(outcome, outcomes), _one_of(level, LEVELS)
    years = told[outcome]["years"].values()
    kinds = [one for one in EXPECTED_BY if any(one in year for year in years)]
    by = _one_of(by, kinds)
    return page(
        request, "region_need.html", at="region", here="need", state="there", outcomes=outcomes, outcome=outcome,
        names={one: words.of(told[one]["name"]) for one in outcomes}, kinds=kinds, by=by, levels=LEVELS, level=level,
        found=need_told(need.told, outcome, by, level, words), activity=activity_told(need.told, words),
    )  # fmt: skip


@region_pages.get("/ui/region/chain")
def region_chain(request: Request, context: FromContext, by: Asked = None) -> HTMLResponse:
    """Return what came in the 7 days before an acute admission."""
    need, words = need_of(context.settings.workspace), words_of(request)
    if need.state != "there":
        return _missing(request, need.state, "chain")
    kinds = [one for one in BY if one in need.told["parts"]["chain"]["told"]]
    by = _one_of(by, kinds)
    return page(request, "region_chain.html", at="region", here="chain", state="there", kinds=kinds, by=by,
                found=chain_told(need.told, by, words))  # fmt: skip


@region_pages.get("/ui/region/offers")
def region_offers(request: Request, context: FromContext, offer: Asked = None, level: Asked = None) -> HTMLResponse:
    """Return who of those eligible used an offer, in a funnel."""
    need, words = need_of(context.settings.workspace), words_of(request)
    if need.state != "there":
        return _missing(request, need.state, "offers")
    uses = uses_told(need.told, words)
    offer, level = _one_of(offer, [one["id"] for one in uses]), _one_of(level, LEVELS)
    return page(request, "region_offers.html", at="region", here="offers", state="there", uses=uses, offer=offer,
                levels=LEVELS, level=level, found=use_told(need.told, offer, level, words))  # fmt: skip


@region_pages.get("/ui/region/plans")
def region_plans(request: Request, context: FromContext) -> HTMLResponse:
    """Return coverage of offers by stratum, and what-if results beside each other."""
    work, words = context.settings.workspace, words_of(request)
    catalogue = context.store.current().care.catalogue
    return page(request, "region_plans.html", at="region", here="plans", state="there",
                coverage=coverage_told(work, catalogue, words), plan=plan_told(work, catalogue, words),
                whatif=whatif_told(work, words))  # fmt: skip


def _one_of(asked: str | None, there: Sequence[str]) -> str:
    """Return what was asked, the first where nothing was; 404 for what there is not."""
    if asked is None:
        return there[0] if there else ""
    if asked not in there:
        raise HTTPException(404)
    return asked


def _missing(request: Request, state: str, here: str) -> HTMLResponse:
    values: dict[str, Any] = {"state": state, "here": here}
    status = 200 if state == "absent" else 503
    return page(request, "region_missing.html", status=status, at="region", **values)
