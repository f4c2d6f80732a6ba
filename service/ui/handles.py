"""Returns the handle of a person: what stands in an address in the place of an identifier, for one caller and a while.

A handle is random and tells nothing; whose it is lies in the service's database, sealed (`stratify.sealed`). It opens
nothing by itself: whoever uses it must be the caller it was made for, and must still have a ground to open the person.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Column, Index, String, Table, delete, insert, select, update
from sqlalchemy.engine import Connection

from service.audit import METADATA, AuditLog
from service.callers import Caller
from service.choices import now
from service.served import Served
from stratify.pseudonym import pseudonym
from stratify.sealed import seal, unseal

HANDLE = Table(
    "handle",
    METADATA,
    Column("handle", String(32), primary_key=True),
    Column("caller", String(64), nullable=False),  # digest of issuer and user
    Column("pseudonym", String(64), nullable=False, index=True),
    Column("sealed", String(600), nullable=False),
    Column("expires", String(32), nullable=False, index=True),  # UTC, ISO 8601
    Column("emergency", String(300)),  # why the person may be opened without another ground, and until when (UTC)
    Column("emergency_until", String(32)),
    Index("handle_caller", "caller", "pseudonym"),
)
HOURS = 12
EMERGENCY = timedelta(hours=1)  # how long a reason given once opens the person to whoever gave it


class Emergency(NamedTuple):
    """Why somebody was opened without another ground, and until when that opens them again."""

    reason: str
    until: datetime

    @property
    def minutes(self) -> int:
        """Return how many minutes are left, the one begun counted."""
        return math.ceil((self.until - now()) / timedelta(minutes=1))


class Handles:
    """The handles of a service, in its database."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def of(self, served: Served, caller: Caller, system: str, identifier: str) -> str:
        """Return the caller's handle of a person: the one there is, else a new one, and those that expired are gone."""
        name, moment = pseudonym(served.key, system, identifier), now()
        mine = (HANDLE.c.caller == _digest(caller)) & (HANDLE.c.pseudonym == name)
        there = select(HANDLE.c.handle).where(mine & (HANDLE.c.expires > _told(moment)))
        with self._audit.engine.connect() as connection:  # a list asks for many, and reading commits nothing
            found = connection.execute(there).scalar()
        if found is not None:
            return str(found)

        def write(connection: Connection) -> str:
            connection.execute(delete(HANDLE).where(HANDLE.c.expires <= _told(moment)))
            other = connection.execute(there).scalar()  # asked for twice at a time
            if other is not None:
                return str(other)
            sealed = seal(served.key, name, system, identifier)
            fresh, expires = secrets.token_hex(16), _told(moment + timedelta(hours=HOURS))
            row = {"handle": fresh, "caller": _digest(caller), "pseudonym": name, "sealed": sealed, "expires": expires}
            connection.execute(insert(HANDLE), row)
            return fresh

        return str(self._audit.write([], write))

    def in_emergency(self, handle: str, reason: str) -> None:
        """Keep the reason of an emergency beside a handle; it opens the person again for an hour, not longer."""
        values = {"emergency": reason, "emergency_until": _told(now() + EMERGENCY)}
        self._audit.write(
            [], lambda connection: connection.execute(update(HANDLE).values(values).where(HANDLE.c.handle == handle))
        )

    def emergency(self, caller: Caller, handle: str) -> Emergency | None:
        """Return the emergency in which the caller opened whose handle it is, while it lasts."""
        mine = (HANDLE.c.handle == handle) & (HANDLE.c.caller == _digest(caller))
        asked = select(HANDLE.c.emergency, HANDLE.c.emergency_until).where(
            mine & (HANDLE.c.emergency_until > _told(now()))
        )
        with self._audit.engine.connect() as connection:
            row = connection.execute(asked).first()
        return None if row is None else Emergency(row[0], datetime.fromisoformat(row[1]))

    def whose(self, served: Served, caller: Caller, handle: str) -> tuple[str, str] | None:
        """Return the system and identifier that a handle stands for; None where it is not this caller's, or expired."""
        with self._audit.engine.connect() as connection:
            mine = (HANDLE.c.handle == handle) & (HANDLE.c.caller == _digest(caller))
            row = connection.execute(select(HANDLE).where(mine & (HANDLE.c.expires > _told(now())))).first()
        return None if row is None else unseal(served.key, row.pseudonym, row.sealed)


def _digest(caller: Caller) -> str:
    return hashlib.sha256(f"{caller.issuer}|{caller.user}".encode()).hexdigest()


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
