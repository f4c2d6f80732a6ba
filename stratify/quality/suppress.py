"""Which cells of a grid are hidden: those with a small count, and as few others as keep these from being worked out.

For every hidden cell and each of its counts, whole numbers that agree with all that is shown differ by `width` or
more: stratify/quality/attacker.py plays the reader, stratify/quality/partners.py chooses what is hidden in addition.

Not met: a reader who knows the data of one cell (a practice its own), or why a partner was hidden, or other tables of
overlapping people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from stratify.disclosure import SMALLEST_SHOWN
from stratify.quality.attacker import Bools, Ints, Relation, checked
from stratify.quality.partners import Grid


def primary(counts: Ints, kind: Literal["share", "rate"]) -> Bools:
    """Return which cells hide for their own counts [n, 2]: (yes, no) of a share, (events, persons) of a rate.

    A count of 1-4 hides its cell, and so does a share of 1-4 people; 0 of 5 or more and 0 of 0 are shown.

    >>> primary(np.array([[0, 5], [0, 4], [4, 40], [0, 0], [6, 7]]), "share").tolist()
    [False, True, True, False, False]
    """
    if kind not in ("share", "rate"):
        raise ValueError(f"a target is a share or a rate, got: {kind!r}")
    table = np.asarray(counts)
    if kind == "share":
        table = np.column_stack([table, table.sum(axis=1)])
    return np.asarray(((table > 0) & (table < SMALLEST_SHOWN)).any(axis=1))


def suppress(
    counts: Ints,
    relations: Sequence[Relation],
    hidden: Bools,
    *,
    width: int = SMALLEST_SHOWN,
    fixed: Bools | None = None,
    zeros: bool = False,
) -> Bools:
    """Return `hidden` and the cells to hide with it, so that each hidden count can be anything in a range of `width`.

    counts [n, K] are additive over `relations`. Cells of `fixed` [n] stay shown. With `zeros`, a hidden count of 0 may
    be known to be 0 when the total above it is shown as 0: that tells what the total tells, and of no small number.
    Without it the total is hidden too. The same counts always give the same answer.

    Raises ValueError where a total is not its parts, and where `fixed` cells leave no way.
    """
    table, own = checked(counts, relations), np.asarray(hidden, dtype=bool)
    shown = np.zeros(len(table), dtype=bool) if fixed is None else np.asarray(fixed, dtype=bool)
    if own.shape != (len(table),) or shown.shape != own.shape:
        raise ValueError("hidden and fixed say yes or no of each cell")
    if (own & shown).any():
        raise ValueError("a cell that must be hidden cannot stay shown")
    grid = Grid(table, relations, own, width=width, fixed=shown, zeros=zeros)
    grid.close()
    root, size = grid.root, grid.size
    before = -1
    while before != (before := int(grid.hidden.sum())):  # a partner may have been needed only by one now spared
        others = np.flatnonzero(grid.hidden & ~own).tolist()
        for cell in sorted(others, key=lambda at: (not root[at], -size[at])):
            grid = grid.without(cell) or grid
    return grid.hidden
