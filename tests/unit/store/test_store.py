"""The store: sorted files by bucket, the same bytes for the same extract, read back as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from stratify.catalogue import Catalogue, load
from stratify.errors import DataError, UsageError
from stratify.files import digest_tree
from stratify.store import land as landing
from stratify.store import layout
from stratify.store.layout import DOMAINS, ROW_GROUP, bucket_file, buckets
from stratify.store.read import Store

PEOPLE = 23
ROWS = 25_000  # of laboratory results: more than two row groups


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load(None)


@pytest.fixture(scope="session")
def extract(tmp_path_factory) -> Path:
    """A delivery of 23 people with enough rows for several row groups, in no order."""
    folder = tmp_path_factory.mktemp("delivered") / "d'or æøå [1]"
    folder.mkdir()
    person = "lpad(CAST({} AS VARCHAR), 12, '0')".format
    spread = f"(hash(i) % {PEOPLE})"
    day = "DATE '2016-01-01' + CAST(hash(i + 7) % 1400 AS INTEGER)"
    tables = {
        "bef": f"SELECT {person('p')} AS pnr, 1 + p % 2 AS koen, DATE '1950-01-01' + CAST(p AS INTEGER) AS foed_dag, "
        "make_date(y, 12, 31) AS referencetid, '751' AS kom, 2 AS antpersh "
        f"FROM range({PEOPLE}) AS a(p), range(2015, 2020) AS b(y)",
        "dod": f"SELECT {person(3)} AS pnr, DATE '2018-02-03' AS doddato",
        "lpr_a_kontakt": f"SELECT {person(spread)} AS pnr, 'k' || i AS dw_ek_kontakt, "
        f"CAST({day} AS TIMESTAMP) AS kont_starttidspunkt, "
        f"CAST({day} AS TIMESTAMP) + to_hours(CAST(i % 50 AS INTEGER)) AS kont_sluttidspunkt, "
        "'ALCA00' AS kont_type, 'ATA1' AS prioritet, 'x' AS kont_ans_hovedspec FROM range(400) AS t(i)",
        "lpr_a_diagnose": "SELECT 'k' || (i % 400) AS dw_ek_kontakt, 'DI50' || (i % 10) AS diag_kode, "
        "CASE WHEN i % 3 = 0 THEN 'A' ELSE 'B' END AS diag_kode_type FROM range(900) AS t(i)",
        "laboratorieproevesvar_": f"SELECT {person(spread)} AS pnr, 'NPU27300' AS npu, {day} AS samplingdato, "
        f"CAST((i * 7919) % {ROWS} / 10.0 AS VARCHAR) AS samplevalue FROM range({ROWS}) AS t(i)",
    }
    for name, sql in tables.items():
        duckdb.execute(f"COPY ({sql}) TO '{str(folder / name).replace(chr(39), chr(39) * 2)}.parquet' (FORMAT parquet)")
    (folder / "delivery.json").write_text(
        json.dumps({"system": "urn:test", "covers_to": "2019-12-31", "delivered": "2020-02-01"})
    )
    return folder


def _land(extract: Path, out: Path, catalogue: Catalogue, monkeypatch, *, threads: int = 2) -> landing.Landed:
    connect = duckdb.connect

    def with_threads(*args, **kwargs):
        con = connect(*args, **kwargs)
        con.execute(f"SET threads = {threads}")
        return con

    monkeypatch.setattr(landing.duckdb, "connect", with_threads)
    out.mkdir(parents=True)
    found = landing.land("danish", extract, out, catalogue, lambda told: None)
    monkeypatch.undo()
    results = {"people": found.people, "measurable": found.measurable, "delivery": found.delivery.as_dict()}
    (out / "manifest.json").write_text(json.dumps({"results": results}))
    return found


@pytest.fixture
def three_buckets(monkeypatch):
    monkeypatch.setattr(layout, "PEOPLE_PER_BUCKET", 10)


def test_people_are_spread_over_as_many_buckets_as_they_need(three_buckets):
    assert [buckets(people) for people in (0, 1, 10, 11, 20, 21)] == [1, 1, 1, 2, 2, 3]


def test_every_event_stands_in_its_persons_bucket_sorted_and_in_bounded_row_groups(
    extract, catalogue, tmp_path, monkeypatch
):
    monkeypatch.setattr(layout, "PEOPLE_PER_BUCKET", 10)
    out = tmp_path / "store"
    found = landing_with(10, extract, out, catalogue, monkeypatch)
    for domain, events in found.events.items():
        counted = 0
        for bucket in range(3):
            path = str(out / bucket_file(domain, bucket))
            columns = ", ".join(f'"{name}"' for name in ("person", *DOMAINS[domain]))
            rows = duckdb.execute(
                f"SELECT person, day FROM (SELECT {columns} FROM read_parquet(?, file_row_number = true) "
                "ORDER BY file_row_number)",
                [path],
            ).fetchall()
            assert rows == sorted(rows)
            assert all(person % 3 == bucket for person, _ in rows)
            groups = duckdb.execute("SELECT max(row_group_num_rows) FROM parquet_metadata(?)", [path]).fetchone()
            assert (groups[0] or 0) <= ROW_GROUP * 1.1
            counted += len(rows)
        assert counted == events
    assert found.events["lab"] == ROWS
    assert found.events["household"] == 5 * PEOPLE


def landing_with(size: int, extract: Path, out: Path, catalogue: Catalogue, monkeypatch) -> landing.Landed:
    with monkeypatch.context() as patched:
        patched.setattr(layout, "PEOPLE_PER_BUCKET", size)
        out.mkdir(parents=True)
        return landing.land("danish", extract, out, catalogue, lambda told: None)


def test_the_same_extract_gives_the_same_bytes_with_one_thread_and_with_two(extract, catalogue, tmp_path, monkeypatch):
    digests = []
    for number, threads in enumerate([2, 1, 2]):
        _land(extract, tmp_path / str(number), catalogue, monkeypatch, threads=threads)
        digests.append(digest_tree(tmp_path / str(number)))
    assert digests[0] == digests[1] == digests[2]
    assert len(digests[0]) > 8


def test_a_store_is_read_in_its_own_order_whatever_the_buckets(extract, catalogue, tmp_path, monkeypatch):
    one, many = Store(tmp_path / "o'ne [1]"), Store(tmp_path / "many")
    _land(extract, one.root, catalogue, monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(layout, "PEOPLE_PER_BUCKET", 10)
        found = landing_with(10, extract, many.root, catalogue, monkeypatch)
        results = {"people": found.people, "measurable": found.measurable, "delivery": found.delivery.as_dict()}
        (many.root / "manifest.json").write_text(json.dumps({"results": results}))
        assert (one.people, many.people, many.buckets) == (PEOPLE, PEOPLE, 3)
        columns = ["person", "day", "known", "value", "comparator"]
        left = many.read("lab", columns)
        parts = [many.read("lab", columns, bucket=bucket) for bucket in range(3)]
        assert all(set(part["person"] % 3) == {bucket} for bucket, part in enumerate(parts))
        assert sum(len(part["person"]) for part in parts) == ROWS
    right = one.read("lab", columns)
    assert (np.diff(left["person"]) >= 0).all()
    assert (np.diff(right["person"]) >= 0).all()
    assert right["comparator"][0] is None
    here, there = one.source_ids(), many.source_ids()
    by_bucket = [many.source_ids_of(bucket) for bucket in range(many.buckets)]
    assert all(person % many.buckets == bucket for bucket, of in enumerate(by_bucket) for person in of)
    assert {person: name for of in by_bucket for person, name in of.items()} == {
        person: name for person, name in enumerate(there) if name
    }
    assert here == sorted(filter(None, there))
    for person, name in enumerate(here):
        for column in columns[1:]:
            mine = right[column][right["person"] == person]
            assert np.array_equal(mine, left[column][left["person"] == there.index(name)])


def test_a_number_that_is_nobodys_stands_there_unborn(extract, catalogue, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    landing_with(2, extract, store.root, catalogue, monkeypatch)
    people, names = store.persons(), store.source_ids()
    nobody = np.array([not name for name in names])
    assert (~nobody).sum() == PEOPLE < len(names)
    assert people["person"].tolist() == list(range(len(names)))
    assert people["birth"].dtype == np.int32
    assert (people["sex"][nobody] == 0).all()
    assert people["sex"][~nobody].all()
    assert (people["birth"][nobody] > 80_000).all()
    assert np.isnan(people["death"][nobody]).all()


def test_people_and_residence_come_back_as_they_were(extract, catalogue, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    _land(extract, store.root, catalogue, monkeypatch)
    people = store.persons()
    assert people["person"].tolist() == list(range(PEOPLE))
    assert np.isnan(people["death"]).sum() == PEOPLE - 1
    assert set(people["sex"].tolist()) == {1, 2}
    assert store.source_ids() == [f"{p:012}" for p in range(PEOPLE)]
    assert [store.source_ids_of(0)[p] for p in range(PEOPLE)] == store.source_ids()
    lived = store.residence()
    assert lived["person"].tolist() == sorted(lived["person"].tolist())
    assert np.isnan(lived["end"]).sum() == PEOPLE - 1
    open_stays = store.read("stay", ["person", "hours", "end_day", "acute"], where="acute")
    assert open_stays["hours"].dtype == np.float64
    assert store.has("lab")
    assert not store.has("drug")
    assert store.day("covers_to") == 18261


def test_a_folder_without_a_store_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="no store here; run `stratify land` first"):
        _ = Store(tmp_path).people


def test_an_unknown_source_is_a_fault_of_the_call(tmp_path, catalogue):
    with pytest.raises(UsageError, match="--source needs one of synthetic, danish, omop, got 'norwegian'"):
        landing.land("norwegian", tmp_path, tmp_path, catalogue, lambda told: None)
