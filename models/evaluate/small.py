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
    """Return which levels are hidden, of people [levels, 3] in all, with the event and without.

    One that would be alone takes with it the smallest that has 5 or more of both, else the smallest that has anybody:
    their sum may be known, and must not tell of 1 to 4.
    """
    hidden = np.asarray(((people > 0) & (people < SMALLEST_SHOWN)).any(axis=1))
    if hidden.sum() == 1:
        rest = np.flatnonzero(~hidden & (people[:, 0] > 0))
        both = rest[(people[rest] > 0).all(axis=1)]
        among = both if len(both) else rest
        if len(among):
            hidden[among[np.argmin(people[among, 0])]] = True
    return hidden


def too_few_rows(count: Counts, whole: Counts, least: int) -> NDArray[np.bool_]:
    """Return at which cuts a count [cuts, 2] of rows, or the rest of the whole [2], is above 0 and below `least`."""
    rest = whole - count
    small = ((count > 0) & (count < least)) | ((rest > 0) & (rest < least))
    return np.asarray(small.any(axis=1))


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


def _small(sums: Counts, least: int) -> bool:
    return bool(((sums > 0) & (sums < least)).any())
