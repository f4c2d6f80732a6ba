"""Whether the last months covered hold as much as the same months a year before, or the extract was cut.

A label says "not admitted" where no contact is found. In months that were cut off it would say so of everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import duckdb

from stratify.disclosure import words
from stratify.registers.declare import Table
from stratify.registers.read import Raw

MONTHS = 3  # counted back from the last day covered
LEAST_ROWS = 50  # of the year before: below, half may be chance
ADVICE = "if the extract ends before, set covers_to in delivery.json to its last complete day"

_MONTHS = f"""
WITH months AS (SELECT CAST($until - to_months(i + 1) AS DATE) AS since, CAST($until - to_months(i) AS DATE) AS until
                FROM range({MONTHS}) AS t(i)),
counted AS (
    SELECT care, since, until, string_agg(DISTINCT name, ', ' ORDER BY name) AS names,
           count(*) FILTER (day >= since) AS now,
           count(*) FILTER (day < since) AS before
    FROM months JOIN ({{days}}) AS events
      ON day >= since AND day < until
         OR day >= CAST(since - to_years(1) AS DATE) AND day < CAST(until - to_years(1) AS DATE)
    GROUP BY care, since, until)
SELECT names, care, since, until, now, before FROM counted
WHERE before >= {LEAST_ROWS} AND 2 * now < before ORDER BY ALL
"""


def cut_contacts(con: duckdb.DuckDBPyConnection, contact_days: str, covers_to: date) -> list[str]:
    """Return the months in which too few contacts started for a label to rest on, each as a problem."""
    return [
        f"{names}: {words(now)} {care} contacts started {since} to {last}, {words(before)} the year before; {ADVICE}"
        for names, care, since, last, now, before in _thin(con, contact_days, covers_to)
    ]


def cut_tables(
    con: duckdb.DuckDBPyConnection, declared: Mapping[str, Table], raws: Mapping[str, Raw], covers_to: date
) -> list[str]:
    """Return the months in which too few rows of a table happened, each as a note."""
    found: list[str] = []
    for name, table in declared.items():
        if name not in raws or table.clock is None:
            continue
        occurred = next(c for c in table.column if c.name == table.clock.occurred)
        if occurred.type == "int":  # a year
            continue
        days = f"SELECT '{name}' AS name, '' AS care, CAST({occurred.name} AS DATE) AS day FROM {name}"
        found += [
            f"{names}: {words(now)} rows {since} to {last}, {words(before)} the year before; {ADVICE}"
            for names, _, since, last, now, before in _thin(con, days, covers_to)
        ]
    return found


def _thin(con: duckdb.DuckDBPyConnection, days: str, covers_to: date) -> list[tuple[str, str, date, date, int, int]]:
    rows = con.execute(_MONTHS.format(days=days), {"until": covers_to + timedelta(days=1)}).fetchall()
    return [
        (names, care, since, until - timedelta(days=1), now, before) for names, care, since, until, now, before in rows
    ]
