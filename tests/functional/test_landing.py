"""The landing step: a store whole or none, the last good one kept, run again only when something changed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import duckdb
import pytest

from pipelines.data_steps import land_step
from stratify.catalogue import load
from stratify.errors import DataError
from stratify.files import digest_tree
from stratify.workspace import Workspace

TABLES = {
    "bef": "pnr,koen,foed_dag,referencetid,kom\n000000000001,1,1950-01-01,2018-12-31,751\n",
    "dod": "pnr,doddato\n",
    "lpr_a_kontakt": "pnr,dw_ek_kontakt,kont_starttidspunkt,kont_sluttidspunkt,kont_type,prioritet,kont_ans_hovedspec\n"
    "000000000001,k1,2018-03-01 08:00,2018-03-04 08:00,ALCA00,ATA1,x\n"
    "777777777777,k2,2018-03-01 08:00,2018-03-04 08:00,ALCA00,ATA1,x\n",
    "lpr_a_diagnose": "dw_ek_kontakt,diag_kode,diag_kode_type\nk1,DI509,A\n",
}


@pytest.fixture(scope="module")
def catalogue():
    return load(None)


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "it's æøå" / "extract"
    folder.mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture
def run(tmp_path, catalogue):
    work = Workspace(tmp_path / "wörk's")

    def land(data: Path):
        return (work, *land_step(work, catalogue, source="danish", data=data, progress=lambda told: None))

    return land


def _left(work: Workspace) -> list[str]:
    return sorted(path.name for path in work.root.iterdir()) if work.root.exists() else []


def test_a_landed_store_tells_what_became_of_every_row(data, run):
    work, manifest, ran = run(data)
    assert ran
    results = manifest["results"]
    assert results["people"] == 1
    assert results["tables"]["lpr_a_kontakt"] == {
        "rows_in": 2,
        "landed": 1,
        "refused": 1,
        "reasons": {"event of an unknown person": 1},
    }
    assert results["people_with"]["hf"] == 1
    assert "777777777777" not in json.dumps(manifest)
    assert "000000000001" not in json.dumps(manifest)
    assert stat.S_IMODE((work.store / "refused").stat().st_mode) == 0o700
    assert stat.S_IMODE((work.store / "refused/lpr_a_kontakt.parquet").stat().st_mode) == 0o600
    assert _left(work) == ["store"]
    for domain, events in results["events"].items():
        (rows,) = duckdb.execute(
            "SELECT count(*) FROM read_parquet(?)", [[str(p) for p in (work.store / domain).glob("*.parquet")]]
        ).fetchone()
        assert rows == events


YEARS = (2017, 2018)
BY_YEAR = {  # as registers come: a folder per table, files by year and part, some years in upper case
    "sssy": "SELECT '{pnr}' AS pnr, '800101' AS speciale, '{yy}10' AS honuge, 0 AS barnmak, '000123' AS ydernr",
    "aefv": "SELECT '{pnr}' AS pnr, '{year}03' AS hænd_mdr, 2 AS perpl_vis, 1 AS prahj_vis",
    "akm": "SELECT '{pnr}' AS pnr, {year} AS aar, 131 AS socio13",
}
WITHOUT_YEAR = {
    "dream": "SELECT '{pnr}' AS pnr, 890 AS y_1701, NULL AS y_1702",
    "tolk": "SELECT '{pnr}' AS pnr, 'arabisk' AS sprog, DATE '2017-01-01' AS fra_dato",
}


def _deliver(data: Path, pnr: str = "000000000001") -> None:
    def copy(table: str, stem: str, sql: str) -> None:
        (data / table).mkdir(exist_ok=True)
        path = str(data / table / f"{stem}.parquet").replace("'", "''")
        duckdb.execute(f"COPY ({sql}) TO '{path}'")

    for table, sql in BY_YEAR.items():
        for year in YEARS:
            told = sql.format(pnr=pnr, year=year, yy=year % 100)
            copy(table, f"{table}_{year}_00", told.upper() if year == YEARS[1] else told)
    for table, sql in WITHOUT_YEAR.items():
        copy(table, f"{table}_00", sql.format(pnr=pnr))


def test_tables_by_year_and_part_land_and_what_is_only_checked_is_not_said_to_have_landed(data, run):
    _deliver(data)
    work, manifest, _ = run(data)
    results = manifest["results"]
    events = {"service": 2, "municipal": 2, "occupation": 2, "communication": 1}
    assert {domain: results["events"][domain] for domain in events} == events
    assert results["tables"]["dream"] == {"rows_in": 1, "landed": 0, "refused": 0, "reasons": {}, "left": 1}
    assert "dream: <5 rows checked and not carried into the store" in results["notes"]
    use = results["measurable"]["use"]
    assert {domain: use[domain] for domain in ("service", "municipal", "occupation")} == {
        "service": "care", "municipal": "planning", "occupation": "statistics"
    }  # fmt: skip
    before = digest_tree(work.store)
    (work.store / "manifest.json").unlink()
    run(data)
    assert {k: v for k, v in digest_tree(work.store).items() if k != "run.json"} == {
        k: v for k, v in before.items() if k != "run.json"
    }


def test_the_same_extract_is_not_landed_twice_and_another_day_gives_the_same_bytes(data, run):
    work, manifest, _ = run(data)
    before = digest_tree(work.store)
    assert run(data)[2] is False
    (work.store / "manifest.json").unlink()
    _, again, ran = run(data)
    assert ran
    assert again == manifest
    after = digest_tree(work.store)
    assert {k: v for k, v in after.items() if k != "run.json"} == {k: v for k, v in before.items() if k != "run.json"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: (data / "bef.csv").unlink(),
        lambda data: (data / "bef.csv").write_text("pnr,koen,foed_dag,referencetid,kom\n"),
        lambda data: (data / "lpr_a_diagnose.csv").write_text("dw_ek_kontakt,diag_kode,diag_kode_type\nk1,41099,A\n"),
        lambda data: [path.unlink() for path in data.iterdir()],
    ],
)
def test_a_refusal_leaves_nothing_behind_and_keeps_the_last_good_store(data, run, spoil):
    good = {path.name: path.read_bytes() for path in data.iterdir()}
    spoil(data)
    with pytest.raises(DataError) as caught:
        run(data)
    assert caught.value.exit_code == 11
    for path in data.iterdir():
        path.unlink()
    for name, content in good.items():
        (data / name).write_bytes(content)
    work, _, ran = run(data)  # nothing stood there before
    assert ran
    assert _left(work) == ["store"]
    before = digest_tree(work.store)
    spoil(data)
    with pytest.raises(DataError):
        run(data)
    assert digest_tree(work.store) == before
    assert _left(work) == ["store"]


def test_a_crash_half_way_leaves_the_last_good_store(data, run, monkeypatch):
    work, _, _ = run(data)
    before = digest_tree(work.store)

    def crash(*args):
        raise RuntimeError("power cut")

    monkeypatch.setattr("stratify.store.land.write_refused", crash)
    (data / "dod.csv").write_text("pnr,doddato\n000000000001,2019-01-01\n")
    with pytest.raises(RuntimeError):
        run(data)
    assert digest_tree(work.store) == before
    assert _left(work) == ["store"]


def test_data_that_is_not_there(run, tmp_path):
    with pytest.raises(DataError, match="nothing there"):
        run(tmp_path / "no-such")
