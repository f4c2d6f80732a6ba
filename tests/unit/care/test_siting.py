"""Houses stand where the weighted way is shortest, as trying every placing says."""

from itertools import combinations

import numpy as np
import pytest

from stratify.care.siting import p_median


def best(km, weight, houses):
    return min((weight * km[:, list(sites)].min(axis=1)).sum() for sites in combinations(range(km.shape[1]), houses))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("houses", [1, 2, 4])
def test_no_placing_is_better(seed, houses):
    draws = np.random.default_rng(seed)
    at = draws.uniform(0, 100, (9, 2))
    km = np.linalg.norm(at[:, None] - at[None], axis=2)
    weight = draws.uniform(0, 50, 9)
    found = p_median(km, weight, houses)
    assert len(found.sites) == houses
    assert (weight * found.distance(km)).sum() == pytest.approx(best(km, weight, houses))
    assert set(found.nearest) <= set(found.sites)


def test_as_many_houses_as_places_leave_no_way():
    km = np.array([[0.0, 3.0], [3.0, 0.0]])
    assert p_median(km, np.ones(2), 2).distance(km).tolist() == [0, 0]


@pytest.mark.parametrize(
    "km, weight, houses, told",
    [
        ([[0.0, 1.0]], [1.0], 3, "1 to 2 houses, got 3"),
        ([[0.0, 1.0]], [1.0], 0, "1 to 2 houses, got 0"),
        ([[0.0, np.nan]], [1.0], 1, "must be there"),
        ([[0.0, 1.0]], [-1.0], 1, "not below 0"),
    ],
)
def test_what_cannot_be_is_refused(km, weight, houses, told):
    with pytest.raises(ValueError, match=told):
        p_median(np.array(km), np.array(weight), houses)
