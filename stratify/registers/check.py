"""Each row of an extract read by its declaration: it lands, or it is refused with the reason. Nothing is skipped.

Makes `checked_<name>` (typed columns, `row_`, `reason`) of every row of a table, and a view `<name>` of what lands.
Rows in = rows landed + rows refused, for every table; of one that is not carried, rows left + rows refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import duckdb

from stratify.registers.declare import Column, Superseded, Table
from stratify.registers.read import NOT_A_LINE, Raw, quoted
from stratify.registers.values import duck_type, given_sql, typed_sql

UNKNOWN_PERSON = "event of an unknown person"
DUPLICATE = "duplicate key"
AGAIN = "the same row again"
TOO_LATE = "after the day of delivery"
HEADER = "header row standing as data"
ENDS_EARLY = "ends before it starts"


@dataclass
class Count:
    """What became of a table's rows."""

    rows_in: int
    landed: int
    refused: int
    reasons: dict[str, int] = field(default_factory=dict)
    left: int = 0  # rows that are checked and not carried into the store

    def as_dict(self) -> dict[str, object]:
        """Return the counts for a manifest; `left` where there are such rows."""
        told = {"rows_in": self.rows_in, "landed": self.landed, "refused": self.refused, "reasons": self.reasons}
        return told | ({"left": self.left} if self.left else {})


def check_rows(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw | None, last_day: date) -> None:
    """Make `checked_<name>`: every row with its typed columns and the reason it cannot land, if there is one.

    Nothing can have happened after `last_day`, the day of delivery.
    """
    if raw is None:
        typed = ", ".join(f"CAST(NULL AS {duck_type(c)}) AS {c.name}" for c in table.column)
        con.execute(
            f"CREATE TABLE checked_{table.name} AS "
            f"SELECT CAST(NULL AS BIGINT) AS row_, CAST(NULL AS VARCHAR) AS reason, {typed} WHERE false"
        )
        return
    apart = [c for c in table.column if _read_apart(c, raw)]
    value = {c.name: f"read_{c.name}.told" if c in apart else typed_sql(c, raw) for c in table.column}
    typed = ", ".join(f"{value[c.name]} AS {c.name}, {given_sql(c, raw)} AS given_{c.name}" for c in table.column)
    read = "".join(
        f' LEFT JOIN (SELECT "{c.name}" AS delivered, {typed_sql(c, raw)} AS told FROM (SELECT DISTINCT "{c.name}" '
        f"FROM raw_{table.name}) AS different) AS read_{c.name} "
        f'ON raw_{table.name}."{c.name}" = read_{c.name}.delivered'
        for c in apart
    )
    header = f"WHEN row_ = 1 THEN '{HEADER}' " if raw.header_rows else ""
    con.execute(
        f"CREATE TABLE checked_{table.name} AS "
        f"SELECT row_, CASE {header}{' '.join(_cases(table, last_day))} END AS reason, "
        f"{', '.join(c.name for c in table.column)} FROM (SELECT row_, {typed} FROM raw_{table.name}{read}) AS typed"
    )
    for rule in table.superseded:
        _refuse(con, table.name, rule.reason, _superseded(con, table, rule))
    if table.once and raw.columns.keys() >= set(table.once_with):
        _refuse_again(con, table.name, ", ".join(f'"{name}"' for name in raw.columns))
    if table.key:
        key = ", ".join(table.key)
        _refuse(
            con,
            table.name,
            DUPLICATE,
            f"row_ IN (SELECT row_ FROM (SELECT row_, row_number() OVER (PARTITION BY {key} ORDER BY row_) AS nth "
            f"FROM checked_{table.name} WHERE reason IS NULL) AS numbered WHERE nth > 1)",
        )


