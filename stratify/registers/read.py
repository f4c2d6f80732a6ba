"""Where the tables of an extract lie, whatever its form: Parquet or CSV, one file or one per year, or a DuckDB file.

Names of tables and columns are compared in lower case, Danish letters too. A CSV is read as text, so no leading zero is
lost; a line that is no line of the table is not dropped but handed on as refused (table `lines_<name>`: line,
delivered).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import duckdb

from stratify.errors import DataError
from stratify.registers.csv_lines import CsvFile, open_csv

ENDINGS = (".parquet", ".csv")
NOT_A_LINE = "line not readable as CSV"
NOT_PERMITTED = "may not be read: permission denied"
_HEADLESS = re.compile(r"column\d+", re.IGNORECASE)
_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_YEAR_AND_PART = re.compile(r"(_?(19|20)\d\d)?(_\d\d)?$")  # at the end of a file's name
Only = Mapping[str, Collection[str]]  # of these tables these columns alone are read


@dataclass(frozen=True)
class Raw:
    """A table as delivered, in a DuckDB view `raw_<name>` with a column `row_` that numbers its rows."""

    name: str
    columns: Mapping[str, str]  # lower-case name: DuckDB type, over all files
    files: Mapping[str, Mapping[str, str]]  # the same of each file
    rows: int
    unreadable_lines: int = 0
    header_rows: int = 0  # header lines that stand as data


@dataclass
class Extract:
    """The tables found, why others could not be read, and what was left where it is."""

    tables: dict[str, Raw] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def open_extract(
    con: duckdb.DuckDBPyConnection, data: Path, names: Iterable[str], copies: Path, only: Only | None = None
) -> Extract:
    """Return the extract's tables among `names`, each copied into `con`; `copies` is a folder for what must be mended.

    Raises DataError when `data` is neither a folder nor a DuckDB file.
    """
    if data.is_dir():
        return _from_folder(con, data, list(names), copies, only or {})
    if data.is_file() and data.suffix in (".duckdb", ".db"):
        return _from_duckdb(con, data, set(names), only or {})
    raise DataError(f"--data needs a folder of Parquet or CSV files, or a .duckdb file, got {data}")


def let_go(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop a table as delivered, once nothing asks for it."""
    con.execute(f"DROP VIEW raw_{name}")
    con.execute(f"DROP TABLE delivered_{name}")


