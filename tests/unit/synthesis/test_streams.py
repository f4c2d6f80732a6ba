"""Random numbers have an address: a person's depend on the seed, the purpose, the year and the person alone."""

import numpy as np
import pytest
from scipy import stats

from pipelines.synthesis.streams import Draws, events, hashed, nth, place_in_run, poisson, unit


@pytest.fixture
def draws():
    return Draws(seed=3, address=1000, count=500)


@pytest.mark.parametrize("columns", [4, 8, 48])
@pytest.mark.parametrize("start, stop", [(0, 1), (17, 250), (499, 500)])
def test_a_part_draws_what_the_whole_draws(draws, columns, start, stop):
    whole = draws.uniforms("onset", columns, 2019)
    np.testing.assert_array_equal(draws.part(start, stop).uniforms("onset", columns, 2019), whole[start:stop])
    np.testing.assert_array_equal(draws.part(start, stop).keys(), draws.keys()[start:stop])


@pytest.mark.parametrize("other", [Draws(4, 1000, 500), Draws(3, 2000, 500)])
def test_other_seeds_and_people_draw_other_numbers(draws, other):
    assert abs(np.corrcoef(draws.uniforms("a", 4).ravel(), other.uniforms("a", 4).ravel())[0, 1]) < 0.1


def test_purposes_and_years_draw_other_numbers(draws):
    first = draws.uniforms("a", 4, 2019)
    for second in (draws.uniforms("b", 4, 2019), draws.uniforms("a", 4, 2020)):
        assert not np.isin(first, second).any()


def test_columns_come_in_fours(draws):
    with pytest.raises(ValueError, match="multiple of 4"):
        draws.uniforms("a", 6)


def test_keys_are_all_different():
    assert len(np.unique(Draws(1, 0, 200_000).keys())) == 200_000


def test_hashed_details_are_uniform_and_independent():
    keys = Draws(1, 0, 50_000).keys()
    bits = hashed(keys, "event", np.zeros(len(keys), np.int64), 2020)
    columns = [unit(bits, place) for place in range(4)]
    columns.append(unit(hashed(keys, "event", np.ones(len(keys), np.int64), 2020)))
    columns.append(unit(hashed(keys, "event", np.zeros(len(keys), np.int64), 2021)))
    columns.append(unit(hashed(keys, "other", np.zeros(len(keys), np.int64), 2020)))
    for values in columns:
        assert stats.kstest(values, "uniform").pvalue > 1e-4
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 0.02


@pytest.mark.parametrize("mean", [0.001, 0.3, 1.0, 7.5, 60.0])
def test_poisson_counts_follow_their_distribution(mean):
    u = Draws(2, 0, 100_000).uniforms("poisson", 4)[:, 0]
    counts = poisson(u, np.full(len(u), mean))
    np.testing.assert_array_equal(counts, stats.poisson.ppf(u, mean).astype(int))


def test_a_higher_mean_never_gives_fewer_events():
    u = Draws(2, 0, 20_000).uniforms("poisson", 4)[:, 0]
    low, high = poisson(u, np.full(len(u), 0.8)), poisson(u, np.full(len(u), 0.8 / 0.85))
    assert (high >= low).all()
    assert (high > low).any()


def test_no_mean_is_no_event():
    u = np.array([0.0, 0.5, 1 - 2**-53])
    assert poisson(u, np.zeros(3)).tolist() == [0, 0, 0]


def test_events_are_numbered_person_by_person():
    counts = np.array([2, 0, 3])
    assert nth(counts).tolist() == [0, 1, 0, 1, 2]
    assert nth(np.zeros(0, np.int64)).tolist() == []
    keys = Draws(1, 0, 10).keys()
    person, bits = events(np.array([4, 5, 6]), counts, keys, "visit", 2020)
    assert person.tolist() == [4, 4, 6, 6, 6]
    np.testing.assert_array_equal(bits, hashed(keys[person], "visit", nth(counts), 2020))


def test_rows_are_numbered_within_their_person():
    assert place_in_run(np.array([4, 4, 7, 9, 9, 9])).tolist() == [0, 1, 0, 0, 1, 2]
    assert place_in_run(np.zeros(0, np.int64)).tolist() == []
