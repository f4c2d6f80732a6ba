"""Returns whether a person has said no to look-ups here: then nothing of them is told, and nobody learns why.

Kept in the service's database by pseudonym, told by the region's own register of opt-outs (`stratify opt-out`). Source:
sundhedsloven § 42 a: a patient may refuse that information is obtained.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, Column, String, Table, delete, insert, select
from sqlalchemy.engine import Connection

from service.audit import METADATA, AuditLog, Entry
from service.identifiers import as_registered, identifiers
from stratify.errors import UsageError
from stratify.pseudonym import pseudonym

OPT_OUT = Table(
    "opt_out",
    METADATA,
    Column("pseudonym", String(64), primary_key=True),
    Column("since", String(32), nullable=False),  # UTC, ISO 8601
)


def read_opt_outs(path: Path, system: str, key: bytes) -> frozenset[str]:
    """Return the pseudonyms of a file with an identifier a line. Raises UsageError for what is no such file."""
    return frozenset(pseudonym(key, system, as_registered(system, one)) for one in identifiers(path))


def take_over(url: str | URL, names: frozenset[str], *, user: str, fewer: bool = False) -> tuple[int, int]:
    """Make these the people who have said no, all at once; return how many there are, and how many were before.

    Whoever had said no before keeps the day. That it was done, and by which account, stands in the audit log. Raises
    UsageError where more than half of those who had said no would be open again, unless `fewer` says that it is so.
    """
    log = AuditLog(url)
    since = datetime.now(UTC).isoformat(timespec="seconds")

    def change(connection: Connection) -> int:
        there = set(connection.execute(select(OPT_OUT.c.pseudonym)).scalars())
        gone = there - names
        if 2 * len(gone) > len(there) and not fewer:
            raise UsageError(
                f"{len(gone)} of {len(there)} people who had said no are not in this file: nothing was changed. Is it"
                " the whole register? If it is, say --fewer"
            )
        for one in sorted(gone):
            connection.execute(delete(OPT_OUT).where(OPT_OUT.c.pseudonym == one))
        if fresh := [{"pseudonym": name, "since": since} for name in sorted(names - there)]:
            connection.execute(insert(OPT_OUT), fresh)
        return len(there)

    entry = Entry(user, "ops", "opt_out", None, None, "stored", str(uuid4()), "", criterion=f"{len(names)} people")
    try:
        before = log.write([entry], change)
    finally:
        log.close()
    return len(names), before or 0
