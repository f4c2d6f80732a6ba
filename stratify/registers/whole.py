"""Why an extract is refused as a whole: what its tables lack, and how much of them is unreadable."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from stratify.errors import DataError
from stratify.registers.check import HEADER, reasons
from stratify.registers.declare import Column, Table
from stratify.registers.read import NOT_A_LINE, Raw
from stratify.registers.values import NUMERIC

MAX_UNREADABLE_SHARE = 0.05  # of a table's rows; above it the extract is refused


def table_problems(raws: Mapping[str, Raw], declared: Mapping[str, Table]) -> dict[str, list[str]]:
    """Return by table what speaks against it before a row is read: a table, column or type that is not there."""
    problems: dict[str, list[str]] = {}
    for name, table in declared.items():
        if name in raws:
            found = [p for column in table.column for p in _column_problems(name, column, raws[name])]
        elif table.required:
            found = [f"{name}: required table, not in the extract"]
        else:
            wants = [key for key, other in declared.items() if key in raws and other.needs == name]
            found = [f"{name}: missing, though {key}, which needs it, is there" for key in wants]
        if found:
            problems[name] = found
    return problems


def _column_problems(name: str, column: Column, raw: Raw) -> list[str]:
    found: list[str] = []
    where = f"{name}.{column.name}"
    for file, columns in raw.files.items():
        kind = columns.get(column.name) if not raw.header_rows else raw.columns.get(column.name)
        at = f" in {file}" if len(raw.files) > 1 else ""
        if kind is None:
            if column.required:
                found.append(f"{where}: required column, missing{at}; there are {', '.join(sorted(columns))}")
        elif column.keep_zeros and kind.startswith(NUMERIC):
            found.append(f"{where}: must be text, got {kind}{at}: a number has lost its leading zeros")
        elif kind.startswith("TIMESTAMP WITH TIME ZONE"):
            found.append(f"{where}: has a time zone{at}; deliver local time without one")
    return found


def unreadable_problem(con: duckdb.DuckDBPyConnection, raw: Raw) -> str | None:
    """Return why a table is refused: more of it is unreadable than can be borne."""
    counted = reasons(con, raw)
    unreadable = {
        reason: rows
        for reason, rows in counted.items()
        if reason == NOT_A_LINE or reason.startswith(("unreadable", "unknown"))
    }
    rows = raw.rows + raw.unreadable_lines - counted.get(HEADER, 0)
    if not rows or sum(unreadable.values()) / rows <= MAX_UNREADABLE_SHARE:
        return None
    told = ", ".join(f"{reason} ({n})" for reason, n in sorted(unreadable.items()))
    return (
        f"{raw.name}: {sum(unreadable.values())} of {rows} rows unreadable, "
        f"at most {MAX_UNREADABLE_SHARE:.0%} can be borne: {told}"
    )


def raise_if(problems: list[str]) -> None:
    """Raise one DataError that lists every problem of the extract."""
    if problems:
        raise DataError(f"the extract is refused as a whole, {len(problems)} problem(s):", problems)
