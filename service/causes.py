"""Returns what those who look into cases found: one row for each cause, never altered; a case's last one counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Index, String, Table, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.audit import METADATA, NUMBER, AuditLog, Entry
from service.case_shapes import CAUSES, CauseShares
from service.cases import Wanted
from service.choices import ChoicesUnavailableError
from service.optouts import OPT_OUT
from stratify.disclosure import shown

CASE_CAUSE = Table(
    "case_cause",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601
    Column("target", String(80), nullable=False),
    Column("level", String(20), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("period", String(10), nullable=False),
    Column("day", String(10), nullable=False),
    Column("pseudonym", String(64), nullable=False, index=True),
    Column("cause", String(20), nullable=False),
    Column("text", String(300), nullable=False),
    Column("issuer", String(200), nullable=False),
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("request_id", String(36), nullable=False),
    Index("case_cause_unit", "target", "level", "unit"),
    sqlite_autoincrement=True,
)
CASE = ("period", "day", "pseudonym")  # what makes one case of a target in a unit


class Causes:
    """The table, open for reading and for writing more."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit, self._engine = audit, audit.engine

    def of(self, wanted: Wanted) -> dict[tuple[str, ...], Mapping[str, Any]]:
        """Return the last cause of each case, by period, day and pseudonym."""
        table = CASE_CAUSE.c
        mine = [table.target == wanted.target, table.level == wanted.level, table.unit == wanted.unit]
        if wanted.period is not None:
            mine.append(table.period == wanted.period)
        last = select(func.max(table.seq)).where(*mine).group_by(*(table[name] for name in CASE))
        open_to_look_ups = ~table.pseudonym.in_(select(OPT_OUT.c.pseudonym))
        query = select(CASE_CAUSE).where(table.seq.in_(last), open_to_look_ups)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).mappings().all()
        except SQLAlchemyError as error:
            raise ChoicesUnavailableError(type(error).__name__) from None
        return {tuple(row[name] for name in CASE): dict(row) for row in rows}

    def closed(self, names: Iterable[str]) -> frozenset[str]:
        """Return who of these has said no to look-ups."""
        query = select(OPT_OUT.c.pseudonym).where(OPT_OUT.c.pseudonym.in_(list(names)))
        try:
            with self._engine.connect() as connection:
                return frozenset(connection.execute(query).scalars())
        except SQLAlchemyError as error:
            raise ChoicesUnavailableError(type(error).__name__) from None

    def add(self, entry: Entry, row: Mapping[str, Any]) -> None:
        """Write a cause with its row in the audit log; raises ChoicesUnavailableError when they are not committed."""

        def written(connection: Connection) -> None:
            connection.execute(insert(CASE_CAUSE).values(dict(row)))

        try:
            self._audit.write([entry], written)
        except SQLAlchemyError as error:
            raise ChoicesUnavailableError(type(error).__name__) from None


def shares_of(causes: Sequence[str]) -> CauseShares:
    """Return how often each cause was found, of all cases that have one; few people are not counted out.

    Faults of registration stand by themselves, against all others. The four counts stand only where none of them is
    1 to 4: with one left out it could be worked out from the rest.
    """
    total = len(causes)
    if shown(total) is None:
        return CauseShares.model_validate(dict.fromkeys(CauseShares.model_fields))
    counts = {one: causes.count(one) for one in CAUSES}
    faults = shown(counts["registration_fault"], total)
    every = all(shown(count) is not None for count in counts.values())
    return CauseShares(
        cases_with_a_cause=total,
        registration_faults=faults,
        registration_fault_share=None if faults is None or not total else faults / total,
        counts=counts if every and faults is not None else None,
    )
