"""Where the tables of an extract lie, whatever its form: Parquet or CSV, one file or one per year, or a DuckDB file.

Names of tables and columns are compared in lower case. A CSV is read as text, so no leading zero is lost; a line that
is no line of the table is not dropped but handed on as refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from stratify.errors import DataError

ENDINGS = (".parquet", ".csv")
NOT_A_LINE = "line not readable as CSV"


@dataclass(frozen=True)
class Raw:
    """A table as delivered, in a DuckDB table `raw_<name>` with a column `row_` that numbers its rows."""

    name: str
    columns: dict[str, str]  # lower-case name: DuckDB type
    unreadable_lines: int = 0
    header_rows: int = 0  # header lines that stand as data


def open_extract(con: duckdb.DuckDBPyConnection, data: Path, names: Iterable[str]) -> dict[str, Raw]:
    """Return the extract's tables among `names`, each copied into `con`.

    Raises DataError when `data` is neither a folder nor a DuckDB file, or a file cannot be read at all.
    """
    if data.is_dir():
        found = _files(data, list(names))
        return {name: _from_files(con, name, paths) for name, paths in sorted(found.items())}
    if data.is_file() and data.suffix in (".duckdb", ".db"):
        return _from_duckdb(con, data, set(names))
    raise DataError(f"--data needs a folder of Parquet or CSV files, or a .duckdb file, got {data}")


def _files(folder: Path, names: list[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS):
        stem = re.sub(r"_?(19|20)\d\d$", "", path.stem.lower())
        for name in names:
            if stem in (name, name.rstrip("_")) or path.parent.name.lower() == name:
                found.setdefault(name, []).append(path)
    return found


def _from_files(con: duckdb.DuckDBPyConnection, name: str, paths: list[Path]) -> Raw:
    endings = {path.suffix.lower() for path in paths}
    if len(endings) > 1:
        raise DataError(f"{name}: delivered both as Parquet and as CSV; keep one of them")
    files = [str(path) for path in paths]
    if endings == {".parquet"}:
        return _copy(con, name, "read_parquet(?, union_by_name = true)", [files])
    parts = [_csv(name, path) for path in paths]
    raw = _copy(con, name, "(" + " UNION ALL BY NAME ".join(parts) + ")", [])
    lines = con.execute(f"SELECT count(DISTINCT (scan_id, file_id, line)) FROM rejected_{name}").fetchone()
    return Raw(name, raw.columns, lines[0] if lines else 0, raw.header_rows)


def _csv(name: str, path: Path) -> str:
    """The SQL that reads one CSV as text, its columns named by its own first line, unreadable lines set aside."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        header = stream.readline()
    delimiter = max(",;\t|", key=header.count)
    titles = next(csv.reader([header], delimiter=delimiter), [])
    if not titles or len(set(titles)) < len(titles) or not all(titles):
        raise DataError(f"{name}: {path.name}: its first line must name each column once")
    columns = ", ".join(f"{_quoted(title)}: 'VARCHAR'" for title in titles)
    return (
        f"SELECT * FROM read_csv({_quoted(str(path))}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {_quoted(delimiter)}, quote = '\"', escape = '\"', ignore_errors = true, "
        f"rejects_table = 'rejected_{name}', rejects_scan = 'rejected_{name}_scan')"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _from_duckdb(con: duckdb.DuckDBPyConnection, data: Path, names: set[str]) -> dict[str, Raw]:
    try:
        con.execute(f"ATTACH {_quoted(str(data))} AS extract (READ_ONLY)")
    except duckdb.Error as error:
        raise DataError(f"{data.name}: not a DuckDB file that this version opens") from error
    rows = con.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'extract' ORDER BY ALL"
    ).fetchall()
    return {
        table.lower(): _copy(con, table.lower(), f'extract."{schema}"."{table}"', [])
        for schema, table in rows
        if table.lower() in names
    }


def _copy(con: duckdb.DuckDBPyConnection, name: str, source: str, parameters: list[object]) -> Raw:
    try:
        con.execute(f"CREATE TEMP TABLE raw_{name} AS SELECT row_number() OVER () AS row_, * FROM {source}", parameters)
    except duckdb.Error as error:
        raise DataError(f"{name}: cannot be read at all; is each of its files a whole Parquet or CSV file?") from error
    header_rows = _name_headless(con, name)
    for column in _columns(con, name):
        if column != column.lower():
            con.execute(f'ALTER TABLE raw_{name} RENAME COLUMN "{column}" TO "{column.lower()}"')
    return Raw(name, {c: t for c, t in _columns(con, name).items() if c != "row_"}, header_rows=header_rows)


def _name_headless(con: duckdb.DuckDBPyConnection, name: str) -> int:
    """Name the columns of a table whose header line stands as its first row of data; return how many such rows.

    Some tools write an empty table's header as a row under the names column0, column1 and so on.
    """
    columns = [column for column in _columns(con, name) if column != "row_"]
    if not columns or not all(re.fullmatch(r"column\d+", column.lower()) for column in columns):
        return 0
    first = con.execute(f"SELECT * EXCLUDE (row_) FROM raw_{name} ORDER BY row_ LIMIT 1").fetchone()
    if first is None or not all(isinstance(v, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", v) for v in first):
        return 0
    for column, title in zip(columns, first, strict=True):
        con.execute(f'ALTER TABLE raw_{name} RENAME COLUMN "{column}" TO "{title.lower()}"')
    return 1


def _columns(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    rows = con.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position",
        [f"raw_{name}"],
    ).fetchall()
    return dict(rows)
