"""Returns the answers about follow-up: an action written down, and the list of the own care team or about targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException

from service.action_shapes import (
    Action,
    ActionAnswer,
    ActionRequest,
    ActionsAnswer,
    ActionSearch,
    refuse_action,
)
from service.actions import KEPT, Asked, Team
from service.audit import Entry, Outcome
from service.callers import QUALITY, Caller
from service.choices import now, today
from service.guard import AMONG_PEOPLE, Context, FromCaller, FromContext, Guarded, bearer
from service.looking import Asking, to_write
from service.problem import ABOUT_PEOPLE, PLAIN, FieldProblem, RefusedError, responses
from service.schemas import Patient
from stratify.sealed import seal, unseal

actions = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)], tags=["follow-up"])
NO_ACTION = FieldProblem(pointer="/id", problem="there is no such action of this care team, or about this target")


@actions.post("/actions", responses=responses(*ABOUT_PEOPLE))
def act(asked: ActionRequest, request: Request, context: FromContext, caller: FromCaller) -> ActionAnswer:
    """Write down what is done by when, for a person or about a quality target, or how it stands now.

    Roles: clinician and coordinator for a person they treat, quality for a target. An open action of a care team is its
    relation to the person: it lets the team open them.
    """
    served = context.store.current()
    refuse_action(asked, served.care.catalogue, [target.id for target in served.targets], today())
    if asked.patient is None:
        return _about_a_target(asked, request, context, caller)
    _only(caller.roles & AMONG_PEOPLE and caller.care.care_team, request, context, caller)
    asking = Asking(caller, asked.patient.system, asked.patient.identifier, "action")
    served, name, entry = to_write(context, request.state.request_id, asking)
    row = _row(asked, request, caller) | {
        "pseudonym": name,
        "sealed": seal(served.key, name, asked.patient.system, asked.patient.identifier),
    }
    return _written(asked, context, entry("stored"), row, asked.patient)


def _about_a_target(asked: ActionRequest, request: Request, context: Context, caller: Caller) -> ActionAnswer:
    _only(QUALITY in caller.roles, request, context, caller)
    criterion = f"target {asked.target}"
    entry = context.entry(caller, "action", "stored", request.state.request_id, criterion=criterion)
    return _written(asked, context, entry, _row(asked, request, caller), None)


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
    """Write it down. What is changed must be of the same person and team, or about the same target."""
    if asked.id is not None:
        before = context.actions.last(str(asked.id))
        same = ("pseudonym", "issuer", "care_team", "target")
        if before is None or any(before[name] != row[name] for name in same):
            context.audit.record(replace(entry, outcome="not_found"))
            raise RefusedError([NO_ACTION])
        row |= {name: before[name] for name in KEPT}
    context.actions.add(entry, row)
    return ActionAnswer(action=_told(row, patient))


@actions.post("/actions:search", responses=responses(400, *PLAIN, 422))
def list_actions(asked: ActionSearch, request: Request, context: FromContext, caller: FromCaller) -> ActionsAnswer:
    """Return what is open, by the day it is due: of the own care team, or about quality targets.

    Roles: clinician and coordinator for people, whom only an action of their own team puts there; quality for targets.
    Each person on the list leaves a row in the audit log; who has said no to look-ups is not on it.
    """
    if asked.about == "targets":
        _only(QUALITY in caller.roles, request, context, caller)
        team = None
    else:
        _only(caller.roles & AMONG_PEOPLE and caller.care.care_team, request, context, caller)
        team = Team(caller.issuer, caller.care.care_team or "")
    rows = context.actions.find(Asked(team, asked.status, asked.due_before, asked.most))
    shown = rows[: asked.most]
    context.audit.record(*_entries(shown, asked, request, context, caller))
    key = context.store.current().key
    return ActionsAnswer(actions=[_told(row, _patient(row, key)) for row in shown], more=len(rows) > asked.most)


def _entries(
    rows: list[Mapping[str, Any]], asked: ActionSearch, request: Request, context: Context, caller: Caller
) -> list[Entry]:
    """Return a row for the list, and one for each person on it."""
    criterion = f"about {asked.about}, {'/'.join(sorted(asked.status))}, before {asked.due_before or 'any day'}"
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


def _told(row: Mapping[str, Any], patient: Patient | None) -> Action:
    told = {name: row[name] for name in ("offer", "target", "text", "due", "status", "care_team", "user", "role")}
    return Action(id=row["action_id"], patient=patient, changed_on=row["at"], **told)
