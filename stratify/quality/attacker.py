"""What somebody can work out of hidden counts from the shown ones: the range that each hidden count can lie in.

A grid is cells and relations between them: a total is the sum of its parts, in each of its K counts apart. Shown
cells are constants, hidden ones unknown whole numbers of 0 or more; the true table is one answer, so each relation
says of its hidden cells only that what they add up to stays as it is. Hidden parts that stand in no other relation
are one unknown, their sum: any one of several takes each value from 0 to it.

Ranges are those of whole numbers. A linear program (HiGHS) finds an end of a range; where its answer is not a table
of whole numbers, which cannot be in a two-way table or a tree (their matrices are totally unimodular), an integer
program takes its place. A linear range holds the whole-number range, so alone it would promise too much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Numbers = Ints | Floats
ROUNDS = 8  # programs that move many cells at once, before the cells left are asked one by one
REACH = 4  # how many widths a cell may move in a witness: 1 is enough in a network


@dataclass(frozen=True)
class Relation:
    """Cell `total` is the sum of cells `parts`; all are positions in the table of counts."""

    total: int
    parts: tuple[int, ...]

    def __init__(self, total: int, parts: Sequence[int]) -> None:
        object.__setattr__(self, "total", int(total))
        object.__setattr__(self, "parts", tuple(int(part) for part in parts))
        if not self.parts or len({self.total, *self.parts}) != 1 + len(self.parts):
            raise ValueError("a relation is a total and at least one part, each cell once")


@dataclass(frozen=True)
class Entries:
    """Relations as entries of a matrix: `sign` is 1 for a part and -1 for the total of relation `row`."""

    row: Ints
    cell: Ints
    sign: Ints

    @classmethod
    def of(cls, relations: Sequence[Relation]) -> Entries:
        """Return the entries of all relations, in their order."""
        row = [i for i, one in enumerate(relations) for _ in range(1 + len(one.parts))]
        cell = [at for one in relations for at in (one.total, *one.parts)]
        sign = [sign for one in relations for sign in (-1, *(1,) * len(one.parts))]
        return cls(*(np.array(values, dtype=np.int64) for values in (row, cell, sign)))

    def only(self, cells: Bools) -> Entries:
        """Return the entries of these cells."""
        kept = cells[self.cell]
        return Entries(self.row[kept], self.cell[kept], self.sign[kept])


@dataclass(frozen=True)
class Component:
    """Unknowns that hang together: `matrix` [relations, unknowns] and the cells that each unknown stands for."""

    matrix: Floats
    cells: list[Ints]

    def sums(self, count: Ints) -> Ints:
        """Return the true value of each unknown, from one count of all cells."""
        return np.array([count[cells].sum() for cells in self.cells], dtype=np.int64)

    def spread(self, low: Numbers, high: Numbers, least: Floats, most: Floats) -> None:
        """Widen `least` and `most` of the cells by a range of each unknown."""
        for cells, bottom, top in zip(self.cells, low, high, strict=True):
            least[cells] = np.minimum(least[cells], bottom if len(cells) == 1 else 0)
            most[cells] = np.maximum(most[cells], top)


def checked(counts: Ints, relations: Sequence[Relation]) -> Ints:
    """Return counts as int64 [n, K]; ValueError where one is negative or a total is not the sum of its parts."""
    table = np.asarray(counts)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer):
        raise ValueError("counts are whole numbers, [cells, counts]")
    table = table.astype(np.int64)
    if (table < 0).any():
        raise ValueError("a count is at least 0")
    for at, one in enumerate(relations):
        if not (table[list(one.parts)].sum(axis=0) == table[one.total]).all():
            raise ValueError(f"relation {at}: the total is not the sum of its parts")
    return table


def components(entries: Entries, hidden: Bools) -> Iterator[Component]:
    """Give the unknowns of the hidden cells in groups that share relations; cells in no relation are in none."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    some = entries.only(hidden)
    if not some.row.size:
        return
    degree = np.bincount(some.cell, minlength=hidden.size)
    # A part in one relation only is named after the relation, any other cell after itself.
    name = np.where((degree[some.cell] == 1) & (some.sign > 0), hidden.size + some.row, some.cell)
    names, unknown = np.unique(name, return_inverse=True)
    rows, row = np.unique(some.row, return_inverse=True)
    size = len(names) + len(rows)
    edges = coo_array((np.ones(len(row)), (unknown, len(names) + row)), shape=(size, size))
    label = connected_components(edges, directed=False)[1]
    for one in range(label.max() + 1):
        inside = label[unknown] == one
        columns, column = np.unique(unknown[inside], return_inverse=True)
        lines, line = np.unique(row[inside], return_inverse=True)
        matrix = np.zeros((len(lines), len(columns)))
        matrix[line, column] = some.sign[inside]
        cells = some.cell[inside]
        order = np.argsort(column, kind="stable")
        split = np.split(cells[order], np.flatnonzero(np.diff(column[order])) + 1)
        yield Component(matrix, [np.unique(part) for part in split])


