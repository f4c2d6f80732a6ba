"""The audit log's chains: whatever was changed, taken out, put in between or cut off is found; nobody is named."""

import json
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import create_engine

from service.audit import AUDIT, AuditLog, AuditUnavailableError, Entry, open_log
from service.chain import CHAINED, verify
from stratify.errors import BundleError, UsageError

ENTRY = Entry("dr", "clinician", "lookup", "TREAT", "f" * 64, "found", "r" * 36, "abc")


@pytest.fixture
def file(tmp_path):
    """A log of two workers' starts, five rows and three."""
    path = tmp_path / "service.db"
    for rows in (5, 3):
        log = AuditLog(f"sqlite:///{path}")
        for nth in range(rows):
            log.record(replace(ENTRY, request_id=str(nth)))
        log.close()
    return path


def verified(file, anchor=None):
    return verify(open_log(None, file), AUDIT, anchor)


def change(file, *statements):
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_log_as_it_was_written_is_whole(file):
    found = verified(file)
    assert (found.rows, found.unchained) == (8, 0)
    assert sorted(head.rows for head in found.heads.values()) == [3, 5]


@pytest.mark.parametrize(
    "statement, problem",
    [
        ("UPDATE audit SET outcome = 'denied' WHERE seq = 2", "row 2 (number 2) is not what was written"),
        ("UPDATE audit SET at = '2020' WHERE seq = 5", "row 5 (number 5) is not what was written"),
        ("UPDATE audit SET pseudonym = NULL WHERE seq = 8", "row 3 (number 8) is not what was written"),
        ("DELETE FROM audit WHERE seq = 3", "after row 2 comes row 4"),
        ("DELETE FROM audit WHERE seq = 1", "after row 0 comes row 2"),
        ("UPDATE audit SET nth = 3 WHERE seq = 2", "comes row 3"),
        ("UPDATE audit SET digest = '0' WHERE seq = 4", "row 4 (number 4) is not what was written"),
        ("INSERT INTO audit SELECT 99, at, user, role, action, purpose, pseudonym, outcome, request_id, model_version, "
         "chain, nth, digest, issuer, organisation, care_team, basis, reason, criterion "
         "FROM audit WHERE seq = 2", "after row 5 comes row 2"),
    ],
)  # fmt: skip
def test_what_was_changed_taken_out_or_put_in_is_found(file, statement, problem):
    change(file, statement)
    with pytest.raises(BundleError) as error:
        verified(file)
    assert any(problem in one for one in error.value.problems)
    assert ENTRY.pseudonym not in str(error.value)


def test_rows_taken_off_the_end_are_found_by_the_anchor_alone(file, tmp_path):
    anchor = tmp_path / "heads.jsonl"
    verified(file, anchor)
    change(file, "DELETE FROM audit WHERE seq IN (7, 8)")
    assert verified(file).rows == 6
    with pytest.raises(BundleError) as error:
        verified(file, anchor)
    assert "ends before row 3, which was anchored" in str(error.value)
    assert len(anchor.read_text(encoding="utf-8").splitlines()) == 1


OUTSIDE = "UPDATE audit SET chain = NULL, nth = NULL, digest = NULL"


@pytest.mark.parametrize(
    "change, told",
    [
        (f"{OUTSIDE} WHERE seq = 8", "row number 8 stands in no chain"),
        (f"{OUTSIDE}, user = 'nobody'", "none of 8 rows stands in a chain"),
        ("INSERT INTO audit (at, user, role, action, outcome, request_id, model_version) "
         "VALUES ('', 'anna', '', 'lookup', 'found', '', '')", "row number 9 stands in no chain"),
    ],
)  # fmt: skip
def test_a_row_that_stands_in_no_chain_is_no_way_round_it(file, change, told):
    with sqlite3.connect(file) as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(BundleError) as error:
        verified(file)
    assert told in str(error.value)


def test_an_anchor_grows_by_the_heads_that_are_new_alone(file, tmp_path):
    anchor = tmp_path / "heads.jsonl"
    verified(file, anchor)
    verified(file, anchor)
    first, second = (json.loads(line)["heads"] for line in anchor.read_text(encoding="utf-8").splitlines())
    assert len(first) == 2, "a chain for each start"
    assert second == {}, "nothing was written since: the line says that it was looked at"


