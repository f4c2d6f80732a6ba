"""Returns once a look-up is written down: who asked about whom, when, why, on what ground, and what came of it.

One row for each look-up, choice, search and denial, committed before the answer leaves; when it cannot be written there
is no answer. Each row is chained to the one before it (`service.chain`), one chain for each start of a worker. Requests
that come while a row is being written are committed together next: one flush for all of them. People stand in it by
pseudonym. SQLite in a file (write-ahead log, flushed at each commit) or PostgreSQL by URL.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from uuid import uuid4

from sqlalchemy import URL, BigInteger, Column, Integer, MetaData, String, Table, insert
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from service.chain import BEFORE_ALL, digest_of
from service.database import OneFile, file_of, open_database, open_for_reading, prepare
from service.metrics import AUDIT_FAILED, AUDITED
from stratify.errors import NotPermittedError, UsageError

T = TypeVar("T")
Action = Literal[
    "lookup", "choice", "action", "action_list", "targets", "models", "audit_search", "hook", "feedback", "opt_out",
    "cases", "case_cause", "answer", "questions", "fact", "death_risk", "own_words",
    "RiskAssessment", "CarePlan", "ServiceRequest", "MeasureReport", "AuditEvent",
]  # fmt: skip
Outcome = Literal["found", "not_found", "blocked", "stored", "denied", "failed"]
Basis = Literal["context", "care_team", "override", "own_unit"]
MOST_TOGETHER = 64  # rows in one commit
GONE = "its file was taken away or replaced: put it back and start again"
METADATA = MetaData()
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("purpose", String(20)),
    Column("pseudonym", String(64), index=True),
    Column("outcome", String(20), nullable=False),
    Column("request_id", String(36), nullable=False, index=True),
    Column("model_version", String(200), nullable=False),
    Column("chain", String(32)),  # which start of which worker wrote it; none in rows from before there were chains
    Column("nth", Integer),  # in its chain, from 1
    Column("digest", String(64)),
    Column("issuer", String(200)),
    Column("organisation", String(200)),
    Column("care_team", String(200)),
    Column("basis", String(20)),  # the ground of opening one person: token's context, care team, override, own unit
    Column("reason", String(300)),  # of an override, in the caller's words
    Column("criterion", String(300)),  # of a search over more than one person
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
    pseudonym: str | None = field(repr=False)
    outcome: Outcome
    request_id: str
    model_version: str
    issuer: str | None = None
    organisation: str | None = None
    care_team: str | None = None
    basis: Basis | None = None
    reason: str | None = field(default=None, repr=False)
    criterion: str | None = None

    def said(self, moment: datetime, pseudonym: str) -> dict[str, Any]:
        """Return the columns that all that is said of a person has, in whichever table: when, of whom, by whom."""
        return {
            "said_on": moment.isoformat(timespec="milliseconds"),
            "pseudonym": pseudonym,
            "user": self.user,
            "role": self.role,
            "request_id": self.request_id,
        }


class Job(Generic[T]):
    """Something to be committed: rows of the log, more in the same transaction, or that alone."""

    def __init__(self, entries: Sequence[Entry], also: Callable[[Connection], T] | None) -> None:
        self.entries, self.also = entries, also
        self.found: T | None = None
        self.error: Exception | None = None
        self.done = False

    def end(self, error: Exception | None = None) -> None:
        """Say how it went."""
        self.error, self.done = error, True


class AuditLog:
    """The log, open for writing."""

    def __init__(self, url: str | URL) -> None:
        self._writing = threading.Lock()
        self._waiting: deque[Job[Any]] = deque()
        self._chain, self._nth, self._last = _new_chain()
        try:
            self._engine = open_database(url)
        except (SQLAlchemyError, ImportError) as error:
            raise UsageError(f"--service-db: this database URL cannot be used ({type(error).__name__})") from None
        self._file: OneFile | None = None
        try:
            prepare(self._engine)
            self._file = file_of(self._engine)
            self.probe()
        except NotPermittedError:
            self.close()
            raise
        except (SQLAlchemyError, AuditUnavailableError):
            self.close()
            raise NotPermittedError(
                "the audit log cannot be written, so no look-up may be answered; "
                f"make {self._engine.url.render_as_string(hide_password=True)} writable"
            ) from None

    def record(self, *entries: Entry, also: Callable[[Connection], object] | None = None) -> None:
        """Write these rows and return when they are committed; raises AuditUnavailableError when they are not.

        also: what is done in the same transaction; what it raises is raised here, and nothing is written then.
        """
        try:
            self.write(entries, also)
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None

    def write(self, entries: Sequence[Entry], also: Callable[[Connection], T] | None = None) -> T | None:
        """Write rows, and what `also` does in the same transaction; return what that returns once all is committed.

        Whoever comes first commits for all who wait. Raises SQLAlchemyError when they are not committed (then it is not
        known whether they are there: a new chain begins), and what `also` raises: then nothing of it is there.
        """
        job = Job(entries, also)
        self._waiting.append(job)
        with self._writing:
            if not job.done:
                together = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
                while job not in together:  # whoever came before us is committed before us
                    self._commit(together)
                    together = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
                self._commit(together)
        if job.error is not None:
            raise job.error
        return job.found

    def _commit(self, jobs: Sequence[Job[Any]]) -> None:
        """Commit these together; where that fails before the commit, each by itself, so that one spoils no other."""
        if self._is_gone():
            for job in jobs:
                job.end(AuditUnavailableError(GONE))
            return
        before = self._nth, self._last
        rows = [self._chained(entry) for job in jobs for entry in job.entries]
        committing = False
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                if rows:
                    connection.execute(insert(AUDIT), rows)
                for job in jobs:
                    job.found = None if job.also is None else job.also(connection)
                committing = True
                transaction.commit()
        except Exception as error:  # of the database, or of what a job does: it is raised where the job came from
            if isinstance(error, SQLAlchemyError):
                AUDIT_FAILED.inc()
                self._chain, self._nth, self._last = _new_chain()
            else:
                self._nth, self._last = before
            if len(jobs) == 1 or committing:
                for job in jobs:
                    job.end(error)
                return
            for job in jobs:
                self._commit([job])
            return
        for job in jobs:
            job.end()
        for row in rows:
            AUDITED.labels(row["action"], row["outcome"]).inc()

    def _is_gone(self) -> bool:
        return self._file is not None and not self._file.is_there()

    def _chained(self, entry: Entry) -> dict[str, Any]:
        row = row_of(entry) | {"chain": self._chain, "nth": self._nth + 1}
        row["digest"] = digest_of(self._last, row)
        self._nth, self._last = row["nth"], row["digest"]
        return row

    def probe(self) -> None:
        """Return when a row could be written, leaving none; raises AuditUnavailableError when it could not."""
        trial = Entry("probe", "", "lookup", None, None, "denied", "", "")
        if self._is_gone():
            raise AuditUnavailableError(GONE)
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
    return {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **vars(entry)}


def _new_chain() -> tuple[str, int, str]:
    """Return the name of a chain that has no row yet, how many it has, and what its first row comes after."""
    return uuid4().hex, 0, BEFORE_ALL


def open_log(url: str | None, path: Path) -> Engine:
    """Return the database of a log to be read: by URL, or the SQLite file. Raises UsageError where there is none."""
    return open_for_reading(url, path, AUDIT.name, {column.name for column in AUDIT.columns})
