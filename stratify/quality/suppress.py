"""Which cells of a grid are hidden: those with a small count, and as few others as keep these from being worked out.

For every hidden cell and each of its counts, whole numbers that agree with all that is shown differ by `width` or
more (stratify/quality/attacker.py plays the reader). Partners are chosen in two ways. In a relation whose parts stand
in no other, the smallest part that closes the gap is hidden. Elsewhere, as in hospital by month, a linear program
looks for two tables that differ by `width` in the cell and moves as few shown people as it can; what it moves is
hidden (the minimum-distance heuristic; Castro, Comput Stat Data Anal 2012;56:73-94, names the family). Neither is
proven the fewest; that is an integer program of its own.

Not met: a reader who knows the data of one cell (a practice its own), or why a partner was hidden, or other tables of
overlapping people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from stratify.disclosure import SMALLEST_SHOWN
from stratify.quality.attacker import (
    REACH,
    Bools,
    Entries,
    Floats,
    Ints,
    Relation,
    checked,
    components,
    optimum,
    witness,
)

EMPTY = 1e3  # what an empty cell costs as a partner: readers often know that it is empty


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
    return ((table > 0) & (table < SMALLEST_SHOWN)).any(axis=1)


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
    table, relations = checked(counts, relations), list(relations)
    grid = Grid(table, relations, np.array(hidden, dtype=bool), width, fixed, zeros)
    while True:
        grid.cover()
        grid.look()
        left = grid.narrow()
        if not left:
            return grid.hidden
        for cell, count in left:
            if not grid.wide(cell, count):
                grid.open(cell, count)


class Grid:
    """Counts, what is hidden of them so far, and how far apart two tables were seen in each hidden count.

    A table that agrees with what is shown still does when more is hidden, so what was seen holds.
    """

    def __init__(
        self, table: Ints, relations: list[Relation], hidden: Bools, width: int, fixed: Bools | None, zeros: bool
    ) -> None:
        self.table, self.relations, self.hidden, self.width, self.zeros = table, relations, hidden, width, zeros
        self.fixed = np.zeros(len(table), dtype=bool) if fixed is None else np.asarray(fixed, dtype=bool)
        if (self.hidden & self.fixed).any():
            raise ValueError("a cell that must be hidden cannot stay shown")
        self.entries = Entries.of(relations)
        degree = np.bincount(self.entries.cell, minlength=len(table))
        part = np.zeros(len(table), dtype=bool)
        part[self.entries.cell[self.entries.sign > 0]] = True
        self.root = ~part & (degree > 0)
        self.stars = [one for one in relations if (degree[list(one.parts)] == 1).all()]
        self.free = degree == 0
        self.size = table.sum(axis=1)
        self.low, self.high = table.astype(np.float64), table.astype(np.float64)

    def cover(self) -> None:
        """Hide in each star the smallest parts that keep its hidden parts apart, or its total where none do."""
        before = -1
        while before != (before := int(self.hidden.sum())):
            for star in self.stars:
                while self._lacks(star):
                    pass

    def _lacks(self, star: Relation) -> bool:
        """Hide one more cell of a star when it needs one; whether it did."""
        parts = np.array(star.parts)
        inside, others = parts[self.hidden[parts]], parts[~self.hidden[parts] & ~self.fixed[parts]]
        if not len(inside) and not self.hidden[star.total]:
            return False
        lack = np.zeros(self.table.shape[1], dtype=np.int64)
        if self.hidden[star.total]:
            if len(inside):
                return False
        else:
            lack = np.maximum(0, self.width - self.table[inside].sum(axis=0))
            if self.zeros:
                lack[self.table[star.total] == 0] = 0
            if len(inside) > 1 and not lack.any():
                return False
            if (self.table[others].sum(axis=0) < lack).any() and not self.fixed[star.total]:
                self.hidden[star.total] = True  # all parts together are not enough
                return True
        gain = np.minimum(self.table[others], lack).sum(axis=1)
        best = min(
            range(len(others)),
            key=lambda at: (self.size[others[at]] == 0, -gain[at], self.size[others[at]], others[at]),
            default=None,
        )
        useful = best is not None and (gain[best] > 0 or (len(inside) < 2 and self.size[others[best]] > 0))
        if useful and best is not None:
            self.hidden[others[best]] = True
        elif not self.hidden[star.total] and not self.fixed[star.total]:
            self.hidden[star.total] = True
        elif best is not None:
            self.hidden[others[best]] = True
        else:
            raise ValueError("cells that must stay shown give a hidden one away")
        return True

    def look(self) -> None:
        """See how far apart tables can be with what is hidden now."""
        for part in components(self.entries, self.hidden):
            for k in range(self.table.shape[1]):
                witness(part, self.table[:, k], self.low[:, k], self.high[:, k], self.width)

    def known_zero(self) -> Bools:
        """Return the hidden counts [n, K] that are 0 because their total is shown as 0, or is such a one itself."""
        zero = np.zeros(self.table.shape, dtype=bool)
        before = -1
        while self.zeros and before != (before := int(zero.sum())):
            for one in self.relations:
                told = (self.table[one.total] == 0) & (~self.hidden[one.total] | zero[one.total])
                zero[np.ix_(one.parts, told)] = True
        return zero & self.hidden[:, None]

    def wide(self, cell: int, count: int) -> bool:
        """Return whether two tables were seen far enough apart in this count."""
        return bool(self.high[cell, count] - self.low[cell, count] >= self.width)

    def narrow(self) -> list[tuple[int, int]]:
        """Return the hidden counts (cell, count) that were not seen wide, those of the smallest cells first."""
        tight = (self.high - self.low < self.width) & (self.hidden & ~self.free)[:, None] & ~self.known_zero()
        return sorted(map(tuple, np.argwhere(tight).tolist()), key=lambda one: (self.size[one[0]], one))

    def open(self, cell: int, count: int) -> None:
        """Hide the cells that two tables `width` apart in this count need to differ in; totals of all come last."""
        for roots in (False, True):
            found = self._apart(cell, count, roots)
            if found is not None:
                break
        else:
            raise ValueError("cells that must stay shown give a hidden one away")
        cells, one, two = found
        moved = cells[(one != 0) | (two != 0)]
        if self.hidden[moved].all() and self.wide(cell, count):
            return
        self.hidden[moved] = True
        for move in (one, two):
            seen = self.table[cells, count] + move
            self.low[cells, count] = np.minimum(self.low[cells, count], seen)
            self.high[cells, count] = np.maximum(self.high[cells, count], seen)

    def _apart(self, cell: int, count: int, roots: bool) -> tuple[Ints, Ints, Ints] | None:
        """Return cells and two moves of them, `width` apart in `cell`, that change as few shown people as may be."""
        from scipy.sparse import block_array, csr_array

        may = ~self.fixed & (self.hidden | ~self.root | roots)
        some = self.entries.only(may)
        cells, column = np.unique(some.cell, return_inverse=True)
        rows, row = np.unique(some.row, return_inverse=True)
        matrix = csr_array((some.sign.astype(np.float64), (row, column)), shape=(len(rows), len(cells)))
        here = csr_array((np.ones(1), ([0], [int(np.searchsorted(cells, cell))])), shape=(1, len(cells)))
        rules = block_array(
            [[matrix, -matrix, None, None], [None, None, matrix, -matrix], [here, -here, -here, here]], format="csr"
        )
        right = np.zeros(2 * len(rows) + 1)
        right[-1] = self.width
        reach = np.full(len(cells), float(REACH * self.width))
        down = np.minimum(reach, self.table[cells, count])
        price = self._price()[cells]
        found = optimum(np.tile(price, 4), rules, right, np.zeros(4 * len(cells)), np.concatenate([reach, down] * 2))
        if found is None:
            return None
        up_one, down_one, up_two, down_two = np.split(found, 4)
        return cells, up_one - down_one, up_two - down_two

    def _price(self) -> Floats:
        """Return what a person moved costs in each cell: little in a hidden one, else by the people it would hide."""
        shown = self.size[~self.hidden & (self.size > 0)]
        usual = float(np.median(shown)) if len(shown) else 1.0
        price = np.where(self.size > 0, 1 + self.size / usual, EMPTY)
        return np.where(self.hidden, 1e-3, price)
