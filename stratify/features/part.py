"""A bucket's part of the landmark matrix: who is looked at on each day, what each has, and the cells of the cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.cohort import Spells, residents, spells
from stratify.definitions import DEFINITIONS, Definition
from stratify.features.build import matrix
from stratify.features.conditions import Present, present
from stratify.features.kernel import Floats, Rows
from stratify.store.read import Columns, Store


@dataclass(frozen=True)
class Part:
    """All adults resident on a landmark, and of those in any of the populations the cells, (kept, columns)."""

    everyone: Rows
    present: Present
    under: dict[str, npt.NDArray[np.bool_]]  # by definition, of everyone
    kept: Rows
    cells: Floats
    populations: dict[str, npt.NDArray[np.bool_]]  # by name, of kept


@dataclass(frozen=True)
class Region:
    """A store with what is read of its people once: persons and their unbroken residence."""

    store: Store
    people: Columns
    lived: Spells

    @classmethod
    def of(cls, store: Store) -> Region:
        """Return a store's region."""
        return cls(store, store.persons(), spells(store.residence()))

    def part(
        self, catalogue: Catalogue, days: Sequence[int], bucket: int, populations: Mapping[str, Definition]
    ) -> Part:
        """Return a bucket's part of the matrix on these days: the adults of any of the populations."""
        everyone = residents(
            self.people, self.lived.of(np.flatnonzero(self.lived.person % self.store.buckets == bucket)), days
        )
        found = present(self.store, everyone, catalogue, bucket)
        under = {key: found.holds(definition) for key, definition in DEFINITIONS.items()}
        of = {name: under[definition.id] for name, definition in populations.items()}
        holds = np.any([*of.values()], axis=0)
        kept = Rows(everyone.person[holds], everyone.day[holds])
        cells = self.cells(catalogue, kept, found.only(holds), bucket)
        return Part(everyone, found, under, kept, cells, {name: those[holds] for name, those in of.items()})

    def cells(self, catalogue: Catalogue, rows: Rows, found: Present, bucket: int) -> Floats:
        """Return the cells of rows that lie in one bucket, whatever their days; `found` are their conditions."""
        return matrix(self.store, rows, found, self.people, self.lived, catalogue, bucket)

    def row(self, catalogue: Catalogue, person: int, day: int) -> Floats:
        """Return one person's cells on a day, (columns,): the same bits as in the matrix, read where they lie.

        Raises ValueError for somebody who is not resident then.
        """
        store, bucket = self.store.of(person), person % self.store.buckets
        rows = Rows(np.array([person]), np.array([day]))
        first, last = np.searchsorted(self.lived.person, [person, person + 1]).tolist()
        lived = self.lived.of(slice(first, last))
        found = present(store, rows, catalogue, bucket)
        cells: Floats = matrix(store, rows, found, self.people, lived, catalogue, bucket)[0]
        return cells
