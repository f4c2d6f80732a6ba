"""Of every hidden cell each count can be anything in a range of 5, for whoever sees all that is shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from stratify.quality.attacker import Relation, feasible
from stratify.quality.suppress import primary, suppress


def mask(size: int, *cells: int) -> np.ndarray:
    return np.isin(np.arange(size), cells)


def partners(counts, relations, **options) -> tuple[list[int], list[int]]:
    """Cells hidden for their own counts and those hidden in addition."""
    counts = np.array(counts)
    own = primary(counts, "share")
    hidden = suppress(counts, relations, own, **options)
    assert hidden[own].all()
    assert_wide(counts, hidden, relations, **options)
    return np.flatnonzero(own).tolist(), np.flatnonzero(hidden & ~own).tolist()


def assert_wide(counts, hidden, relations, *, width: int = 5, zeros: bool = False, fixed: object = None) -> None:
    """Hold the answer against integer programs of the whole grid: every cell a variable, shown ones bound to it."""
    matrix = np.zeros((len(relations), len(counts)))
    for at, one in enumerate(relations):
        matrix[at, one.total], matrix[at, list(one.parts)] = -1, 1
    for k in range(counts.shape[1]):
        count = counts[:, k]
        bounds = Bounds(np.where(hidden, 0, count), np.where(hidden, count.max() + 40, count))
        for cell in np.flatnonzero(hidden):
            ends = []
            for sign in (1, -1):
                cost = np.zeros(len(counts))
                cost[cell] = sign
                rules = LinearConstraint(matrix, 0, 0)
                found = milp(cost, integrality=np.ones(len(counts)), bounds=bounds, constraints=rules)
                ends.append(round(found.x[cell]))
            assert ends[0] <= count[cell] <= ends[1]
            assert ends[1] - ends[0] >= width or (zeros and ends[1] == 0), (cell, k, ends)


# What hides for its own counts.


@pytest.mark.parametrize(
    "kind, counts, expected",
    [
        ("share", (0, 0), False),  # tells of nobody
        ("share", (0, 5), False),
        ("share", (5, 0), False),
        ("share", (0, 4), True),
        ("share", (4, 50), True),
        ("share", (50, 1), True),
        ("share", (2, 2), True),
        ("share", (5, 5), False),
        ("rate", (0, 5), False),
        ("rate", (0, 4), True),
        ("rate", (4, 900), True),
        ("rate", (5, 5), False),
        ("rate", (9, 3), True),  # three people admitted three times each
        ("rate", (5, 6), False),  # persons less events is no count of people
        ("rate", (0, 0), False),
    ],
)
def test_what_hides_for_its_own_counts(kind, counts, expected):
    assert primary(np.array([counts]), kind).tolist() == [expected]


def test_another_kind_of_target_is_refused():
    with pytest.raises(ValueError, match="share or a rate, got: 'mean'"):
        primary(np.zeros((1, 2), dtype=int), "mean")


# One relation.

STAR = [Relation(0, (1, 2, 3, 4))]


def star(*parts: tuple[int, int]) -> list[tuple[int, ...]]:
    return [tuple(np.sum(parts, axis=0).tolist()), *parts]


def test_a_part_alone_takes_the_smallest_with_it():
    assert partners(star((3, 30), (50, 60), (20, 20), (90, 80)), STAR) == ([1], [3])


def test_two_parts_that_are_one_and_two_take_a_third():
    assert partners(star((1, 30), (2, 40), (20, 20), (90, 80)), STAR) == ([1, 2], [3])


def test_the_smallest_is_left_where_it_does_not_close_the_gap():
    # The part (0, 9) is smaller, but leaves met at 0 to 3.
    assert partners(star((1, 30), (2, 40), (0, 9), (90, 80)), STAR) == ([1, 2], [4])


def test_one_count_may_be_tight_where_the_other_is_loose():
    assert partners(star((40, 1), (50, 3), (70, 9), (80, 5)), STAR) == ([1, 2], [3])


def test_parts_that_are_wide_together_need_no_other():
    assert partners(star((3, 30), (4, 40), (20, 20), (90, 80)), STAR) == ([1, 2], [])


def test_with_its_total_hidden_a_part_needs_no_other():
    assert partners(star((3, 30), (0, 0), (0, 0), (0, 9)), STAR) == ([0, 1], [])


def test_a_hidden_total_takes_a_part_with_it():
    counts = np.array(star((30, 30), (40, 40), (20, 20), (90, 80)))
    hidden = suppress(counts, STAR, mask(5, 0))
    assert np.flatnonzero(hidden).tolist() == [0, 3]
    assert_wide(counts, hidden, STAR)


def test_where_all_other_parts_are_empty_the_total_is_hidden_and_not_they():
    relations = [Relation(0, (1, 5)), Relation(1, (2, 3, 4))]  # part 1 of the whole has one part that is not empty
    counts = [(40, 50), (3, 30), (3, 30), (0, 0), (0, 0), (37, 20)]
    assert partners(counts, relations) == ([1, 2], [5])


def test_a_total_of_all_is_hidden_only_where_no_part_will_do():
    # Nobody met it anywhere: every part has 0, so no part widens the hidden 0.
    counts = star((0, 3), (0, 50), (0, 20), (0, 80))
    assert partners(counts, STAR) == ([1], [0])
    assert partners(counts, STAR, zeros=True) == ([1], [3])


def test_a_known_0_may_be_told_through_a_hidden_total():
    relations = [Relation(0, (1, 2, 3)), Relation(1, (4, 5))]
    counts = [(0, 200), (0, 3), (0, 100), (0, 97), (0, 1), (0, 2)]
    assert partners(counts, relations, zeros=True) == ([1, 4, 5], [3])
    assert 0 in partners(counts, relations)[1]


def test_a_relation_with_one_part_hides_both():
    counts = np.array([(30, 40), (30, 40), (60, 70), (30, 30)])
    relations = [Relation(0, (1,)), Relation(2, (0, 3))]
    hidden = suppress(counts, relations, mask(4, 1))
    assert hidden.tolist() == [True, True, False, True]


def test_nobody_anywhere_is_shown():
    assert partners([(0, 0)] * 5, STAR) == ([], [])


def test_where_all_are_small_all_are_hidden():
    assert partners(star((1, 0), (0, 1), (1, 1), (0, 1)), STAR) == ([0, 1, 2, 3, 4], [])


def test_a_hidden_cell_in_no_relation_needs_no_other():
    counts = np.array([*star((9, 9), (9, 9), (9, 9), (9, 9)), (2, 2)])
    assert suppress(counts, STAR, mask(6, 5)).tolist() == mask(6, 5).tolist()


def test_one_count_or_three_are_as_good_as_two():
    counts = np.array(star((3, 30), (50, 60), (20, 20), (90, 80)))
    assert suppress(counts[:, :1], STAR, mask(5, 1)).tolist() == mask(5, 1, 3).tolist()
    three = np.column_stack([counts, counts[:, 0]])
    assert suppress(three, STAR, mask(5, 1)).tolist() == mask(5, 1, 3).tolist()


def test_another_width_may_be_asked_for():
    counts = star((3, 30), (4, 40), (20, 20), (90, 80))
    assert partners(counts, STAR, width=10) == ([1, 2], [3])


# Relations that share cells.


def two_way(table: np.ndarray) -> tuple[np.ndarray, list[Relation]]:
    """A table with its margins and its total: cells, rows, columns, total."""
    rows, columns = table.shape[:2]
    cell = np.arange(rows * columns).reshape(rows, columns)
    row, col, total = cell.size + np.arange(rows), cell.size + rows + np.arange(columns), cell.size + rows + columns
    counts = np.concatenate([table.reshape(cell.size, 2), table.sum(axis=1), table.sum(axis=0), [table.sum((0, 1))]])
    rules = [Relation(row[i], cell[i]) for i in range(rows)] + [Relation(col[j], cell[:, j]) for j in range(columns)]
    return counts, [*rules, Relation(total, row), Relation(total, col)]


def test_in_a_two_way_table_three_others_close_a_rectangle():
    table = np.full((4, 5, 2), 40)
    table[1, 2] = (3, 40)
    table[1, 4] = table[3, 2] = table[3, 4] = (9, 12)
    counts, rules = two_way(table)
    assert partners(counts, rules) == ([7], [9, 17, 19])


@pytest.mark.parametrize("other, expected", [(3, 0), (2, 4)])
def test_a_block_is_as_wide_as_its_corners_can_fall_on_both_ways_round(other, expected):
    # Two corners of 2 can fall by 2, the two others by 3: together 5. Where all are 2,
    # it is 4 in both rows and both columns, and a partner helps one of them.
    table = np.full((4, 4, 2), 30)
    table[0, 0, 0] = table[1, 1, 0] = 2
    table[0, 1, 0] = table[1, 0, 0] = other
    assert len(partners(*two_way(table))[1]) == expected


def test_cells_that_rows_and_columns_pin_together_are_kept_apart():
    # Hidden for themselves are two blocks and a bridge between them: two in each row and column, the bridge is told.
    table = np.full((4, 4, 2), 30)
    for at in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (0, 2)):
        table[at] = (3, 30)
    counts, rules = two_way(table)
    low, high = feasible(counts, primary(counts, "share"), rules)
    assert low[2].tolist() == high[2].tolist() == [3, 30]
    assert len(partners(counts, rules)[1]) == 1


def test_a_staircase_is_kept_apart():
    table = np.full((3, 3, 2), 30)
    for at in ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2)):
        table[at] = (4, 30)
    counts, rules = two_way(table)
    low, high = feasible(counts, primary(counts, "share"), rules)
    assert (low == high).all()
    assert len(partners(counts, rules)[1]) <= 2


def test_a_cell_shared_by_two_relations_is_kept_apart_in_both():
    relations = [Relation(0, (1, 2, 3)), Relation(4, (3, 5, 6))]
    counts = [(90, 90), (40, 40), (30, 30), (20, 20), (60, 60), (30, 28), (10, 12)]
    hidden = suppress(np.array(counts), relations, mask(7, 3))
    assert np.flatnonzero(hidden).tolist() == [2, 3, 6]


def test_the_total_hidden_too_is_kept_apart_in_all_its_relations():
    relations = [Relation(0, (1, 2)), Relation(0, (3, 4, 5))]
    counts = [(3, 90), (1, 40), (2, 50), (0, 30), (3, 20), (0, 40)]
    assert partners(counts, relations) == ([0, 1, 2, 4], [])


def test_fewer_are_hidden_where_a_partner_of_one_serves_another():
    table = np.full((4, 4, 2), 50)
    table[0, 0] = table[2, 2] = (2, 50)
    counts, rules = two_way(table)
    assert len(partners(counts, rules)[1]) == 2  # (0, 2) and (2, 0)


# Cells that stay shown.


def test_a_cell_that_must_stay_shown_is_no_partner():
    counts = star((3, 30), (50, 60), (20, 20), (90, 80))
    assert partners(counts, STAR, fixed=mask(5, 3)) == ([1], [2])


@pytest.mark.parametrize("relations", [STAR, [*STAR, Relation(1, (5, 6)), Relation(7, (5, 8))]])
def test_where_what_stays_shown_gives_a_cell_away_that_is_said(relations):
    counts = np.array([*star((3, 30), (50, 60), (20, 20), (90, 80)), (3, 30), (0, 0), (53, 60), (50, 30)])
    with pytest.raises(ValueError, match="give a hidden one away"):
        suppress(counts, relations, mask(9, 1), fixed=~mask(9, 1, 5))


def test_a_cell_cannot_be_both():
    counts = np.array(star((3, 30), (50, 60), (20, 20), (90, 80)))
    with pytest.raises(ValueError, match="cannot stay shown"):
        suppress(counts, STAR, mask(5, 1), fixed=mask(5, 1))
    with pytest.raises(ValueError, match="yes or no of each cell"):
        suppress(counts, STAR, mask(4, 1))


# Any grid.


@st.composite
def grids(draw) -> tuple[np.ndarray, list[Relation]]:
    """A two-way table, with up to two stars under the total and a star under one of its rows: or a part of that."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    most = draw(st.sampled_from([2, 6, 12, 40]))
    number = st.one_of(st.just(0), st.integers(0, most))
    table = np.array(draw(st.lists(number, min_size=rows * columns * 2, max_size=rows * columns * 2)))
    counts, rules = two_way(table.reshape(rows, columns, 2))
    total = len(counts) - 1
    for whole in draw(st.lists(st.sampled_from([total, total, rows * columns]), max_size=3)):
        size = draw(st.integers(1, 5))
        cuts = np.sort(np.array(draw(st.lists(st.floats(0, 1), min_size=2 * size - 2, max_size=2 * size - 2))))
        ends = np.vstack([np.zeros(2), np.round(cuts.reshape(-1, 2) * counts[whole]), counts[whole]])
        rules.append(Relation(whole, len(counts) + np.arange(size)))
        counts = np.concatenate([counts, np.diff(ends, axis=0).astype(int)])
    return counts, rules


