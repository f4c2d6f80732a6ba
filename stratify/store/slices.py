"""Rows of one domain and bucket as arrays, each column made once: numbers as they are, texts as places in a list.

Where the rows come from is the affair of a kind of slice: a whole bucket's file (`stratify.store.files`), or what is
held of one person (`stratify.store.one`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from stratify.errors import DataError

Ints = npt.NDArray[np.signedinteger[Any]]
Floats = npt.NDArray[np.float64]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Coded:
    """A column of few different values: `values[place]` for each row; place -1 where there is none."""

    place: Ints
    values: tuple[Any, ...]

    def __len__(self) -> int:
        """Return how many different values there are."""
        return len(self.values)

    def at(self, places: Ints) -> list[Any]:
        """Return the values at these places, None for none."""
        return [None if n < 0 else self.values[n] for n in places.tolist()]

    def among(self, *wanted: Any) -> npt.NDArray[np.bool_]:
        """Return which rows have one of these values."""
        return np.array([*(value in wanted for value in self.values), False])[self.place]  # place -1 is the last

    def begins(self, prefixes: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Return which rows have a text that begins with one of these."""
        return np.array([*(value.startswith(prefixes) for value in self.values), False])[self.place]


class Slice(ABC):
    """The rows of a domain in the store's order: by person, day and the store's tie-break."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self._read: dict[tuple[str, str], Any] = {}
        self._signatures: dict[tuple[str, ...], tuple[Ints, list[tuple[Any, ...]]]] = {}

    def ints(self, name: str) -> Ints:
        """Return a column of whole numbers as the store keeps them; raises DataError (exit 11) where one is missing."""
        return self._once("ints", name, self._ints)

    def floats(self, name: str) -> Floats:
        """Return a column of numbers, float64, NaN where there is none."""
        return self._once("floats", name, self._floats)

    def coded(self, name: str) -> Coded:
        """Return a column of texts, or of yes and no, as places in the list of its values."""
        return self._once("coded", name, self._coded)

    def signatures(self, columns: tuple[str, ...]) -> tuple[Ints, list[tuple[Any, ...]]]:
        """Return a number for each row, and what it stands for.

        That is the combination of values these columns have there, None for none. There are few of them, so that what
        is asked of one need not be asked of each row.
        """
        if columns not in self._signatures:
            self._signatures[columns] = self._numbered(columns)
        return self._signatures[columns]

    @abstractmethod
    def _ints(self, name: str) -> Ints: ...

    @abstractmethod
    def _floats(self, name: str) -> Floats: ...

    @abstractmethod
    def _coded(self, name: str) -> Coded: ...

    def _lacking(self, name: str) -> DataError:
        return DataError(f"store: {self.domain}: a row without `{name}`; land the extract again")

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

    def _once(self, kind: str, name: str, read: Callable[[str], Found]) -> Found:
        if (kind, name) not in self._read:
            self._read[kind, name] = read(name)
        found: Found = self._read[kind, name]
        return found


def _places(number: Ints, possible: int) -> tuple[Ints, Ints]:
    """The numbers below `possible` that occur, ascending, and the place of each of `number` among them."""
    if possible > min(10_000 + 100 * len(number), 10_000_000):
        occurs, place = np.unique(number, return_inverse=True)
        return occurs, place.astype(np.int32)
    occurs = np.flatnonzero(np.bincount(number, minlength=possible))
    place_of = np.zeros(possible, dtype=np.int32)
    place_of[occurs] = np.arange(len(occurs), dtype=np.int32)
    return occurs, place_of[number]
