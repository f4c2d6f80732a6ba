"""Returns whether a clinical system's token is used for the first time; it counts once, until it expires."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, String, Table, delete, insert
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


class ReplayedError(Exception):
    """A token was used before."""


class UsedTokens:
    """The tokens that were used, in the service's database: all workers see them."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self._clean = 0.0

    def mark(self, client: Client) -> Callable[[Connection], None]:
        """Return what marks a token as used, in a transaction that writes down what it was used for.

        It raises ReplayedError where it was used before.
        """

        def used(connection: Connection) -> None:
            now = time.time()
            if now >= self._clean:
                connection.execute(delete(USED).where(USED.c.expires < now - 2 * LEEWAY))
                self._clean = now + CLEAN_EVERY
            row = {"issuer": client.issuer, "jti": client.jti, "expires": client.expires}
            once = INSERT[connection.dialect.name]
            if connection.execute(once(USED).values(row).on_conflict_do_nothing()).rowcount != 1:
                raise ReplayedError

        return used

    def first(self, client: Client) -> bool:
        """Return whether this token was never used before, and mark it as used; raises AuditUnavailableError."""
        try:
            self._written(self.mark(client))
        except ReplayedError:
            return False
        return True

    def probe(self) -> None:
        """Return when something was committed and taken away again: a full disk shows only then.

        Raises AuditUnavailableError when it could not.
        """
        row = {"issuer": "", "jti": uuid4().hex, "expires": 0}
        mine = (USED.c.issuer == "") & (USED.c.jti == row["jti"])
        self._written(lambda connection: connection.execute(insert(USED).values(row)))
        self._written(lambda connection: connection.execute(delete(USED).where(mine)))

    def _written(self, what: Callable[[Connection], object]) -> object:
        try:
            return self._audit.write([], what)
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None
