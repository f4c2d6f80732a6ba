"""What 1 to 4 people are behind is hidden, and nothing that is shown gives it away."""

import numpy as np
import pytest

from models.evaluation.small import Ledger, hidden_levels, people_in, widened


@pytest.mark.parametrize("rows_of_one", [1, 3])
def test_people_are_counted_once_in_each_level(rows_of_one):
    rng = np.random.default_rng(rows_of_one)
    person = np.repeat(np.arange(200), rows_of_one)
    code, y = rng.integers(0, 4, len(person)), rng.integers(0, 2, len(person)).astype(float)
    told = people_in(code, 5, person, y)
    for level in range(5):
        here = code == level
        assert told[level].tolist() == [
            len(set(person[here & which])) for which in (np.ones(len(y), bool), y == 1, y == 0)
        ]


def people(*levels):
    """(with the event, without) of each level, all of them different people."""
    return np.array([(a + b, a, b) for a, b in levels])


@pytest.mark.parametrize(
    "levels,hidden",
    [
        ([(50, 50), (60, 60)], [0, 0]),
        ([(4, 50), (3, 70), (60, 60)], [1, 1, 0]),
        ([(2, 50), (2, 70), (60, 60), (70, 70)], [1, 1, 1, 0]),  # 4 with the event in both together
        ([(50, 4), (5, 5), (60, 60)], [1, 1, 0]),  # the next smallest goes with it
        ([(4, 500), (90, 90), (60, 60)], [1, 0, 1]),
        ([(0, 5), (0, 50), (50, 60)], [0, 0, 0]),  # nobody with the event: shown
        ([(0, 4), (0, 20), (50, 60), (60, 60)], [1, 0, 1, 0]),  # one with both classes is taken, not the smallest
        ([(2, 40), (0, 20)], [1, 1]),
        ([(0, 0), (2, 40), (9, 9)], [0, 1, 1]),  # an empty level hides nothing
        ([(3, 90)], [1]),
    ],
)
def test_levels_with_1_to_4_people_take_the_next_smallest_with_them(levels, hidden):
    assert hidden_levels(people(*levels)).tolist() == [bool(one) for one in hidden]


@pytest.mark.parametrize("seed", range(40))
def test_neither_a_level_nor_the_sum_of_the_hidden_is_of_1_to_4(seed):
    rng = np.random.default_rng(seed)
    found = people(*rng.integers(0, rng.integers(6, 30), (rng.integers(2, 9), 2)))
    hidden = hidden_levels(found)
    assert not ((found[~hidden] > 0) & (found[~hidden] < 5)).any()
    if not hidden[found[:, 0] > 0].all():
        assert hidden.sum() != 1
        assert not ((found[hidden].sum(axis=0) > 0) & (found[hidden].sum(axis=0) < 5)).any()
    if not ((found > 0) & (found < 5)).any():
        assert not hidden.any()


def test_more_is_hidden_only_where_something_is():
    parts = np.array([[40, 30], [50, 10], [60, 20]])
    assert widened(np.zeros(3, bool), parts, 5).tolist() == [False, False, False]
    assert widened(np.array([True, False, False]), parts, 5).tolist() == [True, True, False]
    assert widened(np.array([True, True, True]), parts, 99).all()


def test_a_cut_is_hidden_by_1_to_4_rows_on_either_side():
    whole = np.array([100, 25])
    cuts = {(0, 0): False, (0, 5): False, (0, 4): True, (6, 20): False, (6, 22): True, (96, 25): True, (100, 25): False}
    for cut, hidden in cuts.items():
        assert Ledger(whole, 5).hides(np.array([cut])).tolist() == [hidden], cut


def test_a_cut_too_near_one_that_was_told_is_hidden_and_who_asks_first_is_told():
    ledger = Ledger(np.array([100, 50]), 5)
    assert ledger.hides(np.array([[30, 20], [32, 20], [35, 20], [39, 25], [40, 26]])).tolist() == [0, 1, 0, 1, 0]
    assert ledger.hides(np.array([[30, 20], [32, 20], [45, 31], [45, 30]])).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("outcome", [0, 1])
def test_rows_between_two_cuts_are_counted_by_people(outcome):
    whose = np.append(np.arange(100), np.repeat(np.arange(100, 104), 5))  # at the top twenty rows of four people
    y = np.full(120, float(outcome))
    cuts = np.array([20, 21, 24, 26])
    asked = np.stack([cuts, 0 * cuts] if outcome == 0 else [0 * cuts, cuts], axis=1)
    assert Ledger.of(y, whose, 25).hides(asked).tolist() == [1, 0, 1, 0]
    assert Ledger(np.array([120, 0] if outcome == 0 else [0, 120]), 25).hides(asked).tolist() == [1, 1, 1, 0]
