"""A target's example records as the tables a measure reads: the catalogue's examples run as they stand.

Records are written by hand, with dates and times: `period` and `delivered` always; the tables as lists of rows. A row
of `stay` says person, start, end, care, and where they differ from the usual acute = true, admission = true,
first = "", last = first, code = "". Nobody need be named twice: `population` and `persons` are everybody in the records
unless they say otherwise. `known` says of a person on which day a contact made the condition known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Target
from stratify.quality.columns import Tables
from stratify.quality.indicator import Result, measure
from stratify.quality.members import Always, Members

_EPOCH = date(1970, 1, 1)
_ROWS = {
    "stay": {"person", "start", "end", "care", "acute", "admission", "first", "last", "code"},
    "residence": {"person", "start", "end"},
    "persons": {"person", "death"},
    "known": {"person", "day"},
}
_PLAIN = {  # tables whose rows have a day, and what else
    "contact": ("person", "care", "setting"),
    "lab": ("person", "code", "value", "comparator"),
    "drug": ("person", "code"),
    "service": ("person", "code"),
    "coercion": ("person", "code"),
    "listed": ("person", "unit"),
    "choice": ("person", "choice"),
    "answer": ("person", "question", "value"),
}
_ROWS = {**_ROWS, **{table: {"day", *names} for table, names in _PLAIN.items()}}


class Written(NamedTuple):
    """What `measure` takes, after the target."""

    tables: Tables
    population: Members
    period_start: int
    period_end: int
    delivered: int


def run(target: Target, records: Mapping[str, Any]) -> Result:
    """Return what a target counts in these records."""
    return measure(target, *tables_from_words(records))


def tables_from_words(records: Mapping[str, Any]) -> Written:
    """Return the tables of records written by hand. Raises ValueError for a word that is not one of theirs."""
    strangers = set(records) - {*_ROWS, "period", "delivered", "population"}
    strangers |= {
        f"{table}.{key}" for table in _ROWS for row in records.get(table, ()) for key in row.keys() - _ROWS[table]
    }
    if strangers:
        raise ValueError(f"example records have no {', '.join(sorted(strangers))}")
    rows = {table: list(records.get(table, ())) for table in _ROWS}
    everybody = sorted({row["person"] for table in rows.values() for row in table})
    persons = {row["person"]: row for row in rows["persons"]}
    tables: dict[str, dict[str, NDArray[Any]]] = {
        "stay": _stays(rows["stay"]),
        **{
            table: _columns(
                {name: [row.get(name) for row in rows[table]] for name in names},
                day=[_day(row["day"]) for row in rows[table]],
            )
            for table, names in _PLAIN.items()
        },
        "persons": _columns(
            {"person": everybody}, death=[_day(persons.get(one, {}).get("death")) for one in everybody]
        ),
    }
    if rows["residence"]:
        tables["residence"] = _columns(
            {"person": [row["person"] for row in rows["residence"]]},
            start=[_day(row["start"]) for row in rows["residence"]],
            end=[_day(row.get("end")) for row in rows["residence"]],
        )
    start, end = (_known_day(one) for one in records["period"])
    population = np.array(records.get("population", everybody), dtype=np.int64)
    known = {row["person"]: _known_day(row["day"]) for row in rows["known"]}
    return Written(tables, Always(population, known), start, end, _known_day(records["delivered"]))


def _stays(rows: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    return _columns(
        {
            "person": [row["person"] for row in rows],
            "care": [row["care"] for row in rows],
            "acute": [None if row.get("acute", True) == "unknown" else row.get("acute", True) for row in rows],
            "admission": [row.get("admission", True) for row in rows],
            "unit_first": [row.get("first", "") for row in rows],
            "unit_last": [row.get("last", row.get("first", "")) for row in rows],
            "first_code": [row.get("code", "") for row in rows],
            "start_min": [_minute(row["start"]) for row in rows],
            "end_min": [_minute(row.get("end")) for row in rows],
        },
        day=[_day(row["start"]) for row in rows],
        end_day=[_day(row.get("end")) for row in rows],
    )


def _columns(plain: Mapping[str, list[Any]], **days: list[int | None]) -> dict[str, NDArray[Any]]:
    return {name: np.array(values, dtype=object) for name, values in {**plain, **days}.items()}


def _day(value: date | datetime | None) -> int | None:
    return None if value is None else _known_day(value)


def _known_day(value: date | datetime) -> int:
    return ((value.date() if isinstance(value, datetime) else value) - _EPOCH).days


def _minute(value: datetime | None) -> int | None:
    if value is None:
        return None
    return _known_day(value) * 1440 + value.hour * 60 + value.minute
