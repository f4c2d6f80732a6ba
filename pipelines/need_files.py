"""The files of need against activity: all that is told as JSON, every cell of it as Parquet and for a Danish Excel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stratify.danish_csv import write_danish
from stratify.files import write_json

TEXTS = ("part", "table", "period", "level", "label", "by", "group", "hour", "week")
WHOLES = ("count", "denominator")
FIGURES = ("expected", "value", "low", "high", "lower95", "upper95", "lower998", "upper998")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        *((name, pa.int64()) for name in WHOLES),
        *((name, pa.float64()) for name in FIGURES),
        ("outside", pa.int64()),
        ("hidden", pa.bool_()),
    ]
)
WORDS = {
    "part": "del", "table": "tabel", "period": "periode", "level": "niveau", "label": "enhed", "by": "inddeling",
    "group": "gruppe", "hour": "time", "week": "ugedel", "count": "antal", "denominator": "nævner",
    "expected": "forventet", "value": "værdi", "low": "nedre_95", "high": "øvre_95", "lower95": "tragt_nedre_95",
    "upper95": "tragt_øvre_95", "lower998": "tragt_nedre_99,8", "upper998": "tragt_øvre_99,8",
    "outside": "uden_for_tragt", "hidden": "skjult",
}  # fmt: skip
OWN = {*TEXTS, *WHOLES, *FIGURES, "outside", "hidden", "minimum", "below_minimum", "per_year"}


def write_need(out: Path, told: Mapping[str, Any]) -> None:
    """Write need.json, and every cell as cells.parquet and need.csv."""
    write_json(out / "need.json", told)
    rows = list(rows_of(told))
    columns = {name: [row[name] for row in rows] for name in SCHEMA.names}
    pq.write_table(pa.table(columns, schema=SCHEMA), out / "cells.parquet", compression="zstd")
    write_danish(out / "need.csv", WORDS, rows)


def rows_of(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every cell of every table, a row each, with what the table has no column for left empty."""
    for key, part in told["parts"].items():
        for path, columns in _tables(part["told"], ()):
            years = [one for one in path if one in part["period"]]
            period = years[0] if years else "-".join(part["period"][:1])
            name = ".".join(one for one in path if one not in years)
            yield from _rows(key, name, period, columns)


def _tables(told: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, list[Any]]]]:
    if not isinstance(told, Mapping):
        return
    for key, value in told.items():
        if key == "columns":
            yield path, value
        else:
            yield from _tables(value, (*path, str(key)))


def _rows(part: str, table: str, period: str, columns: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Yield a table's rows. Cuts that only some tables have stand as `by` and `group`, joined where there are two."""
    cuts = [name for name in columns if name not in OWN]
    for at in range(len(columns["hidden"])):
        row: dict[str, Any] = dict.fromkeys(SCHEMA.names)
        row |= {"part": part, "table": table, "period": period, "by": "", "group": "", "hour": "", "week": ""}
        row |= {name: columns[name][at] for name in SCHEMA.names if name in columns}
        named = {"group": row["group"]} if row["group"] else {}
        named |= {name: columns[name][at] for name in cuts}
        row |= {"by": "/".join(named), "group": "/".join(str(one) for one in named.values())}
        if "per_year" in columns:
            row["value"] = columns["per_year"][at]
        yield row | {"label": row["label"] if row["label"] is not None else ""}