def feasible(counts: Ints, hidden: Bools, relations: Sequence[Relation]) -> tuple[Floats, Floats]:
    """Return the least and the most that each count [n, K] can be for somebody who sees the cells not hidden.

    Of a shown cell both are the count; the most is infinite where nothing bounds it. Exact for whole numbers.
    """
    table, hidden, entries = checked(counts, relations), np.asarray(hidden, dtype=bool), Entries.of(relations)
    low, high = table.astype(np.float64), table.astype(np.float64)
    low[hidden], high[hidden] = 0.0, np.inf
    for part in components(entries, hidden):
        for k in range(table.shape[1]):
            ends = _ends(part, part.sums(table[:, k]))
            for cells, (bottom, top) in zip(part.cells, ends, strict=True):
                low[cells, k] = bottom if len(cells) == 1 else 0.0
                high[cells, k] = top
    return low, high


def _ends(part: Component, true: Ints) -> list[tuple[float, float]]:
    """Return both ends of the range of each unknown."""
    if len(part.matrix) == 1:  # one relation: without its total the sum is told, with it nothing bounds either
        sign, told = part.matrix[0], float(part.matrix[0] @ true)
        if len(sign) == 1:
            return [(float(true[0]), float(true[0]))]
        if len(sign) == 2 and sign.min() < 0:
            return [(max(0.0, told * one), np.inf) for one in sign]
    size, answer = len(true), []
    for at in range(size):
        unit = np.zeros(size)
        unit[at] = 1.0
        least = optimum(unit, part.matrix, part.matrix @ true, np.zeros(size), np.full(size, np.inf))
        most = optimum(-unit, part.matrix, part.matrix @ true, np.zeros(size), np.full(size, np.inf))
        if most is None:  # then something can be added again and again
            more = optimum(-unit, part.matrix, np.zeros(len(part.matrix)), np.zeros(size), np.full(size, 9.0))
            if more is None or not more[at]:
                raise ArithmeticError("the solver found no end of a range that has one")
        if least is None:
            raise ArithmeticError("the solver did not find the true table")
        answer.append((float(least[at]), np.inf if most is None else float(most[at])))
    return answer


def optimum(cost: Floats, matrix: Any, right: Numbers, low: Numbers, high: Numbers) -> Ints | None:
    """Return the whole numbers with matrix @ x = right, low <= x <= high of the least cost; None if there are none.

    None also when the cost has no least value, which only happens where `high` is infinite.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp

    found = linprog(cost, A_eq=matrix, b_eq=right, bounds=np.column_stack([low, high]), method="highs")
    if found.status in (2, 3, 4):
        return None
    if found.x is not None and np.abs(found.x - np.round(found.x)).max(initial=0) > 1e-6:
        rules = LinearConstraint(matrix, right, right)
        found = milp(cost, integrality=np.ones(len(cost)), bounds=Bounds(low, high), constraints=rules)
    if found.x is None:
        return None
    whole: Ints = np.round(found.x).astype(np.int64)
    if np.abs(matrix @ whole - right).max(initial=0) > 1e-6 or (whole < low).any() or (whole > high).any():
        raise ArithmeticError("the solver's answer is not a table of whole numbers")
    return whole


def witness(part: Component, count: Ints, least: Floats, most: Floats, width: int) -> None:
    """Widen `least` and `most`, [n] of one count, by tables of whole numbers that agree with all that is shown.

    Stops where each cell is seen `width` wide or cannot be within REACH widths of the truth: a range may be wider than
    it is seen, never narrower. Tables that move many cells at once come first; their directions are drawn with a seed.
    """
    true = part.sums(count)
    part.spread(true, true, least, most)

    def narrow() -> NDArray[np.intp]:
        wide = [(most[cells] - least[cells]).min() >= width for cells in part.cells]
        return np.flatnonzero(~np.array(wide))

    def look(cost: Floats) -> None:
        floor = np.maximum(0, true - REACH * width)
        table = optimum(cost, part.matrix, part.matrix @ true, floor, true + REACH * width)
        if table is not None:
            part.spread(table, table, least, most)

    if len(part.matrix) == 1:
        if len(true) > 1:
            part.spread(true, true + width, least, most)
        return
    random = np.random.default_rng(0)
    for _ in range(ROUNDS):
        left = narrow()
        if len(left) < 3:
            break
        cost = np.zeros(len(true))
        cost[left] = random.uniform(0.5, 1, len(left)) * random.choice([-1, 1], len(left))
        look(cost)
    for at in narrow():
        for direction in (-1.0, 1.0):
            if at in narrow():
                cost = np.zeros(len(true))
                cost[at] = direction
                look(cost)
