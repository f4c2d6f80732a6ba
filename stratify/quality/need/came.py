"""What came before an admission: whether anything happened to the person between two moments, for many at once."""

from __future__ import annotations

import numpy as np

from stratify.quality.cases import Bools
from stratify.quality.need.axes import Ints


def came(person: Ints, after: Ints, before: Ints, whose: Ints, when: Ints) -> Bools:
    """Return for which rows something happened to the person at a time t, after <= t < before.

    whose, when: what happened, in any order; times in one unit.

    >>> came(np.array([1, 2]), np.array([0, 0]), np.array([7, 7]), np.array([1, 2]), np.array([6, 7])).tolist()
    [True, False]
    """
    if not len(person) or not len(whose):
        return np.zeros(len(person), dtype=bool)
    wanted = np.zeros(int(max(person.max(), whose.max())) + 1, dtype=bool)
    wanted[person] = True
    whose, when = whose[wanted[whose]], when[wanted[whose]]
    if not len(whose):
        return np.zeros(len(person), dtype=bool)
    low = int(min(after.min(), when.min()))
    span = int(max(before.max(), when.max())) - low + 2
    keys = np.sort(whose.astype(np.int64) * span + (when - low))
    base = person.astype(np.int64) * span - low
    return np.asarray(np.searchsorted(keys, base + before) > np.searchsorted(keys, base + after))