@settings(max_examples=30, deadline=None, derandomize=True)
@given(grids(), st.sampled_from(["share", "rate"]), st.booleans())
def test_no_hidden_count_can_be_worked_out(grid, kind, zeros):
    check(*grid, kind, zeros)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, derandomize=True)
@given(grids(), st.sampled_from(["share", "rate"]), st.booleans())
def test_no_hidden_count_can_be_worked_out_in_many_more_grids(grid, kind, zeros):
    check(*grid, kind, zeros)


def check(counts, relations, kind, zeros) -> None:
    own = primary(counts, kind)
    hidden = suppress(counts, relations, own, zeros=zeros)
    assert hidden[own].all()
    assert (hidden == suppress(counts, relations, own, zeros=zeros)).all()
    assert hidden.any() == own.any()
    assert_wide(counts, hidden, relations, zeros=zeros)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(grids())
def test_nothing_is_hidden_where_nothing_hides_for_its_own_counts(grid):
    counts, relations = grid
    assert not suppress(counts, relations, np.zeros(len(counts), dtype=bool)).any()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(grids())
def test_no_partner_can_be_spared(grid):
    counts, relations = grid
    own = primary(counts, "share")
    hidden = suppress(counts, relations, own)
    for cell in np.flatnonzero(hidden & ~own):
        fewer = hidden & (np.arange(len(own)) != cell)
        low, high = feasible(counts, fewer, relations)
        assert (high - low)[fewer].min() < 5
