"""Landing SQL as Spark reads it: one text for both engines, of functions known to answer alike in both.

The SQL is written in DuckDB's dialect and sqlglot puts it into Spark's. What sqlglot cannot tell: DuckDB counts the
minutes that begin between two moments, Spark those that pass, so 10:00:30 to 10:01:00 is one and none. A function that
is not on the list is refused, since it may be taken over by name and mean something else: `date_trunc`, `isfinite`,
`hash`, `to_hours`, `concat` of numbers are such.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from stratify.errors import UsageError

NEEDS = "--engine spark needs pyspark and sqlglot: pip install 'stratify-multimorbidity[spark]', and Java 17 or newer"

# as sqlglot calls them; each is in the SQL of a source and in the test that compares both engines row by row
ALIKE = frozenset({
    "ABS", "AND", "ARG_MAX", "CASE", "CAST", "COALESCE", "DATEDIFF", "DATE_FROM_PARTS", "FIRST_VALUE", "GREATEST", "IF",
    "LAG", "LAST_DAY", "LAST_VALUE", "LEAD", "LEAST", "LOGICAL_OR", "LOWER", "MAX", "MIN", "NULLIF", "OR",
    "REGEXP_EXTRACT", "REGEXP_LIKE", "REGEXP_REPLACE", "REPLACE", "ROW_NUMBER", "SUBSTRING", "SUM", "TRIM", "TRY_CAST",
    "UPPER", "YEAR",
})  # fmt: skip


class NotPortableError(ValueError):
    """SQL that one of the engines does not have, or may read otherwise; a fault of ours, which a test finds first."""


@cache
def to_spark(sql: str) -> str:
    """Return SQL of DuckDB as SQL of Spark; NotPortableError for what cannot be told to mean the same there."""
    glot, exp = _sqlglot()
    tree = glot.parse_one(sql, read="duckdb")
    unknown = sorted({_name(node) for node in tree.find_all(exp.Func)} - ALIKE)
    if unknown:
        raise NotPortableError(f"not known to answer alike in DuckDB and Spark: {', '.join(unknown)}")
    tree = tree.transform(_minutes)
    for node in tree.walk():
        node.comments = None
    try:
        return str(tree.sql(dialect="spark", identify=True, unsupported_level=glot.ErrorLevel.RAISE))
    except glot.UnsupportedError as error:
        raise NotPortableError(f"Spark has no such SQL: {error}") from error


@cache
def tables_of(sql: str) -> frozenset[str]:
    """Return the tables and views that SQL of DuckDB reads, without those it names itself."""
    glot, exp = _sqlglot()
    tree = glot.parse_one(sql, read="duckdb")
    own = {named.alias for named in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table)) - own


def _name(node: Any) -> str:
    name: str = node.name if type(node).__name__ == "Anonymous" else node.sql_name()
    return name.upper()


def _minutes(node: Any) -> Any:
    """Put minutes between two moments as whole days, hours and minutes, which both engines tell alike."""
    _, exp = _sqlglot()
    if not isinstance(node, exp.DateDiff) or node.text("unit").upper() != "MINUTE":
        return node
    until, since = node.this, node.expression
    days = exp.DateDiff(
        this=exp.cast(until.copy(), "date"), expression=exp.cast(since.copy(), "date"), unit=exp.var("DAY")
    )
    told = exp.cast(days, "bigint") * 1440
    for part, size in ((exp.Hour, 60), (exp.Minute, 1)):
        told = told + exp.paren(part(this=until.copy()) - part(this=since.copy())) * size
    return exp.paren(told)


def _sqlglot() -> tuple[Any, Any]:
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError:
        raise UsageError(NEEDS) from None
    return sqlglot, exp
