"""Which cells are hidden in addition, so that small counts cannot be worked out: few, and of few people.

In a relation whose parts stand in no other (a star), the smallest part that closes the gap is hidden. Elsewhere, as in
hospital by month, a linear program looks for two tables that differ by `width` in the cell and moves as few shown
people as it can; what it moves is hidden. That is a heuristic of minimum distance. The fewest are an integer program of
its own (Fischetti M, Salazar JJ, J Am Stat Assoc, September 2000); methods are in Hundepool A et al., Statistical
Disclosure Control, 2012, doi:10.1002/9781118348239.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratify.quality.attacker import REACH, Bools, Entries, Floats, Ints, Relation, components, optimum, witness

EMPTY = 1e3  # what an empty cell costs as a partner: readers often know that it is empty


class Grid:
    """Counts, what is hidden of them so far, and how far apart two tables were seen in each hidden count.

    A table that agrees with what is shown still does when more is hidden, so what was seen holds.
    """

    def __init__(
        self, table: Ints, relations: Sequence[Relation], hidden: Bools, *, width: int, fixed: Bools, zeros: bool
    ) -> None:
        self.table, self.relations, self.hidden = table, relations, hidden.copy()
        self.width, self.fixed, self.zeros = width, fixed, zeros
        self.entries = Entries.of(relations)
        degree = np.bincount(self.entries.cell, minlength=len(table))
        part = np.zeros(len(table), dtype=bool)
        part[self.entries.cell[self.entries.sign > 0]] = True
        self.root = ~part & (degree > 0)
        self.stars = [one for one in relations if (degree[list(one.parts)] == 1).all()]
        self.free = degree == 0
        self.size = table.sum(axis=1)
        self.low, self.high = table.astype(np.float64), table.astype(np.float64)

    def close(self) -> None:
        """Hide partners until every hidden count is seen wide."""
        while True:
            self.cover()
            if self.safe():
                return
            for cell, count in self.narrow():
                if not self.wide(cell, count):
                    self.open(cell, count)

    def safe(self) -> bool:
        """Return whether every hidden count is seen wide with what is hidden now."""
        self.look()
        return not self.narrow()

    def without(self, cell: int) -> Grid | None:
        """Return the grid with one cell fewer hidden, or None where that gives a hidden count away.

        What was seen of cells that do not hang together with this one holds.
        """
        fewer = Grid(self.table, self.relations, self.hidden, width=self.width, fixed=self.fixed, zeros=self.zeros)
        fewer.hidden[cell] = False
        if any(fewer.tells(self.relations[at]) for at in self.entries.row[self.entries.cell == cell]):
            return None
        fewer.low, fewer.high = self.low.copy(), self.high.copy()
        for part in components(self.entries, self.hidden):
            inside = np.concatenate(part.cells)
            if cell in inside:
                fewer.low[inside] = fewer.high[inside] = self.table[inside]
        return fewer if fewer.safe() else None

    def tells(self, one: Relation) -> bool:
        """Return whether a relation alone holds a hidden count in a range that is too small; a quick first look."""
        parts = np.array(one.parts)
        inside = parts[self.hidden[parts]]
        if self.hidden[one.total]:
            return not len(inside)
        held = self.table[inside].sum(axis=0)
        small = (held < self.width) & ~(self.zeros & (self.table[one.total] == 0))
        return len(inside) == 1 or (len(inside) > 1 and bool(small.any()))

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
        found = [(int(cell), int(count)) for cell, count in np.argwhere(tight)]
        return sorted(found, key=lambda one: (self.size[one[0]], one))

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
