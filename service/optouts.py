"""Returns whether a person has said no to look-ups here: then nothing of them is told, and nobody learns why.

Kept in the service's database by pseudonym, told by the region's own register of opt-outs (`stratify opt-out`). Source:
sundhedsloven § 42 a: a patient may refuse that information is obtained.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Column, String, Table, delete, insert, select

from service.audit import METADATA
from service.database import open_database, prepare
from service.identifiers import as_registered, identifiers
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


def take_over(url: str | URL, names: frozenset[str]) -> tuple[int, int]:
    """Make these the people who have said no, all at once; return how many there are, and how many were before.

    Whoever had said no before keeps the day.
    """
    engine = open_database(url)
    prepare(engine)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    with engine.begin() as connection:
        there = set(connection.execute(select(OPT_OUT.c.pseudonym)).scalars())
        for gone in sorted(there - names):
            connection.execute(delete(OPT_OUT).where(OPT_OUT.c.pseudonym == gone))
        if fresh := [{"pseudonym": name, "since": since} for name in sorted(names - there)]:
            connection.execute(insert(OPT_OUT), fresh)
    engine.dispose()
    return len(names), len(there)
