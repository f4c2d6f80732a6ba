"""Views of register tables: lower-case columns whatever the files say, each column once."""

import duckdb
import pyarrow as pa
import pytest

from pipelines.synthesis.views import attach_registers
from pipelines.synthesis.write import write_parquet
from stratify.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """A folder with a name that must be quoted, and a table whose files name their columns in two ways."""
    root = tmp_path / "it's here"
    for year, names in ((2015, ["pnr", "hænd_mdr"]), (2016, ["PNR", "HÆND_MDR"]), (2017, ["pnr", "hænd_mdr"])):
        (root / "aefv").mkdir(parents=True, exist_ok=True)
        table = pa.table({names[0]: ["1"], names[1]: [f"{year}01"]})
        write_parquet(root / "aefv" / f"aefv_{year}_00.parquet", table)
    (root / "empty").mkdir()
    (root / "delivery.json").write_text("{}")
    return root


def test_columns_are_in_lower_case_each_once(folder):
    con = duckdb.connect()
    assert attach_registers(con, folder) == ("aefv",)
    assert [row[0] for row in con.execute("DESCRIBE aefv").fetchall()] == ["pnr", "hænd_mdr"]
    assert con.execute("SELECT list(hænd_mdr ORDER BY hænd_mdr) FROM aefv").fetchone()[0] == [
        "201501",
        "201601",
        "201701",
    ]


def test_a_folder_without_tables_is_told(tmp_path):
    with pytest.raises(DataError, match="no register table here"):
        attach_registers(duckdb.connect(), tmp_path)
