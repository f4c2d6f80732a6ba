"""Returns the answers about cases: who stands behind a target in the caller's own unit, and what each case came of.

Off unless it is switched on. The ground is the token's unit, the purpose to improve the quality of care, and what the
file itself says of its legal basis. Each person that is shown leaves a row in the audit log. Source: sundhedsloven
§ 42 d, see docs/legal.md.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException

from service.audit import Action, Entry, Outcome
from service.callers import Caller
from service.case_shapes import (
    Case,
    CasesAnswer,
    CauseAnswer,
    CauseRequest,
    CauseWritten,
    WhichCases,
)
from service.cases import CASES_OFF, Wanted, open_cases
from service.causes import shares_of
from service.choice_shapes import unfit_words
from service.choices import now, today
from service.edge import MODEL_VERSION
from service.guard import Context, FromCaller, FromContext, Guarded, bearer
from service.problem import ABOUT_PEOPLE, PLAIN, FieldProblem, RefusedError, responses
from service.schemas import Patient
from service.target_routes import telling_of
from stratify.pseudonym import pseudonym
from stratify.sealed import unseal

cases = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)], tags=["cases"])
NO_CASE = FieldProblem(pointer="/patient", problem="there is no such case in this unit, so nothing was written down")


@cases.get("/targets/{target}/cases", responses=responses(*PLAIN, 404, 422))
def list_cases(
    target: str,
    asked: Annotated[WhichCases, Query()],
    request: Request,
    response: Response,
    context: FromContext,
    caller: FromCaller,
) -> CasesAnswer:
    """Return the cases of a target in the caller's own unit, with what each came of. Roles: quality.

    403 where the service does not show cases, for another unit than the token's, and after the file's last day.
    Whoever has said no to look-ups is not among them.
    """
    wanted = Wanted(target, **asked.model_dump())
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    _own(wanted, "cases", request, context, caller)
    telling_of(served, target)
    with open_cases(context.settings.work, served.meta["pseudonym_key_id"], today()) as found:
        rows = found.of(wanted)
        meta = found.meta
    page = rows[: wanted.most]
    closed = context.causes.closed({row["pseudonym"] for row in page})
    shown = [row for row in page if row["pseudonym"] not in closed]
    causes = context.causes.of(wanted)
    people = dict.fromkeys(row["pseudonym"] for row in shown)
    context.audit.record(
        _entry(wanted, "cases", "found" if people else "not_found", request, context, caller),
        *(_entry(wanted, "cases", "found", request, context, caller, name) for name in people),
    )
    return CasesAnswer(
        target=target,
        **asked.model_dump(include={"level", "unit", "period"}),
        **{name: meta[name] for name in ("legal_basis", "responsible_unit", "purpose", "ends", "covers_to")},
        cases=[_case(row, served.key, causes.get((row["period"], row["day"], row["pseudonym"]))) for row in shown],
        causes=shares_of([one["cause"] for one in causes.values()]),
        last=page[-1]["number"] if page else wanted.after,
        more=len(rows) > wanted.most,
    )


@cases.post("/targets/{target}/cases:cause", responses=responses(*ABOUT_PEOPLE, 404))
def write_cause(
    target: str, asked: CauseRequest, request: Request, context: FromContext, caller: FromCaller
) -> CauseAnswer:
    """Write down what one case of the own unit came of; the last word on a case counts. Roles: quality."""
    unfit = unfit_words(asked.text, (asked.patient.value, asked.patient.identifier))
    if unfit is not None:
        raise RefusedError([FieldProblem(pointer="/text", problem=unfit)])
    wanted = Wanted(target, asked.level, asked.unit, asked.period)
    served = context.store.current()
    _own(wanted, "case_cause", request, context, caller)
    telling_of(served, target)
    name = pseudonym(served.key, asked.patient.system, asked.patient.identifier)
    with open_cases(context.settings.work, served.meta["pseudonym_key_id"], today()) as found:
        there = found.one(wanted, asked.day.isoformat(), name)
    if not there or context.causes.closed([name]):
        context.audit.record(_entry(wanted, "case_cause", "not_found", request, context, caller, name))
        raise RefusedError([NO_CASE])
    entry = _entry(wanted, "case_cause", "stored", request, context, caller, name)
    told = asked.model_dump(mode="json", include={"level", "unit", "period", "day", "cause", "text"})
    who = {"issuer": caller.issuer, "user": caller.user, "role": caller.role, "request_id": entry.request_id}
    row = {**told, **who, "target": target, "pseudonym": name, "at": now().isoformat(timespec="milliseconds")}
    context.causes.add(entry, row)
    return CauseAnswer(cause=_cause(row))


def _own(wanted: Wanted, action: Action, request: Request, context: Context, caller: Caller) -> None:
    """Return where cases are shown and the unit is the caller's; else the denial is written down, then 403."""
    on, own = context.settings.cases, caller.care.unit == (wanted.level, wanted.unit)
    if on and own:
        return
    context.audit.record(_entry(wanted, action, "denied", request, context, caller))
    if not on:
        raise RefusedError([], 403, CASES_OFF)
    raise HTTPException(403)


def _entry(
    wanted: Wanted,
    action: Action,
    outcome: Outcome,
    request: Request,
    context: Context,
    caller: Caller,
    name: str | None = None,
) -> Entry:
    return context.entry(
        caller,
        action,
        outcome,
        request.state.request_id,
        purpose=wanted.purpose,
        name=name,
        basis=None if name is None else "own_unit",
        criterion=wanted.told(),
    )


def _case(row: dict[str, Any], key: bytes, cause: Any) -> Case:
    system, value = unseal(key, row["pseudonym"], row["sealed"])
    told = {name: row[name] for name in ("number", "period", "day", "state", "why")}
    return Case(patient=Patient(system=system, value=value), cause=None if cause is None else _cause(cause), **told)


def _cause(row: Any) -> CauseWritten:
    return CauseWritten(**{name: row[name] for name in ("cause", "text", "at", "user")})
