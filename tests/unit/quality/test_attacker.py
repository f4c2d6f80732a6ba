"""The ranges that a reader can work out are those of all tables of whole numbers that agree with what is shown."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.quality.attacker import Relation, feasible, optimum


def column(*values: int) -> np.ndarray:
    return np.array(values).reshape(-1, 1)


def mask(size: int, *cells: int) -> np.ndarray:
    return np.isin(np.arange(size), cells)


def ranges(counts, hidden, relations) -> list[tuple[float, float]]:
    low, high = feasible(counts, hidden, relations)
    return [(float(a), float(b)) for a, b in zip(low[:, 0], high[:, 0], strict=True)]


STAR = [Relation(0, (1, 2, 3))]


@pytest.mark.parametrize(
    "hidden, expected",
    [
        ((), [(20, 20), (2, 2), (7, 7), (11, 11)]),
        ((1,), [(20, 20), (2, 2), (7, 7), (11, 11)]),  # a part alone is the total less the others
        ((1, 2), [(20, 20), (0, 9), (0, 9), (11, 11)]),
        ((0, 1), [(18, np.inf), (0, np.inf), (7, 7), (11, 11)]),
        ((0,), [(20, 20), (2, 2), (7, 7), (11, 11)]),  # a total alone is the sum of its parts
        ((0, 1, 2, 3), [(0, np.inf)] * 4),
    ],
)
def test_a_star(hidden, expected):
    assert ranges(column(20, 2, 7, 11), mask(4, *hidden), STAR) == expected


def test_a_cell_in_no_relation_can_be_anything():
    assert ranges(column(20, 2, 7, 11, 3), mask(5, 4), STAR)[4] == (0, np.inf)


def two_way(table: np.ndarray) -> tuple[np.ndarray, list[Relation]]:
    """A table with its margins and its total: cells, rows, columns, total."""
    rows, columns = table.shape[:2]
    cell = np.arange(rows * columns).reshape(rows, columns)
    row, col, total = cell.size + np.arange(rows), cell.size + rows + np.arange(columns), cell.size + rows + columns
    counts = np.concatenate(
        [table.reshape(cell.size, -1), table.sum(1).reshape(rows, -1), table.sum(0).reshape(columns, -1)]
    )
    counts = np.concatenate([counts, table.sum((0, 1)).reshape(1, -1)])
    rules = [Relation(row[i], cell[i]) for i in range(rows)] + [Relation(col[j], cell[:, j]) for j in range(columns)]
    return counts, [*rules, Relation(total, row), Relation(total, col)]


def test_a_block_of_four_in_a_two_way_table():
    counts, rules = two_way(np.array([[3, 20, 9], [20, 8, 7], [9, 6, 30]]))
    # Moving one round the block by +1 and -1: 3 and 8 can fall by 3, 20 and 20 by 20.
    assert ranges(counts, mask(16, 0, 1, 3, 4), rules)[:5] == [(0, 23), (0, 23), (9, 9), (0, 23), (5, 28)]


def test_where_each_relation_holds_two_hidden_cells_one_may_still_be_told():
    counts, rules = two_way(np.arange(10, 26).reshape(4, 4))
    blocks, bridge = (0, 1, 4, 5, 10, 11, 14, 15), 2  # the bridge stands in a row of one block, a column of the other
    hidden = mask(25, *blocks, bridge)
    low, high = feasible(counts, hidden, rules)
    assert (low[bridge, 0], high[bridge, 0]) == (12, 12)
    assert ((high - low)[list(blocks)] >= 10).all()


def test_from_a_cell_alone_in_its_column_others_are_unravelled():
    counts, rules = two_way(np.array([[3, 20, 9], [20, 8, 7], [9, 6, 30]]))
    low, high = feasible(counts, mask(16, 0, 1, 4, 5, 8), rules)
    assert (low == counts).all()
    assert (high == counts).all()


def all_tables(counts: np.ndarray, hidden: np.ndarray, relations, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of each cell over every table with hidden cells from 0 to `most`."""
    where = np.flatnonzero(hidden)
    table = np.tile(counts[:, 0], ((most + 1) ** len(where), 1))
    table[:, where] = np.array(list(product(range(most + 1), repeat=len(where)))).reshape(len(table), len(where))
    right = np.ones(len(table), dtype=bool)
    for one in relations:
        right &= table[:, list(one.parts)].sum(axis=1) == table[:, one.total]
    return table[right].min(axis=0), table[right].max(axis=0)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_ranges_are_those_of_all_tables_there_are(data):
    values = data.draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    counts, rules = two_way(np.array(values).reshape(2, 2))
    hidden = mask(9, *data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=4, unique=True)))
    low, high = feasible(counts, hidden, rules)
    least, most = all_tables(counts, hidden, rules, most=9)
    assert (low[:, 0] == least).all()
    endless = np.isinf(high[:, 0])
    assert (high[~endless, 0] == most[~endless]).all()
    assert (all_tables(counts, hidden, rules, most=13)[1][endless] > most[endless]).all()


def test_what_only_fractions_could_be_is_not_in_a_range():
    # a + b = 1, b + c = 1, a + c + e = 1: so a = c and e = 1 - 2a. Halves would do; of whole numbers only a = 0.
    counts = column(0, 1, 0, 1, 1, 1, 1)
    rules = [Relation(4, (0, 1)), Relation(5, (1, 2)), Relation(6, (0, 2, 3))]
    assert ranges(counts, mask(7, 0, 1, 2, 3), rules)[:4] == [(0, 0), (1, 1), (0, 0), (1, 1)]
    matrix = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]])
    assert optimum(np.array([-1.0, 0, 0, 0]), matrix, np.ones(3), np.zeros(4), np.full(4, 9.0)).tolist() == [0, 1, 0, 1]


def test_without_an_answer_there_is_none():
    matrix = np.array([[1.0, 1.0]])
    assert optimum(np.ones(2), matrix, np.array([5.0]), np.zeros(2), np.ones(2)) is None


@pytest.mark.parametrize("total, parts", [(0, ()), (0, (0, 1)), (0, (1, 1))])
def test_a_relation_is_of_different_cells(total, parts):
    with pytest.raises(ValueError, match="each cell once"):
        Relation(total, parts)


@pytest.mark.parametrize(
    "counts, message",
    [
        (column(20, 2, 7, 10), "relation 0: the total is not the sum"),
        (column(20, -2, 11, 11), "at least 0"),
        (column(20, 2, 7, 11) * 1.0, "whole numbers"),
        (np.array([20, 2, 7, 11]), "whole numbers"),
    ],
)
def test_counts_that_do_not_add_up_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        feasible(counts, mask(4), STAR)
