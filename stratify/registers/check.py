"""Each row of an extract read by its declaration: it lands, or it is refused with the reason. Nothing is skipped.

Makes a table `<name>` of the rows that land (typed columns, `row_`) and a table `refused_<name>` (row, reason, the row
as delivered), and counts both. Rows in = rows landed + rows refused, for every table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from stratify.errors import DataError
from stratify.registers.declare import Column, Table
from stratify.registers.read import NOT_A_LINE, Raw

MAX_UNREADABLE_SHARE = 0.05  # of a table's rows; above it the extract is refused as a whole
UNKNOWN_PERSON = "event of an unknown person"
NO_PARENT = "the contact it belongs to did not land"
DUPLICATE = "duplicate key"
HEADER = "header row standing as data"
ENDS_EARLY = "ends before it starts"
_DATE = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_NUMERIC = ("INTEGER", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL")


@dataclass
class Count:
    """What became of a table's rows."""

    rows_in: int
    landed: int
    refused: int
    reasons: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return the counts for a manifest."""
        return {"rows_in": self.rows_in, "landed": self.landed, "refused": self.refused, "reasons": self.reasons}


def whole_extract_problems(raws: Mapping[str, Raw], declared: Mapping[str, Table]) -> list[str]:
    """Return every reason to refuse the extract before a row is read: tables, columns and types that are not there."""
    problems: list[str] = []
    for name, table in declared.items():
        if name not in raws:
            if table.required:
                problems.append(f"{name}: required table, not in the extract")
            elif any(other.needs == name for key, other in declared.items() if key in raws):
                problems.append(f"{name}: missing, though the table that needs it is there")
            continue
        have = raws[name].columns
        for column in table.column:
            if column.required and column.name not in have:
                problems.append(f"{name}.{column.name}: required column, got columns {', '.join(sorted(have))}")
            elif column.keep_zeros and have.get(column.name, "").startswith(_NUMERIC):
                problems.append(
                    f"{name}.{column.name}: must be text, got {have[column.name]}: a number has lost its leading zeros"
                )
    if not any(name in raws for name in declared):
        problems.append(f"no table of this source found; expected some of {', '.join(declared)}")
    return problems


def check_rows(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw | None, landed: Mapping[str, Raw]) -> None:
    """Make `checked_<name>`: every row with its typed columns and the reason it cannot land, if there is one."""
    if raw is None:
        typed = ", ".join(f"CAST(NULL AS {_duck(c)}) AS {c.name}" for c in table.column)
        con.execute(
            f"CREATE TEMP TABLE checked_{table.name} AS "
            f"SELECT CAST(NULL AS BIGINT) AS row_, CAST(NULL AS VARCHAR) AS reason, {typed} WHERE false"
        )
        return
    texts = {c.name: _text(c.name) if c.name in raw.columns else "CAST(NULL AS VARCHAR)" for c in table.column}
    typed = ", ".join(f"{_typed(c, raw, texts[c.name])} AS {c.name}" for c in table.column)
    con.execute(
        f"CREATE TEMP TABLE typed_{table.name} AS SELECT row_, {typed}, "
        + ", ".join(f"{texts[c.name]} AS text_{c.name}" for c in table.column)
        + f" FROM raw_{table.name}"
    )
    con.execute(
        f"CREATE TEMP TABLE checked_{table.name} AS SELECT row_, CASE "
        + (f"WHEN row_ = 1 THEN '{HEADER}' " if raw.header_rows else "")
        + " ".join(_reasons(table, landed))
        + f" ELSE NULL END AS reason, {', '.join(c.name for c in table.column)} FROM typed_{table.name}"
    )
    con.execute(f"DROP TABLE typed_{table.name}")
    if table.key:
        key = ", ".join(table.key)
        _refuse(
            con,
            table.name,
            DUPLICATE,
            f"SELECT row_ FROM (SELECT row_, row_number() OVER (PARTITION BY {key} ORDER BY row_) AS nth "
            f"FROM checked_{table.name} WHERE reason IS NULL) WHERE nth > 1",
        )


def check_links(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Refuse the rows of people the extract does not know, and those whose parent row did not land."""
    if table.person:
        _refuse(
            con,
            table.name,
            UNKNOWN_PERSON,
            f"SELECT row_ FROM checked_{table.name} WHERE reason IS NULL AND {table.person} NOT IN "
            "(SELECT source_id FROM person_ids)",
        )
    if table.parent:
        parent = table.parent
        _refuse(
            con,
            table.name,
            NO_PARENT,
            f"SELECT row_ FROM checked_{table.name} WHERE reason IS NULL AND {parent.column} NOT IN "
            f"(SELECT {parent.key} FROM checked_{parent.table} WHERE reason IS NULL)",
        )
    con.execute(
        f"CREATE TEMP VIEW {table.name} AS SELECT * EXCLUDE (reason) FROM checked_{table.name} WHERE reason IS NULL"
    )


