"""Events of a chart as the store's columns: sorted as the store sorts them, all known on the day they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from stratify.store.layout import DOMAINS
from stratify.store.records import Columns

KINDS = {"INTEGER": np.float64, "BIGINT": np.float64, "DOUBLE": np.float64}


def columns_of(domain: str, rows: Iterable[Mapping[str, Any]]) -> Columns:
    """Return rows of a domain as its columns; what a row does not tell is missing.

    `day` is in every row, and `known` is the same day: a chart is read as it stands now.
    """
    names = [name for name in DOMAINS[domain] if name != "known"]
    told = sorted((tuple(row.get(name) for name in names) for row in rows), key=_order)
    found: Columns = {"person": np.zeros(len(told), dtype=np.int32)}
    for place, name in enumerate(names):
        column, kind = [row[place] for row in told], DOMAINS[domain][name]
        if name == "day":
            found["day"] = found["known"] = np.array(column, dtype=np.int32)
        elif kind in KINDS:
            found[name] = np.array([np.nan if one is None else one for one in column], dtype=np.float64)
        else:
            found[name] = np.array([*column, None], dtype=object)[
                :-1
            ]  # one more, or texts of one length are no objects
    return found


def _order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """By each column in turn, what is missing last, as DuckDB orders."""
    return tuple((value is None, 0 if value is None else value) for value in row)
