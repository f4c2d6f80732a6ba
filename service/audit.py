"""Returns once a look-up is written down: who asked about whom, when, why, and whether there was an answer.

One row for each look-up and each choice, committed before the answer leaves; when it cannot be written there is no
answer. Each row is chained to the one before it (`service.chain`). People stand in it by pseudonym. SQLite in a file
(write-ahead log, flushed at each commit) or any database SQLAlchemy reaches by URL.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import uuid4

from sqlalchemy import URL, Column, Integer, MetaData, String, Table, create_engine, event, insert, inspect
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from service.chain import BEFORE_ALL, digest_of
from stratify.errors import NotPermittedError, UsageError

T = TypeVar("T")
Action = Literal["lookup", "choice", "targets", "models"]
Outcome = Literal["found", "not_found", "stored", "denied", "failed"]
METADATA = MetaData()
AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("purpose", String(20)),
    Column("pseudonym", String(64)),
    Column("outcome", String(20), nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("model_version", String(200), nullable=False),
    Column("chain", String(32)),  # which start of which worker wrote it; none in rows from before there were chains
    Column("nth", Integer),  # in its chain, from 1
    Column("digest", String(64)),
    sqlite_autoincrement=True,  # a number is never given twice
)


class AuditUnavailableError(Exception):
    """The audit log cannot be written: no answer may leave."""


@dataclass(frozen=True)
class Entry:
    """One row, before it has its number and time."""

    user: str
    role: str
    action: Action
    purpose: str | None
    pseudonym: str | None
    outcome: Outcome
    request_id: str
    model_version: str


class AuditLog:
    """The log, open for writing."""

    def __init__(self, url: str | URL) -> None:
        self._writing = threading.Lock()
        self._chain, self._nth, self._last = _new_chain()
        try:
            self._engine = _engine(url)
        except (SQLAlchemyError, ImportError) as error:
            raise UsageError(f"--service-db: this database URL cannot be used ({type(error).__name__})") from None
        try:
            METADATA.create_all(self._engine)
            _add_columns(self._engine)
            self.probe()
        except (SQLAlchemyError, AuditUnavailableError):
            raise NotPermittedError(
                "the audit log cannot be written, so no look-up may be answered; "
                f"make {self._engine.url.render_as_string(hide_password=True)} writable"
            ) from None

    def record(self, entry: Entry) -> None:
        """Write one row and return when it is committed; raises AuditUnavailableError when it is not."""
        try:
            self.write(entry)
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None

    def write(self, entry: Entry, also: Callable[[Connection], T] | None = None) -> T | None:
        """Write one row, and what `also` does in the same transaction; return what that returns once all is committed.

        Raises SQLAlchemyError when they are not. Then it is not known whether they are there: a new chain begins.
        """
        with self._writing:
            row = row_of(entry) | {"chain": self._chain, "nth": self._nth + 1}
            row["digest"] = digest_of(self._last, row)
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(AUDIT).values(row))
                    found = None if also is None else also(connection)
            except SQLAlchemyError:
                self._chain, self._nth, self._last = _new_chain()
                raise
            self._nth, self._last = row["nth"], row["digest"]
            return found

    def probe(self) -> None:
        """Return when a row could be written, leaving none; raises AuditUnavailableError when it could not."""
        trial = Entry("probe", "", "lookup", None, None, "denied", "", "")
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                connection.execute(insert(AUDIT).values(row_of(trial)))
                transaction.rollback()
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None

    @property
    def engine(self) -> Engine:
        """The database, for what is written in one transaction with a row of this log."""
        return self._engine

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def row_of(entry: Entry) -> dict[str, Any]:
    """Return the values of one row, with its time."""
    return {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(entry)}


def _new_chain() -> tuple[str, int, str]:
    """Return the name of a chain that has no row yet, how many it has, and what its first row comes after."""
    return uuid4().hex, 0, BEFORE_ALL


def _add_columns(engine: Engine) -> None:
    """Add the columns of the chain to a log from before there were chains."""
    there = {column["name"] for column in inspect(engine).get_columns(AUDIT.name)}
    with engine.begin() as connection:
        for column in (AUDIT.c.chain, AUDIT.c.nth, AUDIT.c.digest):
            if column.name not in there:
                kind = column.type.compile(engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {AUDIT.name} ADD COLUMN {column.name} {kind}")


def _engine(url: str | URL) -> Engine:
    parsed = make_url(url)
    # No statement's values in an exception or a log, whatever happens.
    engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _durable)
        if parsed.database and not parsed.database.startswith((":", "file:")):
            _private_file(Path(parsed.database))
    return engine


def _durable(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _private_file(path: Path) -> None:
    """Make the file, if it is not there, readable by its owner alone: SQLite would follow the umask."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise NotPermittedError(f"{path}: the audit log cannot be made ({error.strerror})") from None


def open_log(url: str | None, path: Path) -> Engine:
    """Return the database of a log to be read: by URL, or the SQLite file. Raises UsageError where there is none."""
    if url is None and not path.exists():
        raise UsageError(f"{path}: no audit log here; name the work folder of the service, or --service-db")
    try:
        engine = create_engine(url or URL.create("sqlite", database=str(path.absolute())), hide_parameters=True)
        there = inspect(engine)
        if not there.has_table(AUDIT.name):
            raise UsageError("--service-db: this database holds no audit log")
        if AUDIT.c.digest.name not in {column["name"] for column in there.get_columns(AUDIT.name)}:
            raise UsageError("this audit log is from before rows were chained: start the service on it once")
    except (SQLAlchemyError, ImportError) as error:
        raise UsageError(f"--service-db: this database cannot be read ({type(error).__name__})") from None
    return engine
