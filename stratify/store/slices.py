"""Rows of one domain and bucket as arrays, each column read once: numbers as they are, texts as places in a list."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from stratify.errors import DataError
from stratify.store.layout import DOMAINS

Ints = npt.NDArray[np.signedinteger[Any]]
Floats = npt.NDArray[np.float64]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Coded:
    """A column of few different values: `values[place]` for each row; place -1 where there is none."""

    place: Ints
    _values: pa.Array

    def __len__(self) -> int:
        """Return how many different values there are."""
        return len(self._values)

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The different values; a person's slice holds those of other people too."""
        return tuple(self._values.to_pylist())

    def at(self, places: Ints) -> list[Any]:
        """Return the values at these places, None for none."""
        return [None if n < 0 else self._values[n].as_py() for n in places.tolist()]


@dataclass(frozen=True)
class File:
    """An open file of a domain, whose texts are read as places in a list."""

    parquet: ParquetFile
    asked: set[str] = field(default_factory=lambda: {"person"})  # the columns that anybody's slice was asked for

    @classmethod
    def open(cls, path: Path, domain: str) -> File:
        """Return the file at a path."""
        texts = [name for name, kind in DOMAINS[domain].items() if kind == "VARCHAR"]
        parquet = ParquetFile(path, read_dictionary=texts, pre_buffer=False, memory_map=True)  # the disk is near
        return cls(parquet)

    @cached_property
    def _people(self) -> tuple[Ints, Ints]:
        """The least and the greatest person of each row group; files are sorted by person."""
        footer, place = self.parquet.metadata, self.parquet.schema_arrow.get_field_index("person")
        told = [footer.row_group(n).column(place).statistics for n in range(footer.num_row_groups)]
        return np.array([of.min for of in told], dtype=np.int64), np.array([of.max for of in told], dtype=np.int64)

    def row_groups(self, person: int) -> list[int]:
        """Return the row groups in which a person's rows may lie."""
        least, most = self._people
        return list(range(int(np.searchsorted(most, person)), int(np.searchsorted(least, person, side="right"))))


class Slice:
    """The rows of a Parquet file of the store, in its order: by person, day and the store's tie-break.

    With a person, that person's rows alone; of the file only the row groups are read in which they lie.
    """

    def __init__(self, file: File, domain: str, person: int | None = None) -> None:
        self.domain = domain
        self._file = file
        self._person = person
        self._table: pa.Table | None = None
        self._read: dict[tuple[str, str], Any] = {}
        self._signatures: dict[tuple[str, ...], tuple[Ints, list[tuple[Any, ...]]]] = {}

    def ints(self, name: str) -> Ints:
        """Return a column of whole numbers as the store keeps them; raises DataError (exit 11) where one is missing."""
        return self._once("ints", name, lambda column: self._ints(column, name))

    def floats(self, name: str) -> Floats:
        """Return a column of numbers, float64, NaN where there is none."""
        return self._once("floats", name, _floats)

    def coded(self, name: str) -> Coded:
        """Return a column of texts, or of yes and no, as places in the list of its values."""
        return self._once("coded", name, _coded)

    def signatures(self, columns: tuple[str, ...]) -> tuple[Ints, list[tuple[Any, ...]]]:
        """Return a number for each row, and what it stands for.

        That is the combination of values these columns have there, None for none. There are few of them, so that what
        is asked of one need not be asked of each row.
        """
        if columns not in self._signatures:
            self._signatures[columns] = self._numbered(columns)
        return self._signatures[columns]

    def _numbered(self, columns: tuple[str, ...]) -> tuple[Ints, list[tuple[Any, ...]]]:
        if not columns:
            return np.zeros(len(self.ints("person")), dtype=np.int32), [()]
        coded = [self.coded(name) for name in columns]
        sizes = [len(column) + 1 for column in coded]  # the first stands for none
        number = coded[0].place.astype(np.int64) + 1
        for column, size in zip(coded[1:], sizes[1:], strict=True):
            number = number * size + (column.place + 1)
        occurs, number = _places(number, math.prod(sizes))
        told: list[list[Any]] = []
        for column, size in zip(coded[::-1], sizes[::-1], strict=True):
            occurs, place = np.divmod(occurs, size)
            told.insert(0, column.at(place - 1))
        return number, list(zip(*told, strict=True))

    def _of_person(self, name: str) -> pa.ChunkedArray:
        """A column of the person's rows.

        One read of all that was asked of the file before, of whomever, is cheaper than one of each column.
        """
        assert self._person is not None
        if self._table is None or name not in self._table.column_names:
            self._file.asked.add(name)
            groups = self._file.row_groups(self._person)
            read = self._file.parquet.read_row_groups(groups, sorted(self._file.asked), use_threads=False)
            first, past = np.searchsorted(read["person"].to_numpy(), [self._person, self._person + 1])
            self._table = read.slice(first, past - first)
        return self._table[name]

    def _once(self, kind: str, name: str, told: Callable[[pa.Array], Found]) -> Found:
        if (kind, name) not in self._read:
            if self._person is None:
                column = self._file.parquet.read(columns=[name], use_threads=False)[name]
            else:
                column = self._of_person(name)
            self._read[kind, name] = told(_in_one(column))
        found: Found = self._read[kind, name]
        return found

    def _ints(self, column: pa.Array, name: str) -> Ints:
        if column.null_count:
            raise DataError(f"store: {self.domain}: a row without `{name}`; land the extract again")
        return np.asarray(column.to_numpy())


def _in_one(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return (column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column).combine_chunks()


def _places(number: Ints, possible: int) -> tuple[Ints, Ints]:
    """The numbers below `possible` that occur, ascending, and the place of each of `number` among them."""
    if possible > min(10_000 + 100 * len(number), 10_000_000):
        occurs, place = np.unique(number, return_inverse=True)
        return occurs, place.astype(np.int32)
    occurs = np.flatnonzero(np.bincount(number, minlength=possible))
    place_of = np.zeros(possible, dtype=np.int32)
    place_of[occurs] = np.arange(len(occurs), dtype=np.int32)
    return occurs, place_of[number]


def _coded(column: pa.Array) -> Coded:
    if pa.types.is_boolean(column.type):
        return Coded(_places_of(column.cast(pa.int8())), pa.array([False, True]))
    return Coded(_places_of(column.indices), column.dictionary)


def _places_of(column: pa.Array) -> Ints:
    column = column.fill_null(-1) if column.null_count else column
    return np.asarray(column.to_numpy()).astype(np.int32, copy=False)


def _floats(column: pa.Array) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.float64, copy=False)  # no number becomes NaN
