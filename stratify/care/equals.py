"""Among equals: who of the people for whom the same counts the same is given it, without a change of what it is worth.

Whoever has fewer other offers comes first, and then the lower number. So no choice of a solver decides between people,
nor the order in which kinds of people come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.features.loops import compiled

Array = NDArray[Any]
Flags = NDArray[np.bool_]


def settled(taken: Flags, alike: Array, first: Array, offer: Array, clash: Flags, most: int) -> Flags:
    """Return what is taken, bool[n], once each of its like is held by whoever comes first.

    Options lie by person, who begin at `first`; those of one number in `alike` (one of each at most to a person) are of
    the same offer, take the same units and are worth the same. Every exchange leaves offers more evenly spread, or as
    they were and with lower numbers, so it comes to an end.
    """
    taken = taken.copy()
    whose = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.argsort(alike, kind="stable")
    ends = np.flatnonzero(np.diff(alike[order], append=-1))
    held = np.add.reduceat(taken, first[:-1], dtype=np.int64)
    while _exchanged(taken, order, ends + 1, whose, first, offer, clash, held, most):
        pass
    return taken


@compiled
def _exchanged(
    taken: Array,
    order: Array,
    ends: Array,
    whose: Array,
    first: Array,
    offer: Array,
    clash: Array,
    held: Array,
    most: int,
) -> bool:
    """Go once through all that are alike, hand each to those who come first, and return whether anything changed."""
    changed, start = False, 0
    others = np.empty(len(order), np.int64)
    for end in ends:
        left = 0
        level = np.zeros(most + 1, np.int64)
        for j in range(start, end):
            row = order[j]
            left += taken[row]
            others[j] = _others(taken, row, whose[row], first, offer, clash, held)
            if others[j] < most:
                level[others[j]] += 1
        last = 0
        while left > level[last]:
            left -= level[last]
            last += 1
        for j in range(start, end):
            row = order[j]
            mine = others[j] < last
            if others[j] == last and left > 0:
                mine = True
                left -= 1
            if mine != taken[row]:
                changed = True
                held[whose[row]] += 1 if mine else -1
                taken[row] = mine
        start = end
    return changed


@compiled
def _others(taken: Array, row: int, person: int, first: Array, offer: Array, clash: Array, held: Array) -> int:
    """Return how many other offers a person has; as many as there are, where one of them is in the way."""
    if taken[row]:
        return int(held[person]) - 1
    for k in range(first[person], first[person + 1]):
        if taken[k] and clash[offer[k], offer[row]]:
            return len(clash)
    return int(held[person])
