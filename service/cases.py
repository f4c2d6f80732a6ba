"""Returns who stands behind a target in one unit: the cases that `stratify monitor --cases` wrote, read when asked.

A file apart from what is served, its owner's alone, with the ground it rests on and the day it ends. Nothing of it is
kept in memory. Identifiers lie sealed in it as in the lists of care teams (`stratify.sealed`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from service.problem import FieldProblem, RefusedError
from stratify.errors import BundleError

CASES_DB = "cases.db"  # in the work folder
META = ("legal_basis", "responsible_unit", "purpose", "ends", "pseudonym_key_id", "covers_to")
COLUMNS = ("target", "level", "unit", "period", "day", "state", "why", "pseudonym", "sealed")
CASES_OFF = "Cases are not shown by this service: whoever runs it has to switch them on (--cases)."
NO_CASES = "There are no cases here: none were written."
ENDED = "The time for which these cases may be looked at has ended: see `ends` of the file."


@dataclass(frozen=True)
class Wanted:
    """Which cases: of a target in one unit, in a period or in all; by number, so many at most."""

    target: str
    level: str
    unit: str
    period: str | None = None
    after: int = 0
    most: int = 100
    purpose: str = "HQUALIMP"

    def told(self) -> str:
        """Return it as it stands in the audit log."""
        return f"target {self.target}, {self.level} {self.unit}, {self.period or 'all periods'}"[:300]


@dataclass(frozen=True)
class Cases:
    """The file, open: on what ground, whose, until when; and its cases."""

    meta: Mapping[str, str]
    _connection: sqlite3.Connection = field(repr=False)

    def of(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Return the cases in the order of the file, with their number; one more than asked where there are more."""
        return self._read(wanted, "AND rowid > ? ORDER BY rowid LIMIT ?", wanted.after, wanted.most + 1)

    def one(self, wanted: Wanted, day: str, pseudonym: str) -> bool:
        """Return whether there is such a case of this person."""
        return bool(self._read(wanted, "AND day = ? AND pseudonym = ? LIMIT 1", day, pseudonym))

    def _read(self, wanted: Wanted, rest: str, *values: object) -> list[dict[str, Any]]:
        query = f'SELECT rowid, {", ".join(COLUMNS)} FROM "case" WHERE target = ? AND level = ? AND unit = ?'
        given: list[object] = [wanted.target, wanted.level, wanted.unit]
        if wanted.period is not None:
            query, given = f"{query} AND period = ?", [*given, wanted.period]
        try:
            found = self._connection.execute(f"{query} {rest}", [*given, *values]).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise BundleError(f"cases.db cannot be read ({type(error).__name__})") from None
        return [dict(zip(("number", *COLUMNS), row, strict=True)) for row in found]


@contextmanager
def open_cases(work: Path, key_id: str, today: date) -> Iterator[Cases]:
    """Yield the cases of a work folder.

    Raises RefusedError where there are none (404) and after their last day (403); BundleError (503) for a file that
    others can read, that is of another pseudonym key or that does not say on what ground it stands.
    """
    path = work / CASES_DB
    if not path.is_file():
        raise RefusedError([], 404, NO_CASES)
    if path.stat().st_mode & 0o077:
        raise BundleError("cases.db can be read by others: chmod 600")
    connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True, check_same_thread=False)
    try:
        yield Cases(_meta(connection, key_id, today), connection)
    finally:
        connection.close()


def _meta(connection: sqlite3.Connection, key_id: str, today: date) -> dict[str, str]:
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        ends = date.fromisoformat(meta["ends"])
    except (sqlite3.Error, UnicodeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"cases.db does not say on what ground it stands ({type(error).__name__})") from None
    absent = [name for name in META if not meta.get(name)]
    if absent:
        raise BundleError("cases.db does not say on what ground it stands. Missing in meta:", absent)
    if meta["pseudonym_key_id"] != key_id:
        raise BundleError("cases.db was made with another pseudonym key")
    if today > ends:
        raise RefusedError([FieldProblem(pointer="/ends", problem=f"the last day was {ends.isoformat()}")], 403, ENDED)
    return meta
