"""The log: durable, private, numbered without gaps given twice, closed to other databases' surprises."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from service.audit import AUDIT, AuditLog, AuditUnavailableError, Entry
from stratify.errors import NotPermittedError, UsageError

ENTRY = Entry("dr", "clinician", "lookup", "TREAT", "f" * 64, "found", "r" * 36, "abc")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new folder" / "service.db"


@pytest.fixture
def log(file):
    log = AuditLog(f"sqlite:///{file}")
    yield log
    log.close()


def _rows(file):
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT * FROM audit ORDER BY seq").fetchall()
    connection.close()
    return rows


def test_a_row_holds_what_was_asked_by_whom_and_with_what_outcome(log, file):
    log.record(ENTRY)
    seq, at, *rest = _rows(file)[0]
    assert seq == 1
    assert at[-6:] == "+00:00"
    assert at[10] == "T"
    assert rest[:8] == ["dr", "clinician", "lookup", "TREAT", "f" * 64, "found", "r" * 36, "abc"]
    assert rest[11:] == [None] * 6


def test_a_probe_leaves_nothing_behind(log, file):
    log.probe()
    log.record(ENTRY)
    assert len(_rows(file)) == 1


def test_the_file_is_flushed_at_each_commit_and_written_ahead(log):
    with log._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_the_file_is_its_owners_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        log = AuditLog(f"sqlite:///{tmp_path / 's.db'}")
        log.record(ENTRY)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("s.db*")} == {0o600}
    log.close()


def test_many_writers_at_once_lose_no_row(log, file):
    entries = [replace(ENTRY, request_id=str(i)) for i in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log.record, entries))
    rows = _rows(file)
    assert [row[0] for row in rows] == list(range(1, 61))
    assert {row[8] for row in rows} == {str(i) for i in range(60)}


def test_a_second_start_goes_on_numbering_even_when_rows_were_removed(log, file):
    log.record(ENTRY)
    log.record(ENTRY)
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("DELETE FROM audit")
    connection.close()
    again = AuditLog(f"sqlite:///{file}")
    again.record(ENTRY)
    again.close()
    assert [row[0] for row in _rows(file)] == [3]


def test_a_log_that_refuses_raises_and_its_words_hold_no_value(log, file):
    connection = sqlite3.connect(file)
    connection.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    connection.close()
    for call in (log.probe, lambda: log.record(ENTRY)):
        with pytest.raises(AuditUnavailableError) as refused:
            call()
        assert ENTRY.pseudonym not in str(refused.value)


def test_a_read_only_database_is_refused_at_the_start(log, file):
    with pytest.raises(NotPermittedError, match="cannot be written"):
        AuditLog(f"sqlite:///file:{file}?mode=ro&uri=true")


def test_a_folder_in_its_place_is_refused_at_the_start(tmp_path):
    with pytest.raises(NotPermittedError):
        AuditLog(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://x", "sqlite+nosuchdriver:///x", "postgresql://x/y"])
def test_a_url_that_cannot_be_used_is_a_usage_error_without_its_password(url):
    with pytest.raises(UsageError, match="--service-db"):
        AuditLog(url)


def test_the_table_is_the_same_for_every_database(log):
    log.record(ENTRY)
    with log._engine.connect() as connection:
        assert connection.execute(select(AUDIT.c.outcome)).scalars().all() == ["found"]
    assert [column.name for column in AUDIT.columns] == [
        "seq", "at", "user", "role", "action", "purpose", "pseudonym", "outcome", "request_id", "model_version",
        "chain", "nth", "digest", "issuer", "organisation", "care_team", "basis", "reason", "criterion",
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["taken away", "replaced", "overwritten"])
def test_a_file_that_is_not_there_any_more_is_written_to_no_more(how, tmp_path):
    path = tmp_path / "s.db"
    log = AuditLog(f"sqlite:///{path}")
    log.record(ENTRY)
    if how == "overwritten":
        path.write_bytes(b"rubbish")
    else:
        path.rename(tmp_path / "before.db")
        if how == "replaced":
            (tmp_path / "before.db").read_bytes()
            path.write_bytes((tmp_path / "before.db").read_bytes())
    with pytest.raises(AuditUnavailableError, match="taken away or replaced"):
        log.record(ENTRY)
    with pytest.raises(AuditUnavailableError):
        log.probe()
    log.close()
