"""Returns the answers to whoever watches over the log: rows, or what each user did; the search is written down too."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Request
from pydantic import Field, StringConstraints

from service.audit import Action, Basis, Outcome
from service.audit_search import Criteria, by_user, find_rows
from service.choice_shapes import Day
from service.guard import FromCaller, FromContext, Guarded, bearer
from service.problem import PLAIN, responses
from service.schemas import Asked, Patient, Shape, Whole
from stratify.pseudonym import pseudonym

audit = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)], tags=["audit"])
ACTIONS: tuple[Action, ...] = get_args(Action)
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AuditSearch(Asked):
    """Which rows of the log: those that fit every part that is given."""

    by: Literal["row", "user"] = Field(default="row", description="rows, or what each user did, counted")
    patient: Patient | None = Field(default=None, description="about this person")
    user: Word | None = None
    issuer: Word | None = None
    actions: list[Action] = Field(default=[], max_length=len(ACTIONS))
    outcomes: list[Outcome] = Field(default=[], max_length=len(get_args(Outcome)))
    basis: Basis | None = Field(default=None, description="`override` finds the emergencies")
    since: Day | None = Field(default=None, description="the first day, UTC")
    until: Day | None = Field(default=None, description="the last day, UTC")
    after: Whole = Field(default=0, ge=0, le=2**53, description="rows after this number: `last` of the page before")
    most: Whole = Field(default=100, ge=1, le=500)


class AuditRow(Shape):
    """One row of the log; people stand in it by pseudonym."""

    seq: int
    at: str
    user: str
    role: str
    issuer: str | None
    organisation: str | None
    care_team: str | None
    action: str
    purpose: str | None
    pseudonym: str | None
    outcome: str
    basis: str | None
    reason: str | None
    criterion: str | None
    request_id: str
    model_version: str


class UserCount(Shape):
    """What one user did."""

    issuer: str | None
    user: str
    rows: int
    people: int
    overrides: int
    denied: int


class AuditAnswer(Shape):
    """Rows in the order they were written, or users, who saw most people first."""

    rows: list[AuditRow]
    users: list[UserCount]
    last: int = Field(default=0, description="the last row's number")
    more: bool = Field(default=False, description="whether there are rows after it")


@audit.post("/audit:search", responses=responses(400, *PLAIN, 422))
def search_audit(asked: AuditSearch, request: Request, context: FromContext, caller: FromCaller) -> AuditAnswer:
    """Return rows of the audit log, or what each user did. Roles: auditor. The search leaves a row of its own."""
    served = context.store.current()
    name = None if asked.patient is None else pseudonym(served.key, asked.patient.system, asked.patient.identifier)
    told = asked.model_dump(exclude={"by", "patient"})
    criteria = Criteria(pseudonym=name, **told)
    rows, more = ([], False) if asked.by == "user" else find_rows(context.audit.engine, criteria)
    users = by_user(context.audit.engine, criteria) if asked.by == "user" else []
    context.audit.record(
        context.entry(
            caller,
            "audit_search",
            "found" if rows or users else "not_found",
            request.state.request_id,
            purpose="AUDIT",
            name=name,
            criterion=criteria.told() or "everything",
        )
    )
    return AuditAnswer(
        rows=[AuditRow(**row) for row in rows],
        users=[UserCount(**user) for user in users],
        last=rows[-1]["seq"] if rows else criteria.after,
        more=more,
    )
