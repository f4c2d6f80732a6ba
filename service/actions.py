"""Returns what is to be followed up, and writes down what is: an action by a care team for a person, or about a target.

One row for each change, never altered; the last of an action's rows is how it stands. A person's open action is also
the care team's relation to them: it is what lets the team open the person, and all that its list holds. The identifier
lies sealed in it (`stratify.sealed`): a list must name people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Float, Index, Select, String, Table, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.action_shapes import OPEN
from service.audit import METADATA, NUMBER, AuditLog, Entry
from service.choices import ChoicesUnavailableError
from service.optouts import OPT_OUT

ACTION = Table(
    "action",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601
    Column("action_id", String(36), nullable=False, index=True),
    Column("pseudonym", String(64)),
    Column("sealed", String(600)),
    Column("issuer", String(200), nullable=False),
    Column("organisation", String(200)),
    Column("care_team", String(200)),
    Column("offer", String(80)),
    Column("target", String(80)),
    Column("text", String(300), nullable=False),
    Column("due", String(10), nullable=False),
    Column("status", String(20), nullable=False),
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("level", String(20)),  # from here on of an action about a target
    Column("unit", String(80)),
    Column("owner_role", String(40)),
    Column("opened_because", String(20)),
    Column("goal", Float),
    Column("baseline", Float),
    Column("baseline_period", String(10)),
    Column("consent_to_name", Boolean),
    Index("action_unit", "level", "unit"),
    Index("action_team", "issuer", "care_team", "pseudonym"),
    sqlite_autoincrement=True,
)
KEPT = ("action_id", "pseudonym", "sealed", "issuer", "organisation", "care_team", "offer", "target")  # by a change


COUNTING = 5_307_001  # a lock of PostgreSQL that is this table's alone


class TooManyOpenError(Exception):
    """A unit has as many open actions as it may; holds their rows."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("as many are open as may be")
        self.rows = rows


@dataclass(frozen=True)
class Team:
    """A care team of one issuer: two issuers may use the same word."""

    issuer: str
    name: str


@dataclass(frozen=True)
class Asked:
    """Which actions: of a team, or about targets; by status and day."""

    team: Team | None
    status: Sequence[str]
    due_before: date | None = None
    most: int = field(default=50)
    target: str | None = None
    level: str | None = None
    unit: str | None = None


class Actions:
    """The table, open for reading and for writing more."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit, self._engine = audit, audit.engine

    def follows(self, issuer: str, care_team: str, pseudonym: str) -> bool:
        """Return whether a care team has an open action for a person; raises ChoicesUnavailableError."""
        asked = Asked(Team(issuer, care_team), OPEN, most=1)
        return bool(self._read(_standing(asked).where(ACTION.c.pseudonym == pseudonym)))

    def find(self, asked: Asked) -> list[Mapping[str, Any]]:
        """Return how the actions asked for stand, the soonest due first, one more than asked where there are more.

        Nothing of who has said no to look-ups.
        """
        closed = ACTION.c.pseudonym.in_(select(OPT_OUT.c.pseudonym))
        open_to_look_ups = ACTION.c.pseudonym.is_(None) | ~closed
        query = _standing(asked).where(open_to_look_ups).order_by(ACTION.c.due, ACTION.c.seq).limit(asked.most + 1)
        if asked.due_before is not None:
            query = query.where(ACTION.c.due < asked.due_before.isoformat())
        return self._read(query)

    def last(self, action_id: str) -> Mapping[str, Any] | None:
        """Return how an action stands, or None where there is none."""
        rows = self._read(select(ACTION).where(ACTION.c.action_id == action_id).order_by(ACTION.c.seq.desc()).limit(1))
        return rows[0] if rows else None

    def add(self, entry: Entry, row: Mapping[str, Any], most_open: int | None = None) -> None:
        """Write a row with its row in the audit log; raises ChoicesUnavailableError when they are not committed.

        most_open: how many open actions the row's unit may have; raises TooManyOpenError beyond that.
        """

        def written(connection: Connection) -> None:
            if most_open is not None:
                _one_at_a_time(connection)
                asked = Asked(None, OPEN, level=row["level"], unit=row["unit"])
                others = _standing(asked).where(ACTION.c.action_id != row["action_id"]).order_by(ACTION.c.due)
                found = [dict(one) for one in connection.execute(others).mappings()]
                if len(found) >= most_open:
                    raise TooManyOpenError(found)
            connection.execute(insert(ACTION).values(dict(row)))

        try:
            self._audit.write([entry], written)
        except SQLAlchemyError as error:
            raise ChoicesUnavailableError(type(error).__name__) from None

    def _read(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        try:
            with self._engine.connect() as connection:
                return [dict(row) for row in connection.execute(query).mappings()]
        except SQLAlchemyError as error:
            raise ChoicesUnavailableError(type(error).__name__) from None


def _one_at_a_time(connection: Connection) -> None:
    """Wait until no other worker counts open actions. SQLite has one writer anyhow, and this one has written."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(COUNTING)))


def _standing(asked: Asked) -> Select[Any]:
    """Return the query for the last row of each action, where it has one of these states."""
    mine: list[ColumnElement[bool]] = [ACTION.c.target.is_not(None)]
    if asked.team is not None:
        mine = [ACTION.c.issuer == asked.team.issuer, ACTION.c.care_team == asked.team.name]
        mine.append(ACTION.c.pseudonym.is_not(None))
    else:
        named = {"target": asked.target, "level": asked.level, "unit": asked.unit}
        mine += [ACTION.c[name] == value for name, value in named.items() if value is not None]
    last = select(func.max(ACTION.c.seq)).where(*mine).group_by(ACTION.c.action_id)
    return select(ACTION).where(ACTION.c.seq.in_(last), ACTION.c.status.in_(list(asked.status)))