def test_an_older_copy_that_was_put_back_is_found_by_the_anchor_alone(tmp_path):
    path, copy, anchor = tmp_path / "s.db", tmp_path / "copy.db", tmp_path / "heads.jsonl"
    for nth in range(2):
        log = AuditLog(f"sqlite:///{path}")
        log.record(ENTRY)
        log.close()
        if nth == 0:
            shutil.copy(path, copy)
    verified(path, anchor)
    for beside in tmp_path.glob("s.db*"):
        beside.unlink()
    copy.rename(path)
    assert verified(path).rows == 1
    with pytest.raises(BundleError, match="ends before row 1, which was anchored"):
        verified(path, anchor)


def test_a_history_made_anew_is_another_than_was_anchored(file, tmp_path):
    anchor = tmp_path / "heads.jsonl"
    verified(file, anchor)
    line = json.loads(anchor.read_text(encoding="utf-8"))
    chain = min(line["heads"])
    line["heads"][chain][1] = "1" * 64
    anchor.write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(BundleError, match="is not as it was written") as error:
        verified(file, anchor)
    assert "another than was anchored" in str(error.value)


def test_an_anchor_grows_with_the_log(file, tmp_path):
    anchor = tmp_path / "heads.jsonl"
    verified(file, anchor)
    log = AuditLog(f"sqlite:///{file}")
    log.record(ENTRY)
    log.close()
    assert len(verified(file, anchor).heads) == 3
    assert len(anchor.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"heads": {"a": 3}}'])
def test_an_anchor_that_is_none_is_refused(file, tmp_path, text):
    (tmp_path / "heads.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match="holds no heads"):
        verified(file, tmp_path / "heads.jsonl")


def test_many_writers_at_once_make_one_whole_chain(tmp_path):
    log = AuditLog(f"sqlite:///{tmp_path / 's.db'}")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log.record, [replace(ENTRY, request_id=str(nth)) for nth in range(60)]))
    log.close()
    assert [head.rows for head in verified(tmp_path / "s.db").heads.values()] == [60]


def test_after_a_row_that_could_not_be_written_a_new_chain_begins_and_both_are_whole(tmp_path):
    path = tmp_path / "s.db"
    log = AuditLog(f"sqlite:///{path}")
    log.record(ENTRY)
    change(path, "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(AuditUnavailableError):
        log.record(ENTRY)
    change(path, "DROP TRIGGER no")
    log.record(ENTRY)
    log.close()
    assert [head.rows for head in verified(path).heads.values()] == [1, 1]


def test_what_fails_in_the_same_transaction_leaves_no_row_and_no_gap(tmp_path):
    path = tmp_path / "s.db"
    log = AuditLog(f"sqlite:///{path}")

    def fail(_):
        raise ValueError("this")

    with pytest.raises(ValueError, match="this"):
        log.write([ENTRY], fail)
    log.record(ENTRY)
    log.close()
    assert verified(path).rows == 1


def test_a_log_from_before_there_were_chains_goes_on_and_its_rows_are_counted(tmp_path):
    path = tmp_path / "s.db"
    before = CHAINED[2:11]
    columns = ", ".join(f'"{name}" TEXT' for name in before)
    change(path, f"CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, {columns})",
           "INSERT INTO audit (at, user) VALUES ('2026', 'dr')")  # fmt: skip
    with pytest.raises(UsageError, match="of an earlier version"):
        open_log(None, path)
    log = AuditLog(f"sqlite:///{path}")
    log.record(ENTRY)
    log.close()
    found = verified(path)
    assert (found.rows, found.unchained) == (1, 1)


def test_one_that_fails_beside_others_spoils_none_of_them(tmp_path):
    path = tmp_path / "s.db"
    log = AuditLog(f"sqlite:///{path}")
    slow, together = threading.Event(), []

    def hold(_):
        slow.wait(5)

    def fail(_):
        raise ValueError("this")

    def write(nth):
        log.write([replace(ENTRY, request_id=str(nth))], fail if nth == 3 else None)

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(log.write, [ENTRY], hold)
        while not log._writing.locked():
            time.sleep(0.001)
        rest = [pool.submit(write, nth) for nth in range(7)]
        while len(log._waiting) < 7:
            time.sleep(0.001)
        slow.set()
        first.result()
        together = [isinstance(one.exception(), ValueError) for one in rest]
    log.close()
    assert together == [nth == 3 for nth in range(7)]
    assert verified(path).rows == 7


def test_without_a_log_the_command_says_so(tmp_path):
    with pytest.raises(UsageError, match="no audit log here"):
        open_log(None, tmp_path / "none.db")
    create_engine(f"sqlite:///{tmp_path / 'other.db'}").connect().exec_driver_sql("CREATE TABLE t (x)").close()
    with pytest.raises(UsageError, match="holds no audit log"):
        open_log(f"sqlite:///{tmp_path / 'other.db'}", tmp_path)
