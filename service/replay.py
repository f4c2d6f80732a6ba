"""Returns whether a clinical system's token is used for the first time; it counts once, until it expires."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Column, String, Table, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.audit import METADATA, NUMBER, AuditLog, AuditUnavailableError
from service.tokens import LEEWAY, Client

USED = Table(
    "used_token",
    METADATA,
    Column("issuer", String(200), primary_key=True),
    Column("jti", String(200), primary_key=True),
    Column("expires", NUMBER, nullable=False),  # seconds since 1970
)
INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}  # says if the row was there
CLEAN_EVERY = 60.0  # seconds between two times that expired ones are let go


class UsedTokens:
    """The tokens that were used, in the service's database: all workers see them."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self._clean = 0.0

    def first(self, client: Client) -> bool:
        """Return whether this token was never used before, and mark it as used; raises AuditUnavailableError."""
        now = time.time()

        def used(connection: Connection) -> bool:
            if now >= self._clean:
                connection.execute(delete(USED).where(USED.c.expires < now - 2 * LEEWAY))
                self._clean = now + CLEAN_EVERY
            row = {"issuer": client.issuer, "jti": client.jti, "expires": client.expires}
            insert = INSERT[connection.dialect.name]
            return bool(connection.execute(insert(USED).values(row).on_conflict_do_nothing()).rowcount == 1)

        try:
            return bool(self._audit.write([], used))
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None
