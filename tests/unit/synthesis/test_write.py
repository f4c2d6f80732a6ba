"""Writing: plain types, missing values, and texts without a Python string per row."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.synthesis.write import ROW_GROUP, Tables, dates, digits, moments, people_column, words, write_parquet


def test_words_come_from_the_vocabulary_and_negative_is_missing():
    column = words(np.array([1, 0, -1, 1]), ["a", "b"])
    assert column.to_pylist() == ["b", "a", None, "b"]


def test_a_text_named_twice_stands_once_in_the_column():
    column = words(np.array([0, 1, 2]), ["mmol/L", "mg/L", "mmol/L"])
    assert column.to_pylist() == ["mmol/L", "mg/L", "mmol/L"]
    assert column.dictionary.to_pylist() == ["mmol/L", "mg/L"]


def test_digits_keep_leading_zeros():
    assert digits(np.array([0, 7, 123_456]), 6).to_pylist() == ["000000", "000007", "123456"]
    assert digits(np.zeros(0, np.int64), 6).to_pylist() == []


def test_people_are_named_by_their_pseudonym():
    pnr = pa.array(["000", "001", "002", "003"])
    column = people_column(pnr, np.array([1, 1, 3]))
    assert column.to_pylist() == ["001", "001", "003"]
    assert column.dictionary.to_pylist() == ["001", "003"]
    assert people_column(pnr, np.zeros(0, int)).to_pylist() == []


def test_days_and_minutes_become_dates_and_times():
    assert [str(day) for day in dates(np.array([0, 17_930])).to_pylist()] == ["1970-01-01", "2019-02-03"]
    column = moments(np.array([17_930 * 1440 + 61, 5]), np.array([False, True]))
    assert [str(moment) for moment in column.to_pylist()] == ["2019-02-03 01:01:00", "None"]


def test_a_reader_sees_plain_types(tmp_path):
    path = tmp_path / "t.parquet"
    write_parquet(path, pa.table({"text": words(np.array([0, 1]), ["a", "b"]), "day": dates(np.array([1, 2]))}))
    schema = pq.read_schema(path)
    assert schema.field("text").type == pa.string()
    assert schema.field("day").type == pa.date32()
    assert schema.metadata is None


def test_tables_count_their_rows_and_write_a_file_for_each_year_and_shard(tmp_path):
    first, second = Tables(tmp_path, 0), Tables(tmp_path, 12)
    first.write("dod", {"pnr": pa.array(["1", "2"])}, 2020)
    first.write_table("dod", pa.table({"pnr": ["3"]}), 2021)
    first.write("tolk", {"pnr": pa.array(["1"])})
    second.write("dod", {"pnr": pa.array([], pa.string())}, 2020)
    assert (first.rows, second.rows) == ({"dod": 3, "tolk": 1}, {"dod": 0})
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet"))
    assert found == [
        "dod/dod_2020_00.parquet", "dod/dod_2020_12.parquet", "dod/dod_2021_00.parquet", "tolk/tolk_00.parquet",
    ]  # fmt: skip
    assert pq.read_table(tmp_path / "dod/dod_2021_00.parquet").to_pydict() == {"pnr": ["3"]}


def test_the_same_rows_are_the_same_bytes(tmp_path):
    table = pa.table({"n": pa.array(np.arange(1000))})
    for name in ("a", "b"):
        write_parquet(tmp_path / name, table)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_rows_are_written_in_groups_of_a_fixed_size(tmp_path):
    path = tmp_path / "t.parquet"
    write_parquet(path, pa.table({"n": np.arange(ROW_GROUP + 1)}))
    found = pq.ParquetFile(path).metadata
    assert [found.row_group(group).num_rows for group in range(found.num_row_groups)] == [ROW_GROUP, 1]


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(FileNotFoundError):
        Tables(tmp_path / "nowhere", 0).write("bef", {"pnr": pa.array(["1"])}, 2020)
