"""Parquet files with the same bytes for the same rows: fixed row groups, fixed compression, plain types.

Texts are handed over as indices into a vocabulary, and long unique keys as digits, so that no Python string is made per
row. A column is an Arrow array; a table is a mapping from column name to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROW_GROUP = 122_880
Columns = dict[str, pa.Array]


class Tables:
    """The tables of one folder as one shard writes them, a file per table and year, and how many rows each has."""

    def __init__(self, folder: Path, part: int) -> None:
        self.folder, self.part = folder, part
        self.rows: dict[str, int] = {}

    def write(self, name: str, columns: Mapping[str, pa.Array], year: int | None = None) -> None:
        """Write one year of a table, or a table that has no years."""
        self.write_table(name, pa.table(dict(columns)), year)

    def write_table(self, name: str, table: pa.Table, year: int | None = None) -> None:
        """Write rows that are a table already."""
        middle = "" if year is None else f"_{year}"
        (self.folder / name).mkdir(exist_ok=True)
        write_parquet(self.folder / name / f"{name}{middle}_{self.part:02d}.parquet", table)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table; readers see plain types, no trace of how it was held in memory."""
    pq.write_table(table, path, row_group_size=ROW_GROUP, compression="zstd", compression_level=1, store_schema=False)


def words(indices: NDArray[Any], vocabulary: Sequence[str]) -> pa.Array:
    """Return a text column from indices into a vocabulary; a negative index is a missing value.

    The column's own vocabulary names each text once: with a text named twice, Parquet's dictionary page comes out with
    bytes nobody set, other ones in each run.
    """
    missing = indices < 0
    place = {text: index for index, text in enumerate(dict.fromkeys(vocabulary))}
    once = np.array([place[text] for text in vocabulary], dtype=np.int32)
    codes = pa.array(once[np.where(missing, 0, indices)], mask=missing)
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(place), pa.string()))


def people_column(pnr: pa.Array, person: NDArray[np.generic]) -> pa.Array:
    """Return the `pnr` column of rows sorted by person, with only those people in its vocabulary."""
    if len(person) == 0:
        return pa.array([], pa.string())
    new = np.concatenate([[True], person[1:] != person[:-1]])
    used = pa.array(person[new].astype(np.int64))
    return pa.DictionaryArray.from_arrays(pa.array((np.cumsum(new) - 1).astype(np.int32)), pnr.take(used))


def digits(numbers: NDArray[np.int64], width: int) -> pa.Array:
    """Return a text column of numbers with leading zeros."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    letters = ((numbers[:, None] // powers) % 10 + ord("0")).astype(np.uint8)
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters.tobytes()))


def dates(days: NDArray[np.generic], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return a date column from days since 1970-01-01."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())


def moments(minutes: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return a time column from minutes since 1970-01-01."""
    return pa.array(minutes * 60, pa.int64(), mask=missing).cast(pa.timestamp("s")).cast(pa.timestamp("ms"))
