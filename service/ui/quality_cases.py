"""Returns the cases of a target in the caller's own unit, each written down in the audit log, and keeps their causes.

The list and the causes are those of GET /v1/targets/{id}/cases and of POST …/cases:cause. A form holds the number of a
case and never an identifier.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from service.callers import Caller
from service.case_routes import list_cases, write_cause
from service.case_shapes import CAUSES, CasesAnswer, CauseRequest, WhichCases
from service.guard import Context, FromCaller, FromContext, Guarded
from service.problem import RefusedError
from service.target_routes import telling_of
from service.ui.forms import FromForm
from service.ui.quality_words import ADDRESS, TargetWords
from service.ui.render import page, words_of

quality_cases_pages = APIRouter(include_in_schema=False, route_class=Guarded)
MOST = 50
After = Annotated[int, Query(ge=0, le=2**53)]


@quality_cases_pages.get(ADDRESS + "/{target}/cases")
def quality_cases(
    target: str, request: Request, context: FromContext, caller: FromCaller, after: After = 0
) -> Response:
    """Return the cases of the own unit; where they are not shown, why not."""
    return _shown(target, request, context, caller, after)


@quality_cases_pages.post(ADDRESS + "/{target}/cases")
def quality_cause(target: str, request: Request, context: FromContext, caller: FromCaller, form: FromForm) -> Response:
    """Write down what a case came of."""
    number = int(form.one("number")) if form.one("number").isascii() and form.one("number").isdigit() else 0
    after = int(form.one("after")) if form.one("after").isascii() and form.one("after").isdigit() else 0
    which = _which(caller, after=max(number - 1, 0), most=1)
    if which is None or not number:
        raise HTTPException(403 if which is None else 404)
    found = list_cases(target, which, request, Response(), context, caller).cases
    case = next((one for one in found if one.number == number), None)
    if case is None:
        raise HTTPException(404)
    asked = {"patient": case.patient.model_dump(), "purpose": "HQUALIMP", "level": which.level, "unit": which.unit}
    asked |= {"period": case.period, "day": case.day, "cause": form.one("cause"), "text": form.one("text")}
    try:
        write_cause(target, CauseRequest.model_validate(asked), request, context, caller)
    except (ValidationError, RefusedError):
        wrong = {"number": number, "cause": form.one("cause"), "text": form.one("text")}
        return _shown(target, request, context, caller, after, wrong=wrong)
    return RedirectResponse(f"{ADDRESS}/{target}/cases?after={after}#case-{number}", status_code=303)


def _shown(
    target: str,
    request: Request,
    context: Context,
    caller: Caller,
    after: int,
    wrong: dict[str, Any] | None = None,
) -> Response:
    """Return the page; where the service or the token shows no cases, in words and with 403."""
    served, words = context.store.current(), words_of(request)
    name = TargetWords(words.code).of(telling_of(served, target).told["name"])
    which, answer, refused = _which(caller, after=after, most=MOST), None, "no_unit"
    if which is None:
        context.audit.record(context.entry(caller, "cases", "denied", request.state.request_id))
    else:
        try:
            answer = list_cases(target, which, request, Response(), context, caller)
        except RefusedError as error:
            refused = "off" if not context.settings.cases else "none" if error.status == 404 else "ended"
    values: dict[str, Any] = {
        "name": name, "key": target, "refused": None if answer else refused, "after": after, "wrong": wrong or {},
        "answer": answer, "cases": [] if answer is None else _cases(answer, request), "causes": CAUSES,
        "ends": None if answer is None else words.day(answer.ends),
    }  # fmt: skip
    status = 409 if wrong else 403 if refused in ("off", "no_unit", "ended") and answer is None else 200
    turned = {"other_language": f"{ADDRESS}/{target}/cases?lang={words.other}"}
    return page(request, "quality_cases.html", at="quality", status=status, **values, **turned)


def _which(caller: Caller, *, after: int, most: int) -> WhichCases | None:
    """Return which cases are the caller's own; None where the token names no unit that cases are told for."""
    if caller.care.unit is None:
        return None
    level, unit = caller.care.unit
    try:
        return WhichCases(level=level, unit=unit, purpose="HQUALIMP", after=after, most=most)
    except ValidationError:
        return None


def _cases(answer: CasesAnswer, request: Request) -> list[dict[str, Any]]:
    words = words_of(request)
    return [
        {
            "number": one.number,
            "who": one.patient.value,
            "day": words.day(one.day),
            "state": words(f"quality_case/{one.state}"),
            "why": one.why,
            "cause": None if one.cause is None else one.cause.cause,
            "text": "" if one.cause is None else one.cause.text,
        }
        for one in answer.cases
    ]
