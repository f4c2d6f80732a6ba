"""What 1 to 4 people are behind is hidden, and nothing that is shown gives it away."""

import numpy as np
import pytest

from models.evaluate.small import hidden_levels, merged, people_in, too_few_rows


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


@pytest.mark.parametrize("seed", range(20))
def test_no_sum_of_hidden_levels_is_of_1_to_4_when_all_have_both_classes(seed):
    rng = np.random.default_rng(seed)
    found = people(*rng.integers(1, 12, (rng.integers(2, 7), 2)))
    hidden = hidden_levels(found)
    shown = found[~hidden]
    assert not ((shown > 0) & (shown < 5)).any()
    assert hidden.sum() != 1
    if hidden.sum() >= 2 and not ((found > 0) & (found < 5))[hidden].all():
        assert found[hidden][:, 0].sum() >= 5


def test_a_cut_is_hidden_by_1_to_4_rows_on_either_side():
    count, whole = np.array([[0, 0], [0, 5], [0, 4], [6, 20], [6, 22], [96, 25], [100, 25]]), np.array([100, 25])
    assert too_few_rows(count, whole, 5).tolist() == [False, False, True, False, True, True, False]


@pytest.mark.parametrize("seed", range(30))
def test_merged_bins_have_none_or_enough_of_each_class_and_keep_all(seed):
    rng = np.random.default_rng(seed)
    count = rng.poisson(rng.gamma(0.3, 6, (40, 2)))
    count[:, 1] += (count.sum(axis=0)[1] < 5) * 5
    starts = merged(count, 5)
    sums = np.add.reduceat(count, starts, axis=0)
    assert starts[0] == 0
    assert (sums.sum(axis=0) == count.sum(axis=0)).all()
    assert not ((sums > 0) & (sums < 5)).any()


def test_bins_that_suffice_stay_apart():
    assert merged(np.array([[9, 0], [8, 5], [7, 6]]), 5).tolist() == [0, 1, 2]
    assert merged(np.array([[1, 0], [1, 1]]), 5).tolist() == [0]
