"""What happened outside the time a person was under observation: it is kept, as their past, and told."""

from __future__ import annotations

import duckdb

from stratify.disclosure import words
from stratify.registers.declare import tables


def outside_periods(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a note for each carried table that has rows outside their person's observation periods."""
    notes = []
    for name, table in tables("omop").items():
        if table.clock is None or table.person is None or not table.carried or name == "death":
            continue
        day = f"CAST(e.{table.clock.occurred} AS DATE)"
        outside, rows = con.execute(
            f"SELECT count(*) FILTER (NOT EXISTS (SELECT 1 FROM observation_period AS o "
            f"WHERE o.person_id = e.{table.person} AND {day} >= o.observation_period_start_date "
            f"AND {day} <= o.observation_period_end_date)), count(*) FROM {name} AS e WHERE {table.carries or 'true'}"
        ).fetchone() or (0, 0)
        if outside:
            notes.append(f"{name}: {words(outside)} of {words(rows)} rows lie outside their person's observation; kept")
    return notes
