"""Names that a delivery may use for its columns, whatever the checks call theirs."""

from datetime import date

import duckdb

from stratify.registers import danish
from stratify.registers.check import check_rows
from stratify.registers.declare import tables
from stratify.registers.read import open_extract


def test_a_delivered_column_may_have_any_name(tmp_path):
    """Also one that DuckDB, or our own SQL, has a use for."""
    table = tables(danish.source().tables)["sssy"]
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT '0101010001' AS pnr, '800110' AS speciale, '1901' AS honuge, 7 AS rowid, 'x' AS told, "
            f"'y' AS delivered, 'z' AS read_honuge) TO '{tmp_path}/sssy.parquet'"
        )
        raw = open_extract(con, tmp_path, {"sssy": table}, tmp_path).tables["sssy"]
        check_rows(con, table, raw, date(2025, 1, 1))
        assert con.execute("SELECT row_, honuge FROM checked_sssy").fetchall() == [(1, date(2018, 12, 31))]


def test_a_delivered_column_called_as_our_row_number_hides_no_repetition(tmp_path):
    table = tables(danish.source().tables)["sssy"]
    row = "SELECT '0101010001' AS pnr, '800110' AS speciale, '1901' AS honuge, 7 AS row_"
    given = "".join(f", '1' AS {name}" for name in table.once_with if name not in ("pnr", "speciale", "honuge"))
    with duckdb.connect() as con:
        con.execute(f"COPY ({row}{given} UNION ALL {row}{given}) TO '{tmp_path}/sssy.parquet'")
        raw = open_extract(con, tmp_path, {"sssy": table}, tmp_path).tables["sssy"]
        check_rows(con, table, raw, date(2025, 1, 1))
        found = con.execute("SELECT row_, reason FROM checked_sssy ORDER BY row_").fetchall()
    assert found == [(1, None), (2, "the same row again")]