def quoted(text: object) -> str:
    """Return a text or path as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def _from_folder(con: duckdb.DuckDBPyConnection, folder: Path, names: list[str], copies: Path, only: Only) -> Extract:
    extract = Extract()
    found: dict[str, list[Path]] = {}
    left: list[str] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS):
        stem = _YEAR_AND_PART.sub("", path.stem.lower())
        name = next((n for n in names if stem in (n, n.rstrip("_")) or path.parent.name.lower() == n), None)
        if name is None:
            left.append(path.relative_to(folder).as_posix())
        else:
            found.setdefault(name, []).append(path)
    for name, paths in sorted(found.items()):
        endings = {path.suffix.lower() for path in paths}
        if len(endings) > 1:
            extract.problems.append(f"{name}: delivered both as Parquet and as CSV; keep one of them")
            continue
        read = _from_csv if endings == {".csv"} else _from_parquet
        raw = read(con, name, paths, copies, extract.problems, only.get(name))
        if raw is not None:
            extract.tables[name] = raw
    if left:
        extract.notes.append(f"{len(left)} files of other tables not read: {', '.join(left)}")
    return extract


def _from_parquet(
    con: duckdb.DuckDBPyConnection,
    name: str,
    paths: list[Path],
    copies: Path,
    problems: list[str],
    only: Collection[str] | None,
) -> Raw | None:
    del copies
    files: dict[str, Mapping[str, str]] = {}
    written: dict[Path, tuple[tuple[str, str], ...]] = {}
    for path in paths:
        try:
            columns = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [[str(path)]]).fetchall()
        except duckdb.Error as error:
            problems.append(f"{name}: {path.name}: {_why(error, 'not a whole Parquet file')}")
            continue
        written[path] = tuple((column, kind) for column, kind, *_ in columns)
        files[path.name] = {column.lower(): kind for column, kind in written[path]}
    if len(written) < len(paths):
        return None
    alike = [([column for column, _ in schema], list(group)) for schema, group in groupby(paths, written.__getitem__)]
    selects = (f"SELECT {_lower(titles, only)} FROM read_parquet(?)" for titles, _ in alike)
    parameters: list[object] = [[str(path) for path in group] for _, group in alike]
    return _copy(con, name, f"({' UNION ALL BY NAME '.join(selects)})", parameters, files, problems)


def _lower(titles: Sequence[str], only: Collection[str] | None) -> str:
    """The select list that gives columns their lower-case names: DuckDB holds HÆND_MDR and hænd_mdr for two."""
    kept = [title for title in titles if only is None or title.lower() in only] or titles
    return ", ".join(f"{_identifier(title)} AS {_identifier(title.lower())}" for title in kept)


def _identifier(title: str) -> str:
    return '"' + title.replace('"', '""') + '"'


def _from_csv(
    con: duckdb.DuckDBPyConnection,
    name: str,
    paths: list[Path],
    copies: Path,
    problems: list[str],
    only: Collection[str] | None,
) -> Raw | None:
    del only  # a line is told to be whole by all its columns
    opened = {path.name: _opened(path, copies) for path in paths}
    problems.extend(f"{name}: {file}: {why}" for file, why in opened.items() if isinstance(why, str))
    parts = {file: part for file, part in opened.items() if isinstance(part, CsvFile)}
    if len(parts) < len(paths):
        return None
    source = "(" + " UNION ALL BY NAME ".join(_select_csv(name, part) for part in parts.values()) + ")"
    files = {file: dict.fromkeys(part.titles, "VARCHAR") for file, part in parts.items()}
    raw = _copy(con, name, source, [], files, problems)
    if raw is None:
        return None
    con.execute(
        f"CREATE TABLE lines_{name} AS SELECT CAST(line AS BIGINT) AS line, min(csv_line) AS delivered "
        f"FROM rejected_{name} GROUP BY scan_id, file_id, line"
    )
    for part in parts.values():
        for line in part.broken:
            con.execute(f"INSERT INTO lines_{name} VALUES (?, ?)", list(line))
    unreadable = _number(con, f"SELECT count(*) FROM lines_{name}")
    lines = sum(part.lines for part in parts.values())
    if lines != raw.rows + unreadable:
        problems.append(f"{name}: {lines} lines of CSV, of which {raw.rows + unreadable} were told apart")
    return Raw(name, raw.columns, files, raw.rows, unreadable, raw.header_rows)


def _opened(path: Path, copies: Path) -> CsvFile | str:
    try:
        return open_csv(path, copies)
    except PermissionError:
        return NOT_PERMITTED


def _select_csv(name: str, part: CsvFile) -> str:
    columns = ", ".join(f"{quoted(title)}: 'VARCHAR'" for title in part.titles)
    return (
        f"SELECT * FROM read_csv({quoted(part.path)}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {quoted(part.delimiter)}, quote = '\"', escape = '\"', ignore_errors = true, "
        f"rejects_table = 'rejected_{name}', rejects_scan = 'rejected_{name}_scan')"
    )


def _from_duckdb(con: duckdb.DuckDBPyConnection, data: Path, names: set[str], only: Only) -> Extract:
    try:
        con.execute(f"ATTACH {quoted(data)} AS extract (READ_ONLY)")
    except duckdb.Error as error:
        raise DataError(f"{data.name}: {_why(error, 'not a DuckDB file that this version opens')}") from error
    rows = con.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'extract' ORDER BY ALL"
    ).fetchall()
    extract = Extract()
    headers_only: list[str] = []
    for schema, table in rows:
        name, source = table.lower(), f'extract."{schema}"."{table}"'
        if name in extract.tables:
            extract.problems.append(f"{name}: stands in more than one schema of {data.name}; keep one of them")
        elif name in names:
            titles = [column for column, *_ in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
            select = f"(SELECT {_lower(titles, only.get(name))} FROM {source})"
            raw = _copy(con, name, select, [], None, extract.problems)
            extract.tables |= {name: raw} if raw else {}
        elif _is_header_only(con, source):
            headers_only.append(name)
    if headers_only:
        extract.notes.append(
            f"{len(headers_only)} other tables hold nothing but their own header as a row, and count as empty: "
            + ", ".join(sorted(headers_only))
        )
    return extract


def _copy(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source: str,
    parameters: list[object],
    files: Mapping[str, Mapping[str, str]] | None,
    problems: list[str],
) -> Raw | None:
    try:
        con.execute(f"CREATE TABLE delivered_{name} AS SELECT * FROM {source}", parameters)
    except duckdb.Error as error:
        problems.append(f"{name}: {_why(error, 'its files cannot be read as one table')}")
        return None
    described = con.execute(f"DESCRIBE delivered_{name}").fetchall()
    delivered = [column for column, *_ in described]
    header = _header_as_data(con, f"(SELECT * FROM delivered_{name})", delivered)
    titles = header or delivered
    for column, title in zip(delivered, titles, strict=True):
        if column != title.lower():
            con.execute(f'ALTER TABLE delivered_{name} RENAME COLUMN "{column}" TO "{title.lower()}"')
    # DuckDB numbers a table's rows itself, for nothing, unless a column of the delivery goes by that name
    number = "row_number() OVER ()" if "rowid" in (title.lower() for title in titles) else "rowid + 1"
    con.execute(f"CREATE TEMP VIEW raw_{name} AS SELECT {number} AS row_, * FROM delivered_{name}")
    told = con.execute(f"DESCRIBE raw_{name}").fetchall()[1:]  # a delivered `row_` has another name here
    columns = {column: kind for column, kind, *_ in told}
    rows = _number(con, f"SELECT count(*) FROM raw_{name}")
    return Raw(name, columns, files or {name: columns}, rows, header_rows=int(header is not None))


def _header_as_data(con: duckdb.DuckDBPyConnection, source: str, columns: Sequence[str]) -> list[str] | None:
    """Return the header that is the first row of data, if it is: some tools write an empty table so.

    Its columns are then called column0, column1 and so on.
    """
    if not all(_HEADLESS.fullmatch(column) for column in columns):
        return None
    first = con.execute(f"SELECT * FROM {source} LIMIT 1").fetchone()
    titles = [str(value) for value in first or () if _TITLE.fullmatch(str(value))]
    return titles if len(titles) == len(columns) else None


def _is_header_only(con: duckdb.DuckDBPyConnection, source: str) -> bool:
    columns = [column for column, *_ in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    return _header_as_data(con, source, columns) is not None and _number(con, f"SELECT count(*) FROM {source}") == 1


def _why(error: duckdb.Error, else_: str) -> str:
    """Return what went wrong in words of our own: those of the error may hold a person's values."""
    told = str(error).casefold()
    if isinstance(error, duckdb.IOException) and "permission denied" in told:
        return NOT_PERMITTED
    if (isinstance(error, duckdb.IOException) and "no space left" in told) or "max_temp_directory_size" in told:
        return "the disk is full; make room for what does not fit in memory"
    if isinstance(error, duckdb.OutOfMemoryException):
        return "out of memory; set STRATIFY_MEMORY_LIMIT to what this machine can give"
    return else_


def _number(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0
