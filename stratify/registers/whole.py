"""Why an extract is refused as a whole: what its tables lack, and how much of them is unreadable."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from stratify.errors import DataError
from stratify.registers.check import AGAIN, DUPLICATE, HEADER, UNKNOWN_PERSON, reasons
from stratify.registers.declare import NO_PARENT, Column, Table
from stratify.registers.read import Raw
from stratify.registers.values import NUMERIC

MAX_UNREADABLE_SHARE = 0.05  # of a table's rows; above it the extract is refused
READABLE = {DUPLICATE, AGAIN, UNKNOWN_PERSON, NO_PARENT, HEADER}  # refused, though nothing is wrong with the row itself


def table_problems(raws: Mapping[str, Raw], declared: Mapping[str, Table]) -> dict[str, list[str]]:
    """Return by table what speaks against it before a row is read: a table, column or type that is not there."""
    problems: dict[str, list[str]] = {}
    for name, table in declared.items():
        if name in raws:
            found = [p for column in table.column for p in _column_problems(table, column, raws[name])]
            found += _superseded_problems(table, raws)
            if table.required and not table.may_be_empty and is_empty(raws[name]):
                found.append(f"{name}: required table, is empty")
        elif table.required:
            found = [f"{name}: required table, not in the extract"]
        else:
            wants = [key for key, other in declared.items() if key in raws and other.needs == name]
            found = [f"{name}: missing, though {key}, which needs it, is there" for key in wants]
        if found:
            problems[name] = found
    return problems


def is_empty(raw: Raw) -> bool:
    """Return whether a table that is there has no row."""
    return raw.rows + raw.unreadable_lines == raw.header_rows


def _superseded_problems(table: Table, raws: Mapping[str, Raw]) -> list[str]:
    beside: dict[str, list[str]] = {}
    for rule in table.superseded:
        if rule.by in raws and not is_empty(raws[rule.by]) and rule.column not in raws[table.name].columns:
            beside.setdefault(rule.column, []).append(rule.by)
    return [
        f"{table.name}.{column}: required column beside {' and '.join(names)}, missing; contacts in both count twice"
        for column, names in beside.items()
    ]


def _column_problems(table: Table, column: Column, raw: Raw) -> list[str]:
    found: list[str] = []
    where = f"{table.name}.{column.name}"
    declared = {c.name for c in table.column}
    for file, columns in raw.files.items():
        kind = columns.get(column.name) if not raw.header_rows else raw.columns.get(column.name)
        at = f" in {file}" if len(raw.files) > 1 else ""
        if kind is None:
            if column.required:
                there = ", ".join(sorted(declared & set(columns)))  # a line without titles holds a person's values
                told = f"there are {there}" if there else "its first line names none of them"
                found.append(f"{where}: required column, missing{at}; {told}")
        elif column.keep_zeros and kind.startswith(NUMERIC):
            found.append(f"{where}: must be text, got {kind}{at}: a number has lost its leading zeros")
        elif kind.startswith("TIMESTAMP WITH TIME ZONE"):
            found.append(f"{where}: has a time zone{at}; deliver local time without one")
    return found


def unreadable_problem(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw) -> str | None:
    """Return why a table is refused: more of its rows cannot be used than can be borne."""
    readable = READABLE | {rule.reason for rule in table.superseded} | {rule.reason for rule in table.excluded}
    counted = reasons(con, raw)
    unreadable = {reason: rows for reason, rows in counted.items() if reason not in readable}
    rows = raw.rows + raw.unreadable_lines - counted.get(HEADER, 0)
    if not rows or sum(unreadable.values()) / rows <= MAX_UNREADABLE_SHARE:
        return None
    told = ", ".join(f"{reason} ({n})" for reason, n in sorted(unreadable.items()))
    return (
        f"{raw.name}: {sum(unreadable.values())} of {rows} rows unusable, "
        f"at most {MAX_UNREADABLE_SHARE:.0%} can be borne: {told}"
    )


def raise_if(problems: list[str]) -> None:
    """Raise one DataError that lists every problem of the extract."""
    if problems:
        raise DataError(f"the extract is refused as a whole, {len(problems)} problem(s):", problems)