def check_links(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Refuse the rows of people the extract does not know, and those whose parent row did not land."""
    if table.person:
        _refuse(con, table.name, UNKNOWN_PERSON, f"{table.person} NOT IN (SELECT source_id FROM person_ids)")
    if table.parent:
        parent = table.parent
        ours, theirs = parent.column, parent.key
        if parent.years:
            ours, theirs = f"({ours}, {parent.years[0]})", f"({theirs}, year({parent.years[1]}))"
        keys = f"SELECT {theirs} FROM checked_{parent.table} WHERE reason IS NULL AND {parent.key} IS NOT NULL"
        _refuse(con, table.name, parent.reason, f"{ours} NOT IN ({keys})")
    con.execute(
        f"CREATE TEMP VIEW {table.name} AS SELECT * EXCLUDE (reason) FROM checked_{table.name} WHERE reason IS NULL"
    )


def reasons(con: duckdb.DuckDBPyConnection, raw: Raw) -> dict[str, int]:
    """Return how many rows of a table are refused so far, by reason."""
    found = con.execute(
        f"SELECT reason, count(*) FROM checked_{raw.name} WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason"
    ).fetchall()
    return dict(found) | ({NOT_A_LINE: raw.unreadable_lines} if raw.unreadable_lines else {})


def count(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw) -> Count:
    """Return what became of the rows of a table."""
    row = con.execute(f"SELECT count(*) FROM checked_{raw.name} WHERE reason IS NULL").fetchone()
    good = int(row[0]) if row else 0
    why = reasons(con, raw)
    rows_in = raw.rows + raw.unreadable_lines
    refused = rows_in - good
    if refused != sum(why.values()):
        raise AssertionError(f"{raw.name}: {rows_in} rows in, {good} good, {sum(why.values())} refused")
    landed = good if table.carried else 0
    if table.carried and table.carries:
        kept = con.execute(f"SELECT count(*) FROM {table.name} WHERE {table.carries}").fetchone()
        landed = int(kept[0]) if kept else 0
    return Count(rows_in, landed, refused, why, left=good - landed)


def _refuse(con: duckdb.DuckDBPyConnection, name: str, reason: str, rows: str) -> None:
    con.execute(f"UPDATE checked_{name} SET reason = ? WHERE reason IS NULL AND {rows}", [reason])


def _refuse_again(con: duckdb.DuckDBPyConnection, name: str, columns: str) -> None:
    """Refuse rows that repeat an earlier one in all of these columns.

    They are looked for among those of which another has the same hash: few, which spares sorting them all.
    """
    con.execute(f"CREATE TABLE alike AS SELECT hash({columns}) AS of FROM raw_{name} GROUP BY ALL HAVING count(*) > 1")
    if con.execute("SELECT 1 FROM alike LIMIT 1").fetchone():
        few = f"SELECT * FROM raw_{name} WHERE hash({columns}) IN (SELECT of FROM alike)"
        nth = f"row_number() OVER (PARTITION BY {columns} ORDER BY row_)"
        _refuse(con, name, AGAIN, f"row_ IN (SELECT row_ FROM (SELECT row_, {nth} AS nth FROM ({few})) WHERE nth > 1)")
    con.execute("DROP TABLE alike")


def _superseded(con: duckdb.DuckDBPyConnection, table: Table, rule: Superseded) -> str:
    """The rows that stand in another table too: those on the days that one covers."""
    if table.clock is None:
        raise AssertionError(f"{table.name} declares no clock")
    days = f"SELECT min({rule.by_day}), max({rule.by_day}) FROM checked_{rule.by} WHERE reason IS NULL"
    first, last = con.execute(days).fetchone() or (None, None)
    if first is None:
        return "false"
    return f"({rule.where}) AND CAST({table.clock.occurred} AS DATE) BETWEEN DATE '{first}' AND DATE '{last}'"


def _read_apart(column: Column, raw: Raw) -> bool:
    """Whether each different value is read once, and not row by row: there are few days, and they are dear to read."""
    kind = raw.columns.get(column.name)
    written = kind is not None and not kind.startswith(("DATE", "TIMESTAMP"))
    return column.type in ("week", "month", "date") and written


def _cases(table: Table, last_day: date) -> list[str]:
    cases = [f"WHEN NOT given_{c.name} THEN '{c.filled}'" for c in table.column if c.filled]
    cases += [
        f"WHEN given_{c.name} AND {c.name} IS NULL THEN 'unreadable {c.type} in {c.name}'"
        for c in table.column
        if c.type != "text"
    ]
    cases += [
        f"WHEN {c.name} IS NOT NULL AND NOT {_matches(c)} THEN '{c.pattern_reason} in {c.name}'"
        for c in table.column
        if c.pattern
    ]
    if table.clock:
        cases += [
            f"WHEN CAST({c.name} AS DATE) > DATE '{last_day}' THEN '{TOO_LATE}'"
            for c in table.column
            if c.type in ("date", "datetime", "week", "month")
        ]
        years = [c.name for c in table.column if c.type == "int" and c.name == table.clock.occurred]
        cases += [f"WHEN {year} > {last_day.year} THEN '{TOO_LATE}'" for year in years]
    if table.interval:
        start, end = table.interval
        cases.append(f"WHEN {end} < {start} THEN '{ENDS_EARLY}'")
    cases += [f"WHEN {rule.where} THEN {quoted(rule.reason)}" for rule in table.excluded]
    return cases or ["WHEN false THEN ''"]


def _matches(column: Column) -> str:
    matches = f"regexp_full_match({column.name}, '{column.pattern}')"
    if column.looser is None:
        return matches
    other = column.looser  # a pattern chosen row by row would be compiled row by row
    loosely = f"regexp_full_match({column.name}, '{other.pattern}')"
    return f"CASE WHEN {other.column} = '{other.value}' THEN {loosely} ELSE {matches} END"
