"""Which cells of tables are hidden, when several tables count the same: one cell is hidden in all of them or in none.

Cells are told apart by what they are of, not by the table they stand in: "acute admissions of people from Horsens" is
one cell, whether a table of hours or one of the chain holds it. All tables of one thing go through `hide` together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from stratify.quality.attacker import Relation
from stratify.quality.cases import Bools
from stratify.quality.need.axes import WHOLE, Axis, Ints, Node
from stratify.quality.suppress import primary, suppress

MOST_SMALL = 0.1  # of the cells that are not empty, small in themselves; with more a coarser axis is taken


Cell = frozenset[tuple[str, Node]]  # what a cell is of: nodes by axis


@dataclass(frozen=True, eq=False)
class Table:
    """Counts on axes. counts int64[*nodes, K]: K is 1 for a count, 2 for yes and no of a share.

    people int64[*nodes]: how many stand behind a count; None where each counts once. fixed: what all of it is of.
    same: the cell that one of these is under another name.
    """

    axes: tuple[Axis, ...]
    counts: Ints
    people: Ints | None = None
    fixed: tuple[tuple[str, Node], ...] = ()
    same: Callable[[Cell], Cell] = lambda cell: cell

    @staticmethod
    def events(axes: tuple[Axis, ...], counted: Ints, *fixed: tuple[str, Node]) -> Table:
        """Return the table of what `axes.count` found; fixed: what all of it is of, as an axis and its node."""
        return Table(axes, counted[..., :1], counted[..., 1], fixed)

    @staticmethod
    def shares(axes: tuple[Axis, ...], counted: Ints, *fixed: tuple[str, Node]) -> Table:
        """Return the table of yes and no, from people counted on these axes and on one of whole, no, yes."""
        return Table(axes, counted[..., [2, 1]], None, fixed)

    def small(self) -> Bools:
        """Return which cells hide for their own counts, bool[*nodes]."""
        flat = self.counts.reshape(-1, self.counts.shape[-1])
        both = flat if flat.shape[1] == 2 else np.column_stack([flat[:, 0], np.zeros(len(flat), np.int64)])
        few = primary(both, "share")
        if self.people is not None:
            few |= primary(np.column_stack([self.people.ravel(), np.zeros(len(flat), np.int64)]), "share")
        return few.reshape(self.counts.shape[:-1])

    def without(self, number: int, level: str) -> Table:
        """Return the table without the finest level of an axis."""
        axis = self.axes[number]
        kept = [at for at, (one, _) in enumerate(axis.nodes) if one != level]
        narrow = axis.without(level)
        axes = (*self.axes[:number], narrow, *self.axes[number + 1 :])
        people = None if self.people is None else self.people.take(kept, axis=number)
        return Table(axes, self.counts.take(kept, axis=number), people, self.fixed, self.same)

    def coarsened(self, number: int, levels: tuple[str, ...]) -> Table:
        """Return the table with the finest of an axis' levels (finest first) of which few are small."""
        found = self
        for level in levels[:-1]:
            at = found.axes[number].at(level)
            few = found.small().take(at, axis=number)
            there = found.counts.take(at, axis=number).any(axis=-1)
            if there.any() and few.sum() / there.sum() <= MOST_SMALL:
                break
            found = found.without(number, level)
        return found


def relations_of(tables: Mapping[str, Table]) -> tuple[Ints, Bools, list[Relation], dict[str, Ints]]:
    """Return the counts [cells, K] of all tables, which are small, the sums that tie them, and each table's cells.

    Raises ValueError where two tables count the same cell differently.
    """
    place: dict[Cell, int] = {}
    counts: list[Ints] = []
    small: list[bool] = []
    where: dict[str, Ints] = {}
    sums: dict[tuple[int, tuple[int, ...]], None] = {}
    for name, table in tables.items():
        few, shape = table.small(), table.counts.shape[:-1]
        cells = np.zeros(shape, np.int64)
        for at in product(*(range(n) for n in shape)):
            named = ((axis.name, axis.nodes[one]) for axis, one in zip(table.axes, at, strict=True))
            key = frozenset([*table.fixed, *(one for one in named if one[1] != WHOLE)])
            key = table.same(key)
            if key not in place:
                place[key] = len(counts)
                counts.append(table.counts[at])
                small.append(bool(few[at]))
            elif (counts[place[key]] != table.counts[at]).any():
                raise ValueError(f"{name}: {sorted(key)} is counted differently in another table")
            cells[at] = place[key]
            small[cells[at]] |= bool(few[at])
        where[name] = cells
        for number, axis in enumerate(table.axes):
            for one, parts in axis.sums:
                totals = cells.take(one, axis=number).ravel().tolist()
                each = np.moveaxis(cells.take(parts, axis=number), number, -1).reshape(-1, len(parts)).tolist()
                sums |= dict.fromkeys(zip(totals, (tuple(row) for row in each), strict=True))
    return np.array(counts), np.array(small), [Relation(one, parts) for one, parts in sums], where


def hide(tables: Mapping[str, Table]) -> dict[str, Bools]:
    """Return by table which cells are hidden, bool[*nodes], so that no small number can be worked out from the rest."""
    counts, small, relations, where = relations_of(tables)
    hidden = suppress(counts, relations, small, zeros=True)
    return {name: hidden[cells] for name, cells in where.items()}
