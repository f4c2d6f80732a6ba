"""What of an evaluation is hidden because 1 to 4 people are behind it, by the rule of stratify/disclosure.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.table import Floats
from stratify.disclosure import SMALLEST_SHOWN

Counts = NDArray[np.int64]


def people_in(code: Counts, levels: int, person: Counts, y: Floats) -> Counts:
    """Return [levels, 3] how many people have rows in each level, rows with the event, and rows without."""
    people = int(person.max()) + 1 if len(person) else 0
    told = np.zeros((levels, 3), dtype=np.int64)
    for nth, which in enumerate((slice(None), y == 1, y == 0)):
        if people == len(person):
            told[:, nth] = np.bincount(code[which], minlength=levels)
        else:
            seen = np.zeros(levels * people, dtype=np.bool_)
            seen[code[which] * people + person[which]] = True
            told[:, nth] = seen.reshape(levels, people).sum(axis=1)
    return told


def hidden_levels(people: Counts) -> NDArray[np.bool_]:
    """Return which levels are hidden, of people [levels, 3] in all, with the event and without."""
    return widened(small(people, SMALLEST_SHOWN), people, SMALLEST_SHOWN)


def widened(hidden: NDArray[np.bool_], parts: Counts, least: int) -> NDArray[np.bool_]:
    """Return which levels are hidden when none may be alone, nor all of them together have 1 to `least` - 1 of a part.

    parts [levels, k] are counts, the first of them their size. The smallest level that has some of each part goes with
    them first, else the smallest that has anybody: what all levels have is known, so the hidden ones' sum is as well.
    """
    hidden = hidden.copy()
    while hidden.any() and (hidden.sum() == 1 or small(parts[hidden].sum(axis=0), least)):
        rest = np.flatnonzero(~hidden & (parts[:, 0] > 0))
        if not len(rest):
            break
        full = rest[(parts[rest] > 0).all(axis=1)]
        among = full if len(full) else rest
        hidden[among[np.argmin(parts[among, 0])]] = True
    return hidden


class Ledger:
    """Which cuts have been told of, in rows without and with the event above them; none too near another is told.

    From what is known of two cuts follows what lies between them: so each must differ from every other, from nobody and
    from all, by none or by at least five people of either class. Who asks first is told.
    """

    def __init__(self, whole: Counts, least: int, people: tuple[Counts, Counts] | None = None) -> None:
        """Take how many rows there are [2], and how many rows are of five people at the least.

        people: whose each row is, without the event and with it, from the highest risk down; then fewer rows are
        counted by people, else taken to be too few.
        """
        self._told = np.stack([np.zeros_like(whole), whole])
        self._least, self._people = least, people

    @classmethod
    def of(cls, y: Floats, person: Counts, least: int) -> Ledger:
        """Return a ledger of rows sorted by risk, upward."""
        down, whose = y[::-1] == 1, person[::-1]
        people = whose[~down], whose[down]
        return cls(np.array([len(one) for one in people], dtype=np.int64), least, people)

    def hides(self, count: Counts) -> NDArray[np.bool_]:
        """Return which of these cuts [cuts, 2] may not be told; the others now have been."""
        hidden = np.zeros(len(count), dtype=np.bool_)
        for nth, one in enumerate(count):
            hidden[nth] = self._near(one)
            if not hidden[nth]:
                self._told = np.append(self._told, one[None], axis=0)
        return hidden

    def _near(self, one: Counts) -> bool:
        """Return whether some people, but fewer than five, lie between this cut and one that was told."""
        between = np.abs(self._told - one)
        if self._people is None or small(between, SMALLEST_SHOWN).any():
            return bool(small(between, self._least).any())
        for nth, whose in enumerate(self._people):
            for other in self._told[(between[:, nth] > 0) & (between[:, nth] < self._least), nth]:
                first, last = sorted((int(other), int(one[nth])))
                if np.unique(whose[first:last]).size < SMALLEST_SHOWN:
                    return True
        return False


def small(counts: Counts, least: int) -> NDArray[np.bool_]:
    """Return in which lines [..., k] a count is above 0 and below `least`."""
    return np.asarray(((counts > 0) & (counts < least)).any(axis=-1))
