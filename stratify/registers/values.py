"""The SQL that reads one delivered value by its declaration: NULL where it is empty or cannot be read.

A week (YYWW, as 1901) is read as its Monday and a month (YYYYMM, as 201903) as its first day, so that nothing seems to
have happened later than it did. From when on its row was known is for the SQL of its domain to say.
"""

from __future__ import annotations

from stratify.registers.declare import Column
from stratify.registers.read import Raw

INTEGERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip
EXACT = {"FLOAT": 2**24, "DOUBLE": 2**53}  # below, a fraction holds every whole number
FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
NUMERIC = INTEGERS + FRACTIONS
DATES = "DATE '1850-01-01'", "DATE '2199-12-31'"  # a day outside is no day of a register but a filler
_TYPES = {"text": "VARCHAR", "datetime": "TIMESTAMP", "int": "BIGINT", "float": "DOUBLE"}
CENTURY = 60  # weeks of the years 60-99 are of the 1900s: registers by the week begin in 1990
_MOMENT = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_MONTH = r"\d{4}-?\d{2}"


def duck_type(column: Column) -> str:
    """Return the DuckDB type of a declared column."""
    return _TYPES.get(column.type, "DATE")


def text_sql(column: Column, raw: Raw) -> str:
    """Return a value as text, NULL where it is empty; a whole number that came as a fraction loses its `.0`.

    One beyond what a fraction holds exactly may be any of several numbers: as a text it is none.
    """
    kind = raw.columns.get(column.name)
    if kind is None:
        return "CAST(NULL AS VARCHAR)"
    text = f'CAST("{column.name}" AS VARCHAR)'
    if kind in INTEGERS or kind.startswith(("DATE", "TIMESTAMP")):
        return text
    if kind in ("FLOAT", "DOUBLE"):
        exact = f'abs("{column.name}") < {EXACT[kind]}' if column.type == "text" else f'NOT isnan("{column.name}")'
        text = f"CASE WHEN {exact} THEN regexp_replace({text}, '\\.0$', '') END"
    return f"nullif(trim({text}), '')"


def given_sql(column: Column, raw: Raw) -> str:
    """Return whether something stands there, readable or not."""
    kind = raw.columns.get(column.name)
    if kind is None:
        return "false"
    if kind in INTEGERS or kind.startswith(("DATE", "TIMESTAMP")):
        return f'"{column.name}" IS NOT NULL'
    if kind in EXACT and column.type != "text":
        return f'("{column.name}" IS NOT NULL AND NOT isnan("{column.name}"))'
    return f"{text_sql(column, raw)} IS NOT NULL"


def typed_sql(column: Column, raw: Raw) -> str:
    """Return a value in its declared type, NULL where it cannot be read."""
    text = text_sql(column, raw)
    kind = raw.columns.get(column.name, "")
    if column.type == "text":
        return text
    if column.type == "float":
        number = f"TRY_CAST(replace({text}, ',', '.') AS DOUBLE)"
        if kind in INTEGERS or kind in ("FLOAT", "DOUBLE"):
            number = f'CAST("{column.name}" AS DOUBLE)'
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    if column.type == "int":
        return _whole(column, text, kind)
    if column.type == "week":
        day = _monday(text, kind)
    elif kind.startswith(("DATE", "TIMESTAMP")):
        day = f'TRY_CAST("{column.name}" AS {duck_type(column)})'
    elif column.type == "month":
        day = f"CASE WHEN regexp_full_match({text}, '{_MONTH}') THEN {_date(text, '01')} END"
    else:
        eight = _date(text, f"substr({text}, 7, 2)")
        day = (
            f"CAST(CASE WHEN regexp_full_match({text}, '{_MOMENT}') THEN TRY_CAST({text} AS TIMESTAMP) "
            f"WHEN regexp_full_match({text}, '\\d{{8}}') THEN {eight} END AS {duck_type(column)})"
        )
    if column.type == "month":
        day = f"CAST(date_trunc('month', {day}) AS DATE)"
    return f"CASE WHEN CAST({day} AS DATE) BETWEEN {DATES[0]} AND {DATES[1]} THEN {day} END"


def _whole(column: Column, text: str, kind: str) -> str:
    whole = f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+(\\.0+)?') THEN split_part({text}, '.', 1) END"
    number = f"TRY_CAST({whole} AS BIGINT)" if kind not in INTEGERS else f'TRY_CAST("{column.name}" AS BIGINT)'
    limits = [f"{number} >= {column.least}"] if column.least is not None else []
    limits += [f"{number} <= {column.most}"] if column.most is not None else []
    return f"CASE WHEN {' AND '.join(limits)} THEN {number} END" if limits else number


def _date(text: str, day: str) -> str:
    """The day of a text that begins YYYYMM, NULL where no calendar has it."""
    compact = f"replace({text}, '-', '')"
    return f"TRY_CAST(concat(substr({compact}, 1, 4), '-', substr({compact}, 5, 2), '-', {day}) AS DATE)"


def _monday(text: str, kind: str) -> str:
    """The Monday of an ISO week YYWW, NULL where its year has no such week. As a number it has lost leading zeros."""
    digits, four = (r"\d{1,4}", f"lpad({text}, 4, '0')") if kind.startswith(NUMERIC) else (r"\d{4}", text)
    in_century, week = (f"TRY_CAST(substr({four}, {at}, 2) AS INTEGER)" for at in (1, 3))
    year = f"({in_century} + CASE WHEN {in_century} >= {CENTURY} THEN 1900 ELSE 2000 END)"
    first = f"CAST(date_trunc('week', make_date({year}, 1, 4)) AS DATE)"  # 4 January lies in week 1
    monday = f"({first} + 7 * ({week} - 1))"
    is_week = f"regexp_full_match({text}, '{digits}') AND {week} >= 1 AND year({monday} + 3) = {year}"
    return f"CASE WHEN {is_week} THEN {monday} END"
