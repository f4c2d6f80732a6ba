"""The SQL that reads one delivered value by its declaration: NULL where it is empty or cannot be read."""

from __future__ import annotations

from stratify.registers.declare import Column
from stratify.registers.read import Raw

INTEGERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip
FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
NUMERIC = INTEGERS + FRACTIONS
DATES = "DATE '1850-01-01'", "DATE '2199-12-31'"  # a day outside is no day of a register but a filler
_TYPES = {"text": "VARCHAR", "date": "DATE", "datetime": "TIMESTAMP", "int": "BIGINT", "float": "DOUBLE"}
_MOMENT = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"


def duck_type(column: Column) -> str:
    """Return the DuckDB type of a declared column."""
    return _TYPES[column.type]


def text_sql(column: Column, raw: Raw) -> str:
    """Return a value as text, NULL where it is empty; a whole number that came as a fraction loses its `.0`."""
    kind = raw.columns.get(column.name)
    if kind is None:
        return "CAST(NULL AS VARCHAR)"
    text = f'CAST("{column.name}" AS VARCHAR)'
    if kind in ("FLOAT", "DOUBLE"):
        text = f"CASE WHEN NOT isnan(\"{column.name}\") THEN regexp_replace({text}, '\\.0$', '') END"
    return f"nullif(trim({text}), '')"


def typed_sql(column: Column, raw: Raw) -> str:
    """Return a value in its declared type, NULL where it cannot be read."""
    text = text_sql(column, raw)
    kind = raw.columns.get(column.name, "")
    if column.type == "text":
        return text
    if column.type == "float":
        number = f"TRY_CAST(replace({text}, ',', '.') AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    if column.type == "int":
        whole = f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+(\\.0+)?') THEN split_part({text}, '.', 1) END"
        number = f"TRY_CAST({whole} AS BIGINT)"
        limits = [f"{number} >= {column.least}"] if column.least is not None else []
        limits += [f"{number} <= {column.most}"] if column.most is not None else []
        return f"CASE WHEN {' AND '.join(limits)} THEN {number} END" if limits else number
    if kind.startswith(("DATE", "TIMESTAMP")):
        moment = f'TRY_CAST("{column.name}" AS {duck_type(column)})'
    else:
        compact = f"concat_ws('-', substr({text}, 1, 4), substr({text}, 5, 2), substr({text}, 7, 2))"
        moment = (
            f"CAST(CASE WHEN regexp_full_match({text}, '{_MOMENT}') THEN TRY_CAST({text} AS TIMESTAMP) "
            f"WHEN regexp_full_match({text}, '\\d{{8}}') THEN TRY_CAST({compact} AS TIMESTAMP) END "
            f"AS {duck_type(column)})"
        )
    return f"CASE WHEN CAST({moment} AS DATE) BETWEEN {DATES[0]} AND {DATES[1]} THEN {moment} END"
