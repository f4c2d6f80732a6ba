"""A bucket's file as a slice, through pyarrow: for steps that read whole buckets."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from stratify.store.layout import DOMAINS
from stratify.store.slices import Coded, Floats, Ints, Slice


class FileSlice(Slice):
    """The rows of a file of a domain; a column is read when it is first asked for."""

    def __init__(self, path: Path, domain: str) -> None:
        super().__init__(domain)
        self._path = path

    @cached_property
    def _file(self) -> ParquetFile:
        texts = [name for name, kind in DOMAINS[self.domain].items() if kind == "VARCHAR"]
        return ParquetFile(self._path, read_dictionary=texts, pre_buffer=False, memory_map=True)  # the disk is near

    def _ints(self, name: str) -> Ints:
        column = self._column(name)
        if column.null_count:
            raise self._lacking(name)
        return np.asarray(column.to_numpy())

    def _floats(self, name: str) -> Floats:
        return np.asarray(self._column(name).to_numpy(zero_copy_only=False)).astype(np.float64, copy=False)

    def _coded(self, name: str) -> Coded:
        column = self._column(name)
        if pa.types.is_boolean(column.type):
            return Coded(_places_of(column.cast(pa.int8())), (False, True))
        return Coded(_places_of(column.indices), tuple(column.dictionary.to_pylist()))

    def _column(self, name: str) -> pa.Array:
        column = self._file.read(columns=[name], use_threads=False)[name]
        if column.num_chunks == 1:
            return column.chunk(0)
        return (column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column).combine_chunks()


def _places_of(column: pa.Array) -> Ints:
    column = column.fill_null(-1) if column.null_count else column
    return np.asarray(column.to_numpy()).astype(np.int32, copy=False)
