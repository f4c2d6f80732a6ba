"""The digest of a bucket's rows: the same for the same rows in any order, and for no others."""

import json

import duckdb
import pytest

from stratify.store.content import Content, digests, link, read_earlier, writer

COLUMNS = {"person": "INTEGER", "day": "INTEGER", "code": "VARCHAR", "kind": "VARCHAR", "value": "DOUBLE"}
ROWS = [(0, 1, "a", None, 1.5), (0, 2, None, "a", None), (2, 3, "", None, 0.0), (1, 9, "b", "b", 2.0)]


def told(rows, buckets=2):
    with duckdb.connect() as con:
        con.execute(f"CREATE TEMP TABLE landing ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        con.executemany("INSERT INTO landing VALUES (?, ?, ?, ?, ?)", rows)
        return digests(con, ", ".join(COLUMNS), buckets)


def test_order_does_not_matter_and_each_bucket_is_told_apart():
    assert told(ROWS) == told(ROWS[::-1])
    assert told(ROWS)[0] != told(ROWS)[1]
    assert told(ROWS, 4)[3] == "0:0"


@pytest.mark.parametrize(
    "row",
    [
        (0, 1, None, "a", 1.5),  # the same values in other columns
        (0, 1, "a", "a", 1.5),
        (0, 1, "a", "", 1.5),  # empty is not missing
        (1, 0, "a", None, 1.5),
        (0, 1, "a", None, None),
        (0, 1, "A", None, 1.5),
    ],
)
def test_any_other_row_is_told(row):
    assert told([row, *ROWS[1:]])[0] != told(ROWS)[0]


def test_a_row_more_or_less_is_told_though_it_is_a_copy():
    assert len({told([ROWS[0]] * times)[0] for times in range(1, 5)}) == 4


def test_nothing_is_taken_from_a_store_of_another_number_of_buckets_or_another_writer(tmp_path):
    assert read_earlier(tmp_path).domains == {}
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {}}))
    (tmp_path / "content.json").write_text(json.dumps({"writer": writer(), "domains": {"lab": ["1:a", "0:0"]}}))
    earlier = read_earlier(tmp_path)
    assert earlier.domains == {"lab": ["1:a", "0:0"]}
    content = Content(3, [earlier])
    assert not content.taken("lab", 0, "1:a", tmp_path)
    content = Content(2, [earlier])
    assert not content.taken("lab", 0, "1:a", tmp_path)  # its file is gone
    assert content.rewritten == {"lab": [0]}
    (tmp_path / "content.json").write_text(json.dumps({"writer": "another", "domains": {"lab": ["1:a", "0:0"]}}))
    assert read_earlier(tmp_path).domains == {}


def test_a_disk_without_links_gets_a_copy(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError("no links here")

    (tmp_path / "a").write_text("told")
    monkeypatch.setattr("stratify.store.content.os.link", refuse)
    link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "told"
