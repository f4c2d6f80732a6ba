"""What the service wrote down becomes counts by month, and nothing else leaves."""

from __future__ import annotations

import sqlite3

import pytest

from pipelines.population_versions import keep_version
from pipelines.service_log import read_log, tally_of, yield_by_stratum
from stratify.catalogue import load
from stratify.disclosure import words
from stratify.errors import UsageError
from stratify.workspace import Workspace

TARGETS = load().targets
TABLES = """
CREATE TABLE audit (at TEXT, action TEXT, outcome TEXT, pseudonym TEXT);
CREATE TABLE choice (said_on TEXT, pseudonym TEXT, offer TEXT, decision TEXT);
CREATE TABLE answer (said_on TEXT, pseudonym TEXT, question TEXT, value INTEGER);
CREATE TABLE action (at TEXT, pseudonym TEXT, offer TEXT, status TEXT);
"""


@pytest.fixture
def work(tmp_path):
    """40 people looked at on 3 March: 30 chose, 20 of them said yes, 12 yeses were done; 10 answered a question."""
    con = sqlite3.connect(tmp_path / "service.db")
    con.executescript(TABLES)
    names = [f"p{number:02}" for number in range(40)]
    con.executemany(
        "INSERT INTO audit VALUES (?, 'lookup', 'found', ?)", [("2026-03-03T08:00:00.000", name) for name in names]
    )
    con.execute("INSERT INTO audit VALUES ('2026-03-20T08:00:00.000', 'lookup', 'found', 'p00')")  # the same month
    con.execute("INSERT INTO audit VALUES ('2026-03-20T08:00:00.000', 'lookup', 'denied', 'p99')")
    con.executemany(
        "INSERT INTO choice VALUES (?, ?, 'x', ?)",
        [("2026-03-10T08:00:00.000", name, "accept" if at < 20 else "decline") for at, name in enumerate(names[:30])],
    )
    con.executemany(
        "INSERT INTO answer VALUES ('2026-03-10T08:00:00.000', ?, 'shared_decision', ?)",
        [(name, 5 if at < 6 else 2) for at, name in enumerate(names[:10])],
    )
    con.executemany("INSERT INTO action VALUES ('2026-05-01', ?, 'x', 'done')", [(name,) for name in names[:12]])
    con.execute("INSERT INTO audit VALUES ('2026-07-15T08:00:00.000', 'models', 'found', NULL)")
    con.execute("INSERT INTO choice VALUES ('2026-07-15T08:00:00.000', 'p39', 'x', 'later')")
    con.commit()
    con.close()
    return Workspace(tmp_path)


def test_listed_and_accepted_by_month(work):
    log = read_log(work)
    march = tally_of(TARGETS["alert_yield"], log)["region"].months[0][log.months.names().index("2026-03")]
    assert march.tolist() == [20, 20, 0, 0]


def test_answers_by_month_and_who_did_not_answer(work):
    log = read_log(work)
    march = tally_of(TARGETS["shared_decision"], log)["region"].months[0][log.months.names().index("2026-03")]
    assert march.tolist() == [4, 6, 20, 0]


def test_each_step_from_looked_at_to_done(work):
    found = yield_by_stratum(work, read_log(work))
    assert found[""] == {"listed": "40", "offered": "30", "accepted": "20", "completed": "12"}
    assert found["not told"] == found[""]  # nobody was scored here


def test_a_step_that_few_took_is_hidden_with_what_would_give_it_away(work):
    con = sqlite3.connect(work.service_db)
    con.execute("DELETE FROM action WHERE pseudonym > 'p02'")  # three are left
    con.commit()
    con.close()
    found = yield_by_stratum(work, read_log(work))
    assert found[""]["completed"] == "hidden"
    assert found[""]["listed"] == "40"


def test_no_database_is_no_log_and_the_earlier_shape_is_read(tmp_path, work):
    nothing = read_log(Workspace(tmp_path / "other"))
    assert nothing.last is None
    assert nothing.months is None
    con = sqlite3.connect(work.service_db)
    con.execute("DROP TABLE answer")
    con.commit()
    con.close()
    log = read_log(work)
    assert tally_of(TARGETS["shared_decision"], log)["region"].months[0][:, 2].sum() == 30


def test_the_same_rows_have_the_same_digest_and_one_more_another(work):
    before = read_log(work).digest
    assert read_log(work).digest == before
    con = sqlite3.connect(work.service_db)
    con.execute("INSERT INTO choice VALUES ('2026-07-16T08:00:00.000', 'p38', 'x', 'accept')")
    con.commit()
    con.close()
    assert read_log(work).digest != before


def test_a_database_that_is_none_is_refused(tmp_path):
    (tmp_path / "service.db").write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(UsageError, match="cannot be read"):
        read_log(Workspace(tmp_path))


def manifest(smi, catalogue="c1"):
    return {"catalogue": catalogue, "results": {"populations": {"smi": {"2023": words(smi), "2024": "300"}}}}


def test_a_population_that_a_later_delivery_tells_otherwise_is_said(tmp_path):
    work = Workspace(tmp_path)
    assert keep_version(work, manifest(280), "2025-03-01") == []
    assert keep_version(work, manifest(280), "2025-03-01") == []
    assert keep_version(work, manifest(287), "2025-04-01") == ["smi on 1 January 2023: 287, by the delivery before 280"]
    assert keep_version(work, manifest(3, "c2"), "2025-04-01") == [
        "smi on 1 January 2023: <5, by the catalogue before 287"
    ]
