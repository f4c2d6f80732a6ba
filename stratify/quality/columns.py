"""Columns of the store's tables as plain arrays, with one mark for a value that is not there.

A column may come as a masked array, as floats with NaN, or as objects with None, depending on who read the file: all
three say the same, and the functions here take each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stratify.errors import DataError

Table = Mapping[str, NDArray[Any]]
Tables = Mapping[str, Table]


class Held(dict[str, Table]):
    """Tables that are asked the same things many times: what was worked out of them is kept."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.kept: dict[Any, Any] = {}


Found = TypeVar("Found")


def once(tables: Tables, key: Any, make: Callable[[], Found]) -> Found:
    """Return what `make` returns; of tables that are held it is made once."""
    if not isinstance(tables, Held):
        return make()
    if key not in tables.kept:
        tables.kept[key] = make()
    found: Found = tables.kept[key]
    return found


NO_DAY = np.int64(2**40)  # later than any day or minute: a day that has not come


def column(tables: Tables, table: str, name: str) -> NDArray[Any]:
    """Return a column; raises DataError naming the table and the column when it is not there."""
    if table not in tables or name not in tables[table]:
        raise DataError(f"the measure needs the column {name} of the table {table}, which is not there")
    return tables[table][name]


def present(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where a column holds a value."""
    if isinstance(values, np.ma.MaskedArray):
        there: NDArray[np.bool_] = ~np.ma.getmaskarray(values) & present(np.asarray(values))
        return there
    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values), dtype=bool)
    if values.dtype.kind == "O":
        return np.array([one is not None and one == one for one in values], dtype=bool)
    return np.ones(len(values), dtype=bool)


def days(tables: Tables, table: str, name: str) -> NDArray[np.int64]:
    """Return days or minutes as int64, NO_DAY where there is none."""
    values = column(tables, table, name)
    found = np.full(len(values), NO_DAY, dtype=np.int64)
    there = present(values)
    found[there] = np.asarray(values)[there].astype(np.int64)
    return found


def numbers(tables: Tables, table: str, name: str) -> NDArray[np.float64]:
    """Return measured values as float64, NaN where there is none."""
    values = column(tables, table, name)
    found = np.full(len(values), np.nan)
    there = present(values)
    found[there] = np.asarray(values)[there].astype(np.float64)
    return found


def flags(tables: Tables, table: str, name: str) -> NDArray[np.int8]:
    """Return 1 for yes, 0 for no, -1 where nobody has said."""
    values = column(tables, table, name)
    found = np.full(len(values), -1, dtype=np.int8)
    there = present(values)
    found[there] = np.asarray(values)[there].astype(bool)
    return found


def texts(tables: Tables, table: str, name: str) -> NDArray[np.str_]:
    """Return texts, "" where there is none."""
    values = column(tables, table, name)
    if values.dtype.kind == "U" and not isinstance(values, np.ma.MaskedArray):
        return values
    there = present(values)
    return np.array([str(one) if ok else "" for one, ok in zip(values, there, strict=True)], dtype=np.str_)


def among(tables: Tables, table: str, name: str, wanted: Iterable[str]) -> NDArray[np.bool_]:
    """Return where a column of texts holds one of these; a gap holds none of them."""
    values = column(tables, table, name)
    found = np.zeros(len(values), dtype=bool)
    for one in wanted:
        found |= np.asarray(values) == one
    if isinstance(values, np.ma.MaskedArray):
        found &= ~np.ma.getmaskarray(values)
    return found
