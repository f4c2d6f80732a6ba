"""Returns the pages of the quality targets: all at a glance, and one with its chart, units, gaps and follow-up.

What stands on them is what GET /v1/targets/{id} tells, in the words and charts of the report (`models.report.targets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from service.guard import Context, FromCaller, FromContext, Guarded, caller_of, context_of
from service.target_routes import not_found, telling_of
from service.ui.quality_actions import follow_up, open_by_target, soonest
from service.ui.quality_list import quality_list
from service.ui.quality_view import target_view
from service.ui.quality_words import ADDRESS, TargetWords
from service.ui.render import page, words_of
from stratify.danish_csv import danish_csv
from stratify.quality.points import POINT, WORDS, points

quality_pages = APIRouter(include_in_schema=False, route_class=Guarded)
Level = Annotated[str | None, Query(max_length=80)]
Unit = Annotated[str | None, Query(max_length=80)]


@quality_pages.get(ADDRESS)
def quality(request: Request, context: FromContext, caller: FromCaller) -> Response:
    """Return all targets at a glance, what calls for action first, and what is open."""
    served, words = context.store.current(), TargetWords(words_of(request).code)
    actions = open_by_target(request, context, caller)
    view = quality_list(words, served, words_of(request), {key: len(of) for key, of in actions.items()})
    open_now = soonest(actions, served, words_of(request))
    return page(request, "quality.html", at="quality", view=view, open_now=open_now)


@quality_pages.get(ADDRESS + "/{target}.csv")
def quality_csv(target: str, context: FromContext) -> Response:
    """Return all figures that are told of a target as CSV for a Danish Excel."""
    told = telling_of(context.store.current(), target).everything()
    pieces = danish_csv({name: WORDS[name] for name in POINT}, points({target: told}))
    headers = {"Content-Disposition": f'attachment; filename="{target}.csv"'}
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=headers)


@quality_pages.get(ADDRESS + "/{target}")
def quality_target(target: str, request: Request, level: Level = None, unit: Unit = None) -> Response:
    """Return the page of a target, with the units of one level; unit: whose follow-up the form is about."""
    return shown(request, target, level, unit=unit)


def shown(
    request: Request,
    target: str,
    level: str | None = None,
    *,
    unit: str | None = None,
    status: int = 200,
    wrong: Mapping[str, Any] | None = None,
) -> Response:
    """Return the page of a target; with `wrong`, the form that was refused, what stood in it and why."""
    context, caller = context_of(request), caller_of(request)
    served, words = context.store.current(), TargetWords(words_of(request).code, target)
    telling = telling_of(served, target)
    told = telling.everything()
    view = target_view(words, served, told, level, own=caller.care.unit)
    if level is not None and level not in (*view["levels"], "region"):
        raise not_found("level", "this target is not told for that level", level, list(view["levels"]))
    follow = follow_up(request, context, caller, telling, told, words, unit_at=(level or "region", unit))
    values: dict[str, Any] = {
        "view": view, "follow": follow, "key": target, "wrong": wrong or {}, "cases": _cases(context, caller.care.unit),
    }  # fmt: skip
    turned = {"other_language": f"{ADDRESS}/{target}?lang={words_of(request).other}"} if wrong else {}
    return page(request, "quality_target.html", at="quality", status=status, **values, **turned)


def _cases(context: Context, unit: tuple[str, str] | None) -> str:
    """Return whether cases of the own unit can be seen: yes, off, or no_unit."""
    if not context.settings.cases:
        return "off"
    return "no_unit" if unit is None else "yes"
