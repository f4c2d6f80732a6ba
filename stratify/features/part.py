"""A bucket's part of the landmark matrix: who is looked at on each day, what each has, and the cells of the cohort."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.cohort import Spells, residents, spells
from stratify.definitions import DEFINITIONS, Definition
from stratify.features.build import matrix
from stratify.features.conditions import Present, present
from stratify.features.kernel import Floats, Rows
from stratify.store.records import Columns, OnePerson, Records

Of = TypeVar("Of", bound=Records, covariant=True)


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
class Region(Generic[Of]):
    """Records with what is read of their people once: persons and their unbroken residence."""

    store: Of
    people: Columns
    lived: Spells

    @classmethod
    def of(cls, store: Of) -> Region[Of]:  # type: ignore[misc]  # it is kept, and never written again
        """Return the region of a store, or of one person's records."""
        return cls(store, store.persons(), spells(store.residence()))

    def part(
        self,
        catalogue: Catalogue,
        days: Sequence[int],
        bucket: int,
        populations: Mapping[str, Definition],
        families: Collection[str] | None = None,
    ) -> Part:
        """Return a bucket's part of the matrix on these days: the adults of any of the populations.

        `families`: as in `matrix`.
        """
        everyone = residents(
            self.people, self.lived.of(np.flatnonzero(self.lived.person % self.store.buckets == bucket)), days
        )
        return self.part_of(catalogue, everyone, bucket, populations, families)

    def part_of(
        self,
        catalogue: Catalogue,
        everyone: Rows,
        bucket: int,
        populations: Mapping[str, Definition],
        families: Collection[str] | None = None,
    ) -> Part:
        """Return the same of these rows, sorted by person and day, of adults resident in a bucket on their days."""
        found = present(self.store, everyone, catalogue, bucket)
        under = {key: found.holds(definition) for key, definition in DEFINITIONS.items()}
        of = {name: under[definition.id] for name, definition in populations.items()}
        holds = np.any([*of.values()], axis=0)
        kept = Rows(everyone.person[holds], everyone.day[holds])
        cells = self.cells(catalogue, kept, found.only(holds), bucket, families)
        return Part(everyone, found, under, kept, cells, {name: those[holds] for name, those in of.items()})

    def cells(
        self, catalogue: Catalogue, rows: Rows, found: Present, bucket: int, families: Collection[str] | None = None
    ) -> Floats:
        """Return the cells of rows that lie in one bucket, whatever their days; `found` are their conditions."""
        return matrix(self.store, rows, found, self.people, self.lived, catalogue, bucket, families)


def row_of(one: OnePerson, catalogue: Catalogue, day: int) -> Floats:
    """Return a person's cells on a day, (columns,): the same bits as in the matrix, whatever populations they are in.

    Raises ValueError for somebody who is not resident then.
    """
    rows = Rows(np.array([0]), np.array([day]))
    cells: Floats = Region.of(one).cells(catalogue, rows, present(one, rows, catalogue, 0), 0)[0]
    return cells