def count(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw) -> Count:
    """Return what became of the rows of a table."""
    found = con.execute(
        f"SELECT reason, count(*) FROM checked_{table.name} GROUP BY reason ORDER BY reason NULLS FIRST"
    ).fetchall()
    reasons = {reason: rows for reason, rows in found if reason is not None}
    if raw.unreadable_lines:
        reasons[NOT_A_LINE] = raw.unreadable_lines
    landed = sum(rows for reason, rows in found if reason is None)
    refused = sum(reasons.values())
    delivered = con.execute(f"SELECT count(*) FROM raw_{table.name}").fetchone()
    rows_in = (delivered[0] if delivered else 0) + raw.unreadable_lines
    if rows_in != landed + refused:
        raise AssertionError(f"{table.name}: {rows_in} rows in, {landed} landed, {refused} refused")
    return Count(rows_in, landed, refused, reasons)


def unreadable_problem(name: str, counted: Count) -> str | None:
    """Return why a table is refused as a whole: more of it unreadable than is declared to be bearable."""
    unreadable = sum(
        n
        for reason, n in counted.reasons.items()
        if reason == NOT_A_LINE or reason.startswith(("unreadable", "unknown"))
    )
    rows = counted.rows_in - counted.reasons.get(HEADER, 0)
    if rows and unreadable / rows > MAX_UNREADABLE_SHARE:
        told = ", ".join(f"{reason} ({n})" for reason, n in sorted(counted.reasons.items()))
        return f"{name}: {unreadable} of {rows} rows unreadable, at most {MAX_UNREADABLE_SHARE:.0%} borne: {told}"
    return None


def raise_if(problems: list[str]) -> None:
    """Raise one DataError that lists every problem of the extract."""
    if problems:
        raise DataError(f"the extract is refused as a whole, {len(problems)} problem(s):", problems)


def _refuse(con: duckdb.DuckDBPyConnection, name: str, reason: str, rows: str) -> None:
    con.execute(f"UPDATE checked_{name} SET reason = ? WHERE row_ IN ({rows})", [reason])


def _reasons(table: Table, landed: Mapping[str, Raw]) -> list[str]:
    cases = [f"WHEN text_{c.name} IS NULL THEN '{c.filled}'" for c in table.column if c.filled]
    cases += [
        f"WHEN text_{c.name} IS NOT NULL AND {c.name} IS NULL THEN 'unreadable {c.type} in {c.name}'"
        for c in table.column
        if c.type != "text"
    ]
    cases += [
        f"WHEN {c.name} IS NOT NULL AND NOT regexp_full_match({c.name}, {_pattern(c)}) "
        f"THEN '{c.pattern_reason} in {c.name}'"
        for c in table.column
        if c.pattern
    ]
    if table.superseded and table.superseded.by in landed:
        rule = table.superseded
        cases.append(f"WHEN {rule.column} = '{rule.value}' THEN '{rule.reason}'")
    if table.interval:
        start, end = table.interval
        cases.append(f"WHEN {end} < {start} THEN '{ENDS_EARLY}'")
    return cases or ["WHEN false THEN ''"]


def _pattern(column: Column) -> str:
    if column.looser is None:
        return f"'{column.pattern}'"
    other = column.looser
    return f"CASE WHEN {other.column} = '{other.value}' THEN '{other.pattern}' ELSE '{column.pattern}' END"


def _text(column: str) -> str:
    return f"nullif(trim(CAST(\"{column}\" AS VARCHAR)), '')"


def _duck(column: Column) -> str:
    return {"text": "VARCHAR", "date": "DATE", "datetime": "TIMESTAMP", "int": "BIGINT", "float": "DOUBLE"}[column.type]


def _typed(column: Column, raw: Raw, text: str) -> str:
    kind = raw.columns.get(column.name, "")
    if column.type == "text" or column.name not in raw.columns:
        return f"CAST({text} AS {_duck(column)})"
    native = (
        kind.startswith(("DATE", "TIMESTAMP")) if column.type in ("date", "datetime") else kind.startswith(_NUMERIC)
    )
    if native:
        return f'TRY_CAST("{column.name}" AS {_duck(column)})'
    if column.type in ("date", "datetime"):
        compact = f"concat_ws('-', substr({text}, 1, 4), substr({text}, 5, 2), substr({text}, 7, 2))"
        return (
            f"CAST(CASE WHEN regexp_full_match({text}, '{_DATE}') THEN TRY_CAST({text} AS TIMESTAMP) "
            f"WHEN regexp_full_match({text}, '\\d{{8}}') THEN TRY_CAST({compact} AS TIMESTAMP) END AS {_duck(column)})"
        )
    return f"TRY_CAST(TRY_CAST(replace({text}, ',', '.') AS DOUBLE) AS {_duck(column)})"
