"""Returns the answers about follow-up: an action written down, and the list of the own care team or about targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from service.action_shapes import (
    OPEN,
    Action,
    ActionAnswer,
    ActionRequest,
    ActionsAnswer,
    ActionSearch,
    ExamplesAnswer,
    refuse_action,
)
from service.actions import KEPT, Asked, Team, TooManyOpenError
from service.audit import Entry, Outcome
from service.callers import QUALITY, Caller
from service.choices import now, today
from service.edge import MODEL_VERSION
from service.follow_up import MOST_OPEN, changing, opening, too_many
from service.guard import AMONG_PEOPLE, Context, FromCaller, FromContext, Guarded, bearer
from service.held import MOST_EXAMPLES, example_of, stands
from service.looking import Asking, to_write
from service.problem import ABOUT_PEOPLE, PLAIN, FieldProblem, RefusedError, responses
from service.schemas import Patient
from service.served import Served
from service.target_routes import telling_of
from stratify.sealed import seal, unseal

actions = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)], tags=["follow-up"])
NO_ACTION = FieldProblem(pointer="/id", problem="there is no such action of this care team, or about this target")


@actions.post("/actions", responses=responses(*ABOUT_PEOPLE))
def act(asked: ActionRequest, request: Request, context: FromContext, caller: FromCaller) -> ActionAnswer:
    """Write down what is done by when, for a person or about a quality target, or how it stands now.

    Roles: clinician and coordinator for a person they treat, quality for a target. An open action of a care team is its
    relation to the person: it lets the team open them. Of a unit three actions about targets are open at most; one
    closes as held where the unit's last 12 points or more vary at random around the goal or better.
    """
    served = context.store.current()
    refuse_action(asked, served.care.catalogue, [target.id for target in served.targets], today())
    if asked.patient is None:
        return _about_a_target(asked, request, context, caller, served)
    _only(caller.roles & AMONG_PEOPLE and caller.care.care_team, request, context, caller)
    asking = Asking(caller, asked.patient.system, asked.patient.identifier, "action")
    served, name, entry = to_write(context, request.state.request_id, asking)
    row = _row(asked, request, caller) | {
        "pseudonym": name,
        "sealed": seal(served.key, name, asked.patient.system, asked.patient.identifier),
    }
    return _written(asked, context, entry("stored"), row, asked.patient)


def _about_a_target(
    asked: ActionRequest, request: Request, context: Context, caller: Caller, served: Served
) -> ActionAnswer:
    """Write down follow-up of a unit in a target; what it is held against is settled when it is opened."""
    _only(QUALITY in caller.roles, request, context, caller)
    told = telling_of(served, asked.target or "").told
    row, before = _row(asked, request, caller), None
    entry = context.entry(caller, "action", "stored", request.state.request_id, criterion=f"target {asked.target}")
    if asked.id is not None:
        before = _before(asked, context, entry, row)
    row |= opening(asked, told) if before is None else changing(asked, before, told, caller)
    opens = asked.status in OPEN and (before is None or before["status"] not in OPEN)
    if row["unit"]:
        entry = replace(entry, criterion=f"{entry.criterion}, {row['level']} {row['unit']}")
    try:
        context.actions.add(entry, row, MOST_OPEN if opens else None)
    except TooManyOpenError as error:
        raise too_many(error.rows) from None
    return ActionAnswer(action=_told(row, None, told))


def _only(allowed: object, request: Request, context: Context, caller: Caller) -> None:
    """Return where this caller may; else the denial is written down, then 403."""
    if not allowed:
        context.audit.record(context.entry(caller, "action", "denied", request.state.request_id))
        raise HTTPException(403)


def _row(asked: ActionRequest, request: Request, caller: Caller) -> dict[str, Any]:
    return {
        "at": now().isoformat(timespec="milliseconds"),
        "action_id": str(asked.id or uuid4()),
        "pseudonym": None,
        "sealed": None,
        "issuer": caller.issuer,
        "organisation": caller.care.organisation,
        "care_team": None if asked.patient is None else caller.care.care_team,
        **asked.model_dump(mode="json", include={"offer", "target", "text", "due", "status"}),
        "user": caller.user,
        "role": caller.role,
        "request_id": request.state.request_id,
    }


def _written(
    asked: ActionRequest, context: Context, entry: Entry, row: dict[str, Any], patient: Patient | None
) -> ActionAnswer:
    """Write it down. What is changed must be of the same person and team."""
    if asked.id is not None:
        _before(asked, context, entry, row)
    context.actions.add(entry, row)
    return ActionAnswer(action=_told(row, patient))


def _before(asked: ActionRequest, context: Context, entry: Entry, row: dict[str, Any]) -> Mapping[str, Any]:
    """Return how an action stood that is changed, and put what it keeps into its new row.

    Raises RefusedError where it is of another person, team or target, which is written down.
    """
    before = context.actions.last(str(asked.id))
    same = ("pseudonym", "issuer", "care_team", "target")
    if before is None or any(before[name] != row[name] for name in same):
        context.audit.record(replace(entry, outcome="not_found"))
        raise RefusedError([NO_ACTION])
    row |= {name: before[name] for name in KEPT}
    return before


@actions.post("/actions:search", responses=responses(400, *PLAIN, 422))
def list_actions(asked: ActionSearch, request: Request, context: FromContext, caller: FromCaller) -> ActionsAnswer:
    """Return what is open, by the day it is due: of the own care team, or about quality targets.

    Roles: clinician and coordinator for people, whom only an action of their own team puts there; quality for targets.
    Each person on the list leaves a row in the audit log; who has said no to look-ups is not on it. What is held and no
    longer holds has an alarm, what is open and past its day is overdue.
    """
    if asked.about == "targets":
        _only(QUALITY in caller.roles, request, context, caller)
        team = None
    else:
        _only(caller.roles & AMONG_PEOPLE and caller.care.care_team, request, context, caller)
        team = Team(caller.issuer, caller.care.care_team or "")
    status = asked.status or (OPEN if team is not None else (*OPEN, "held"))
    which = Asked(team, status, asked.due_before, asked.most, asked.target, asked.level, asked.unit)
    rows = context.actions.find(which)
    shown = rows[: asked.most]
    context.audit.record(*_entries(shown, asked, status, request, context, caller))
    served = context.store.current()
    told = {one: served.tellings.of(one) for one in {row["target"] for row in shown if row["target"]}}
    return ActionsAnswer(
        actions=[
            _told(row, _patient(row, served.key), None if (of := told.get(row["target"])) is None else of.told)
            for row in shown
        ],
        more=len(rows) > asked.most,
    )


@actions.get("/targets/{target}/examples", responses=responses(*PLAIN, 404, 422))
def examples(target: str, response: Response, context: FromContext) -> ExamplesAnswer:
    """Return what was tried in a target and holds, to learn from: what was done, and the value before and now.

    Any known role. A unit is named where it consented to that; else there is its level alone, in rounded figures.
    """
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    telling = telling_of(served, target)
    held = context.actions.find(Asked(None, ("held",), most=MOST_EXAMPLES, target=target))
    found = [one for row in held if (one := example_of(row, telling.told)) is not None]
    return ExamplesAnswer(examples=sorted(found, key=lambda one: one.held_on, reverse=True)[:MOST_EXAMPLES])


def _entries(
    rows: list[Mapping[str, Any]],
    asked: ActionSearch,
    status: Sequence[str],
    request: Request,
    context: Context,
    caller: Caller,
) -> list[Entry]:
    """Return a row for the list, and one for each person on it."""
    criterion = f"about {asked.about}, {'/'.join(sorted(status))}, before {asked.due_before or 'any day'}"
    purpose = "TREAT" if asked.about == "people" else None
    outcome: Outcome = "found" if rows else "not_found"
    request_id = request.state.request_id
    names = dict.fromkeys(row["pseudonym"] for row in rows if row["pseudonym"])
    return [
        context.entry(caller, "action_list", outcome, request_id, purpose=purpose, criterion=criterion),
        *(
            context.entry(caller, "action_list", "found", request_id, purpose="TREAT", name=name, basis="care_team")
            for name in names
        ),
    ]


def _patient(row: Mapping[str, Any], key: bytes) -> Patient | None:
    if row["pseudonym"] is None:
        return None
    system, value = unseal(key, row["pseudonym"], row["sealed"])
    return Patient(system=system, value=value)


def _told(row: Mapping[str, Any], patient: Patient | None, told: Mapping[str, Any] | None = None) -> Action:
    names = ("offer", "target", "text", "due", "status", "care_team", "user", "role")
    late = row["status"] in OPEN and row["due"] < today().isoformat()
    of_unit = {} if row["target"] is None else stands(row, told)
    said = {name: row[name] for name in names}
    return Action(id=row["action_id"], patient=patient, changed_on=row["at"], overdue=late, **said, **of_unit)
