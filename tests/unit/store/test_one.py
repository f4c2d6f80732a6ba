"""One person read out of a store: the rows that lie there, in their order, and nobody else's."""

import shutil
import threading

import duckdb
import numpy as np
import pytest

from stratify.errors import DataError
from stratify.store.layout import DOMAINS
from stratify.store.one import UNASKED, open_reader
from stratify.store.records import HeldSlice

PEOPLE = [
    {"person": 0, "source_id": "a", "sex": 1, "birth": -5000, "death": None},
    {"person": 1, "source_id": "b", "sex": 2, "birth": -9000, "death": 20_000},
    {"person": 2, "source_id": "c", "sex": 0, "birth": 100, "death": None},
]
LIVED = [
    {"person": 0, "start": -5000, "end": 100, "municipality": "751"},
    {"person": 0, "start": 200, "end": None, "municipality": None},
    {"person": 2, "start": 100, "end": None, "municipality": "615"},
]
LAB = [
    {"person": 0, "day": 10, "known": 12, "code": "NPU27300", "value": 48.0, "comparator": None},
    {"person": 1, "day": 5, "known": 6, "code": "NPU27300", "value": None, "comparator": "<"},
    {"person": 1, "day": 5, "known": 9, "code": "NPU02319", "value": 8.5, "comparator": None},
    {"person": 1, "day": 5, "known": 9, "code": "NPU27300", "value": 51.0, "comparator": None},
    {"person": 2, "day": 5, "known": 6, "code": "NPU19748", "value": 5.0, "comparator": "<"},
]
STAYS = [
    {"person": 1, "day": 40, "known": 54, "end_day": None, "end_known": None, "acute": True, "admission": True},
    {"person": 1, "day": 10, "known": 24, "end_day": 12, "end_known": 26, "acute": None, "admission": False},
]


@pytest.fixture
def store(write_store):
    return write_store({"lab": LAB, "stay": STAYS, "condition": []}, persons=PEOPLE, residence=LIVED)


def same(one, other):
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("domain", ["lab", "stay"])
def test_the_rows_are_those_of_the_bucket_in_their_order(store, number, domain):
    one, whole = open_reader(store.root).of(number), store.slice(domain, 0)
    mine, alone = whole.ints("person") == number, one.slice(domain, 0)
    assert len(alone.ints("person")) == mine.sum()
    for name, kind in DOMAINS[domain].items():
        if name in UNASKED:
            continue
        if kind in ("VARCHAR", "BOOLEAN"):
            left, right = whole.coded(name), alone.coded(name)
            assert left.at(left.place[mine]) == right.at(right.place)
        else:
            assert same(whole.floats(name)[mine], alone.floats(name))
    assert (alone.ints("person") == 0).all()


def test_a_person_is_found_by_their_own_id_with_their_life_and_homes(store):
    reader = open_reader(store.root)
    one = reader.find("b")
    assert {name: values.tolist() for name, values in one.persons().items()} == {
        "person": [0], "source_id": ["b"], "sex": [2], "birth": [-9000], "death": [20_000],
    }  # fmt: skip
    assert one.residence()["start"].tolist() == []
    lived = reader.find("a").residence()
    assert lived["start"].tolist() == [-5000, 200]
    assert np.isnan(lived["end"]).tolist() == [False, True]
    assert lived["municipality"].tolist() == ["751", None]
    assert one.day("covers_to") == store.day("covers_to")


@pytest.mark.parametrize("source_id", ["", "d", "A", "a'", "a' OR 1=1", "a\x00", "💊"])
def test_somebody_who_is_not_there_is_nobody(store, source_id):
    assert open_reader(store.root).find(source_id) is None


def test_of_two_ids_with_one_hash_the_right_one_is_found(store):
    reader = open_reader(store.root)
    reader._hashes[:] = reader._hashes[1]
    for source_id in ("a", "b", "c"):
        found = reader.find(source_id)
        assert found is None or found.people["source_id"].tolist() == [source_id]
    with_hash = [one["source_id"] for one in PEOPLE if reader.find(one["source_id"])]
    assert len(with_hash) == 1, "the others' own hash is gone"


def test_only_the_domains_asked_for_are_read(store):
    one = open_reader(store.root).find("b", {"stay"})
    assert set(one.events) == {"stay"}
    assert len(one.slice("stay", 0).ints("day")) == 2
    assert len(one.slice("lab", 0).ints("day")) == 0, "not read: nothing"


def test_many_threads_ask_one_reader_and_each_gets_their_own(store):
    reader, wrong = open_reader(store.root), []

    def ask(nth):
        for turn in range(20):
            number = (nth + turn) % 3
            one = reader.find(PEOPLE[number]["source_id"])
            if one.people["birth"].tolist() != [PEOPLE[number]["birth"]]:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(nth,)) for nth in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []


def test_a_reader_knows_when_its_store_was_replaced(store, write_store):
    reader = open_reader(store.root)
    assert reader.unmoved
    other = write_store({"lab": [], "condition": []}, persons=PEOPLE[:1])
    store.root.rename(store.root.with_suffix(".old"))
    assert not reader.unmoved
    other.root.rename(store.root)
    assert not reader.unmoved
    assert open_reader(store.root).unmoved
    shutil.rmtree(store.root)


def test_where_there_is_no_store_that_is_said(tmp_path):
    with pytest.raises(DataError, match="stratify land"):
        open_reader(tmp_path)


def test_a_row_that_lacks_a_number_it_must_have_is_named_without_its_value():
    rows = {"person": np.zeros(2), "day": np.array([1.0, np.nan]), "code": np.array(["x", None], dtype=object)}
    with pytest.raises(DataError, match="a row without `day`"):
        HeldSlice("drug", rows).ints("day")


def test_in_a_store_of_several_buckets_each_person_is_read_from_their_own(store, monkeypatch):
    monkeypatch.setattr("stratify.store.layout.PEOPLE_PER_BUCKET", 5)  # of the ten people its manifest tells of
    assert store.buckets == 2
    for domain in ("lab", "stay", "condition"):
        whole = store.root / domain / "bucket=000.parquet"
        for bucket in (1, 0):
            part = f"SELECT * FROM read_parquet('{whole}') WHERE person % 2 = {bucket}"
            duckdb.execute(f"CREATE OR REPLACE TEMP TABLE part AS {part}")
            duckdb.execute(f"COPY part TO '{store.root / domain}/bucket={bucket:03d}.parquet' (FORMAT parquet)")
    reader = open_reader(store.root)
    for one in PEOPLE:
        found = reader.find(one["source_id"])
        assert found.events["lab"]["value"].tolist() == pytest.approx(
            [np.nan if row["value"] is None else row["value"] for row in LAB if row["person"] == one["person"]],
            nan_ok=True,
        )
    assert len(reader.find("b").events["stay"]["day"]) == 2
