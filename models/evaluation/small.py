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
    return widened(_small(people, SMALLEST_SHOWN), people, SMALLEST_SHOWN)


def widened(hidden: NDArray[np.bool_], parts: Counts, least: int) -> NDArray[np.bool_]:
    """Return which levels are hidden when none may be alone, nor all of them together have 1 to `least` - 1 of a part.

    parts [levels, k] are counts, the first of them their size. The smallest level that has some of each part goes with
    them first, else the smallest that has anybody: what all levels have is known, so the hidden ones' sum is as well.
    """
    hidden = hidden.copy()
    while hidden.any() and (hidden.sum() == 1 or _small(parts[hidden].sum(axis=0), least)):
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
    from all, by none or by at least `least` rows of either class. Who asks first is told.
    """

    def __init__(self, whole: Counts, least: int) -> None:
        self._told = np.stack([np.zeros_like(whole), whole])
        self._least = least

    def hides(self, count: Counts) -> NDArray[np.bool_]:
        """Return which of these cuts [cuts, 2] may not be told; the others now have been."""
        hidden = np.zeros(len(count), dtype=np.bool_)
        for nth, one in enumerate(count):
            hidden[nth] = _small(np.abs(self._told - one), self._least).any()
            if not hidden[nth]:
                self._told = np.append(self._told, one[None], axis=0)
        return hidden


def merged(count: Counts, least: int) -> NDArray[np.intp]:
    """Return where groups of bins begin, so that each has none or at least that many rows of either class.

    count [bins, 2] are rows. What is left over at the end joins the group before it.

    >>> merged(np.array([[9, 0], [8, 2], [7, 3], [2, 9]]), 5).tolist()
    [0, 1]
    """
    starts, sums = [0], np.zeros(2, dtype=np.int64)
    for nth, row in enumerate(count):
        sums = sums + row
        if sums.any() and not _small(sums, least):
            starts.append(nth + 1)
            sums = np.zeros(2, dtype=np.int64)
    starts.pop()
    while len(starts) > 1 and _small(count[starts[-1] :].sum(axis=0), least):
        starts.pop()
    return np.array(starts or [0], dtype=np.intp)


def _small(counts: Counts, least: int) -> NDArray[np.bool_]:
    """Return in which lines [..., k] a count is above 0 and below `least`."""
    return np.asarray(((counts > 0) & (counts < least)).any(axis=-1))
