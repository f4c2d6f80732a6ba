"""Weeks and months as registers write them, held against Python's calendar."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from stratify.registers.declare import Column
from stratify.registers.read import Raw
from stratify.registers.values import given_sql, typed_sql


def read(column_type: str, kind: str, values: list[object]) -> list[object]:
    """Return delivered values of a DuckDB type as the declaration reads them."""
    column, raw = Column(name="x", type=column_type), Raw("t", {"x": kind}, {}, 0)  # type: ignore[arg-type]
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t (row_ INTEGER, x {kind})")
        con.executemany("INSERT INTO t VALUES (?, ?)", [[n, value] for n, value in enumerate(values)])
        return [value for (value,) in con.execute(f"SELECT {typed_sql(column, raw)} FROM t ORDER BY row_").fetchall()]


def every_week() -> list[tuple[str, date]]:
    """Return YYWW and Monday of each ISO week from 1990 to 2040."""
    monday, weeks = date(1990, 1, 1), []
    while (iso := monday.isocalendar()).year <= 2040:
        weeks.append((f"{iso.year % 100:02}{iso.week:02}", monday))
        monday += timedelta(days=7)
    return weeks


def test_a_week_is_its_monday_in_each_year_there_is():
    weeks = every_week()
    assert ("0453", date(2004, 12, 27)) in weeks
    assert ("0901", date(2008, 12, 29)) in weeks
    assert read("week", "VARCHAR", [text for text, _ in weeks]) == [monday for _, monday in weeks]


@pytest.mark.parametrize("kind", ["SMALLINT", "BIGINT", "DOUBLE"])
def test_a_week_delivered_as_a_number_has_lost_its_zeros_and_is_read_all_the_same(kind):
    weeks = every_week()
    assert read("week", kind, [int(text) for text, _ in weeks]) == [monday for _, monday in weeks]


@pytest.mark.parametrize("text", ["1900", "1953", "1954", "901", "19-01", "201901", "2019W01", "uge 1", "", "  "])
def test_what_is_no_week_is_not_read(text):
    assert read("week", "VARCHAR", [text]) == [None]


@pytest.mark.parametrize("number", [-901, 12345, 1953, 0])
def test_a_number_that_is_no_week_is_not_read(number):
    assert read("week", "INTEGER", [number]) == [None]


@pytest.mark.parametrize("kind, value", [("VARCHAR", "201903"), ("VARCHAR", "2019-03"), ("INTEGER", 201903),
                                         ("DOUBLE", 201903.0), ("DATE", date(2019, 3, 17)),
                                         ("TIMESTAMP", date(2019, 3, 17))])  # fmt: skip
def test_a_month_is_its_first_day(kind, value):
    assert read("month", kind, [value]) == [date(2019, 3, 1)]


@pytest.mark.parametrize("text", ["201913", "201900", "1903", "20193", "marts", "180001", ""])
def test_what_is_no_month_is_not_read(text):
    assert read("month", "VARCHAR", [text]) == [None]


@pytest.mark.parametrize(
    "kind, value, given",
    [("VARCHAR", " ", False), ("VARCHAR", "x", True), ("DOUBLE", float("nan"), False), ("DOUBLE", 1.5, True),
     ("DATE", None, False), ("DATE", date(9999, 12, 31), True), ("SMALLINT", None, False), ("SMALLINT", 0, True)],
)  # fmt: skip
def test_something_stands_there_though_it_may_not_be_readable(kind, value, given):
    raw = Raw("t", {"x": kind}, {}, 0)
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t (x {kind})")
        con.execute("INSERT INTO t VALUES (?)", [value])
        assert con.execute(f"SELECT {given_sql(Column(name='x', type='date'), raw)} FROM t").fetchone() == (given,)
    assert given_sql(Column(name="y", type="date"), raw) == "false"


def test_a_whole_number_out_of_bounds_is_not_read_whatever_its_type():
    huge = Raw("t", {"x": "HUGEINT"}, {}, 0)
    column = Column(name="x", type="int", least=0, most=100)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT unnest([-1, 0, 100, 101, 10::HUGEINT ** 30]) AS x")
        con.execute("CREATE OR REPLACE TABLE t AS SELECT x::HUGEINT AS x FROM t")
        found = con.execute(f"SELECT {typed_sql(column, huge)} FROM t ORDER BY x").fetchall()
    assert [value for (value,) in found] == [None, 0, 100, None, None]


def test_fractions_that_are_no_number_are_not_read():
    assert read("float", "DOUBLE", [1.5, float("nan"), float("inf"), None]) == [1.5, None, None, None]
    assert read("float", "FLOAT", [1.5]) == [1.5]
    assert read("float", "DECIMAL(6,2)", [1.25]) == [1.25]
    assert read("float", "VARCHAR", ["1,5", "1.5", "x"]) == [1.5, 1.5, None]
    assert read("float", "SMALLINT", [3]) == [3.0]
