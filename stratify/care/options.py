"""What could be given to people, and what there is of it: what a choice is made among, and what it keeps within."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Options:
    """What could be given: value float[n], and int[n] of person (any numbers), offer and way (from 0)."""

    value: Floats
    person: Ints
    offer: Ints
    way: Ints

    def __len__(self) -> int:
        return len(self.value)

    def of(self, rows: NDArray[Any]) -> Options:
        """Return some of the options, in this order."""
        return Options(self.value[rows], self.person[rows], self.offer[rows], self.way[rows])


@dataclass(frozen=True)
class Limits:
    """What there is: places int[offers], units int[bridges], and uses bool[ways, bridges]: of which a way takes a unit.

    per_person is None where people may have any number; apart are pairs of offers of which a person gets one at most.
    """

    places: Ints
    uses: Flags
    units: Ints
    per_person: int | None = None
    apart: tuple[tuple[int, int], ...] = ()

    @property
    def most(self) -> int:
        """How many offers a person gets at most."""
        return min(self.per_person or len(self.places), len(self.places))

    @property
    def clash(self) -> Flags:
        """Of which two offers no person gets both, bool[offers, offers]; each with itself."""
        found = np.eye(len(self.places), dtype=bool)
        for one, other in self.apart:
            found[one, other] = found[other, one] = True
        return found
