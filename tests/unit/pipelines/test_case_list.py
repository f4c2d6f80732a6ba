"""Cases are named under terms alone, in a file of its owner's, and never of who has opted out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date

import pytest

from pipelines.case_list import read_terms, write_cases
from stratify.catalogue import load
from stratify.errors import NotPermittedError, UsageError
from stratify.pseudonym import read_key
from stratify.sealed import unseal
from stratify.store.read import Store
from stratify.workspace import Workspace

TODAY = date(2026, 11, 28)
TERMS = """[cases]
legal_basis = "a law"
responsible_unit = "a unit"
purpose = "learning"
until = 2026-12-31
"""


@pytest.fixture
def work(region, tmp_path):
    """The small region's store, with keys of its own; cases are written beside it."""
    (tmp_path / "store").symlink_to(region / "store")
    return Workspace(tmp_path)


def written(work):
    write_cases(work, load(), {"until": "2026-12-31", "purpose": "learning"}, lambda *_: None)
    with closing(sqlite3.connect(work.root / "cases.db")) as con:
        return con.execute('SELECT * FROM "case"').fetchall(), dict(con.execute("SELECT * FROM meta"))


@pytest.mark.parametrize("term", ["legal_basis", "responsible_unit", "purpose", "until"])
def test_each_term_must_be_named(tmp_path, term):
    path = tmp_path / "terms.toml"
    path.write_text("\n".join(line for line in TERMS.splitlines() if not line.startswith(term)))
    with pytest.raises(NotPermittedError) as refused:
        read_terms(path, TODAY)
    assert list(refused.value.problems) == [f"[cases] {term}: not there"]


def test_a_term_that_has_passed_or_a_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "terms.toml"
    path.write_text(TERMS.replace("2026-12-31", "2026-01-01"))
    with pytest.raises(UsageError, match="problem"):
        read_terms(path, TODAY)
    path.write_text("[cases")
    with pytest.raises(UsageError, match="cannot be read as TOML"):
        read_terms(path, TODAY)
    with pytest.raises(UsageError, match="not there"):
        read_terms(tmp_path / "none.toml", TODAY)
    path.write_text("[other]\na = 1\n")
    with pytest.raises(NotPermittedError):
        read_terms(path, TODAY)


def test_cases_are_of_the_last_twelve_mature_months_by_unit_and_name_nobody_openly(work):
    rows, meta = written(work)
    key = read_key(work.keys / "pseudonym.key")
    ids = set(Store(work.store).source_ids())
    assert len(rows) > 100
    for target, level, unit, period, day, state, why, name, sealed in rows:
        assert target in load().targets
        assert level in ("hospital", "psychiatric", "municipality", "practice")
        assert unit not in ("elsewhere", "not told")
        assert "2023-02" <= period <= "2024-12"
        assert day.startswith(period)
        assert state in ("yes", "no", "unknown")
        assert why
        assert not {name, sealed} & ids
        assert unseal(key, name, sealed)[1] in ids
    assert (meta["ends"], meta["purpose"]) == ("2026-12-31", "learning")
    assert (work.root / "cases.db").stat().st_mode & 0o777 == 0o600


def test_who_has_opted_out_is_not_named(work):
    rows, _ = written(work)
    key = read_key(work.keys / "pseudonym.key")
    gone = unseal(key, rows[0][7], rows[0][8])[1]
    (work.root / "opt_out.csv").write_text(f"id\n{gone}\n")
    left, _ = written(work)
    assert len(left) == sum(unseal(key, row[7], row[8])[1] != gone for row in rows) < len(rows)


def test_what_is_there_is_kept_when_writing_fails(work, monkeypatch):
    written(work)
    before = (work.root / "cases.db").read_bytes()
    monkeypatch.setattr("pipelines.case_list._rows", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        written(work)
    assert (work.root / "cases.db").read_bytes() == before
