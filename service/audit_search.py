"""Returns rows of the audit log to whoever watches over it, and to the person they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, distinct, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.audit import AUDIT, AuditUnavailableError

TOLD = (
    "seq", "at", "user", "role", "issuer", "organisation", "care_team", "action", "purpose", "pseudonym", "outcome",
    "basis", "reason", "criterion", "request_id", "model_version",
)  # fmt: skip


@dataclass(frozen=True)
class Criteria:
    """Which rows: those that fit every part that is given. `until` is the last day, `after` the last row seen."""

    pseudonym: str | None = field(default=None, repr=False)
    user: str | None = None
    issuer: str | None = None
    actions: Sequence[str] = ()
    outcomes: Sequence[str] = ()
    basis: str | None = None
    since: date | None = None
    until: date | None = None
    after: int = 0
    most: int = 100

    def told(self) -> str:
        """Return the criteria as they stand in the audit log, without whom they are about."""
        parts = {
            "user": self.user,
            "issuer": self.issuer,
            "action": "/".join(self.actions),
            "outcome": "/".join(self.outcomes),
            "basis": self.basis,
            "from": self.since,
            "until": self.until,
            "after": self.after or None,
        }
        return ", ".join(f"{name} {value}" for name, value in parts.items() if value)[:300]


def find_rows(engine: Engine, criteria: Criteria) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the rows in the order they were written, and whether there are more. Raises AuditUnavailableError."""
    query = (
        select(*(AUDIT.c[name] for name in TOLD))
        .where(AUDIT.c.seq > criteria.after, *_fits(criteria))
        .order_by(AUDIT.c.seq)
        .limit(criteria.most + 1)
    )
    rows = _read(engine, query)
    return rows[: criteria.most], len(rows) > criteria.most


def by_user(engine: Engine, criteria: Criteria) -> list[Mapping[str, Any]]:
    """Return what each user did: rows, how many people, overrides and denials; who saw most people first."""
    people = func.count(distinct(AUDIT.c.pseudonym))
    query = (
        select(
            AUDIT.c.issuer,
            AUDIT.c.user,
            func.count().label("rows"),
            people.label("people"),
            _counted(AUDIT.c.basis == "override").label("overrides"),
            _counted(AUDIT.c.outcome == "denied").label("denied"),
        )
        .where(*_fits(criteria))
        .group_by(AUDIT.c.issuer, AUDIT.c.user)
        .order_by(people.desc(), func.count().desc(), AUDIT.c.user)
        .limit(criteria.most)
    )
    return _read(engine, query)


def _counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _fits(criteria: Criteria) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name in ("pseudonym", "user", "issuer", "basis"):
        if (value := getattr(criteria, name)) is not None:
            found.append(AUDIT.c[name] == value)
    if criteria.actions:
        found.append(AUDIT.c.action.in_(list(criteria.actions)))
    if criteria.outcomes:
        found.append(AUDIT.c.outcome.in_(list(criteria.outcomes)))
    if criteria.since is not None:  # times are ISO 8601 in UTC, so text compares as time does
        found.append(AUDIT.c.at >= criteria.since.isoformat())
    if criteria.until is not None:
        found.append(AUDIT.c.at < (criteria.until + timedelta(days=1)).isoformat())
    return found


def _read(engine: Engine, query: Any) -> list[Mapping[str, Any]]:
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
    except SQLAlchemyError as error:
        raise AuditUnavailableError(type(error).__name__) from None
