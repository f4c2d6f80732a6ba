"""Funnels: limits are exact, units without anybody are none, and those that vary too much widen the limits."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import binom, chi2, poisson

from stratify.quality.spc import funnel

SIZES = np.array([20.0, 50.0, 120.0, 300.0, 800.0, 2000.0])


@pytest.mark.parametrize("kind", ["p", "u"])
@pytest.mark.parametrize("size", [1, 7, 40, 333])
@pytest.mark.parametrize("centre", [0.004, 0.3, 0.985])
def test_a_unit_is_outside_exactly_when_its_count_or_one_further_out_has_at_most_that_chance(kind, size, centre):
    counts = np.arange(size + 1)
    law = binom(size, centre) if kind == "p" else poisson(size * centre)
    found = funnel(counts, np.full(size + 1, size), centre, kind=kind)
    low, high = law.cdf(counts), law.sf(counts - 1)
    exact = [np.where(low <= tail, -1, 0) + np.where(high <= tail, 1, 0) for tail in (0.025, 0.001)]
    narrow = dataclasses.replace(found, tau=0.0)
    low95, high95, low998, high998 = narrow.limits_at(np.full(size + 1, size))
    share = counts / size
    np.testing.assert_array_equal((share > high95).astype(int) - (share < low95), exact[0])
    np.testing.assert_array_equal((share > high998).astype(int) - (share < low998), exact[1])
    if not found.widened:
        np.testing.assert_array_equal(found.outside, exact[0] + exact[1])


def test_the_limits_are_the_interpolated_ones_worked_out_by_hand():
    # Poisson of mean 4: P(X ≤ 0) = 0.0183, P(X ≤ 1) = 0.0916; 0.025 lies 0.0067 above the first of 0.0733 between them
    found = funnel([4.0], [4.0], 1.0, kind="u")
    below, upto = poisson.cdf([0, 1], 4)
    assert found.lower95[0] == pytest.approx((1 - (upto - 0.025) / (upto - below)) / 4)
    # P(X ≥ 8) = 0.0511, P(X ≥ 9) = 0.0214
    eight, nine = poisson.sf([7, 8], 4)
    assert found.upper95[0] == pytest.approx((8 + (eight - 0.025) / (eight - nine)) / 4)


def test_limits_narrow_around_the_centre_as_units_grow():
    found = funnel(0.2 * SIZES, SIZES)
    assert found.centre == pytest.approx(0.2)
    for name, grows in (("lower95", 1), ("lower998", 1), ("upper95", -1), ("upper998", -1)):
        assert np.all(grows * np.diff(getattr(found, name)) > -1e-12)
    assert np.all(found.lower998 <= found.lower95)
    assert np.all(found.upper998 >= found.upper95)
    np.testing.assert_allclose(found.limits_at(SIZES), [found.lower95, found.upper95, found.lower998, found.upper998])


def test_about_5_and_0_2_percent_of_units_like_the_others_lie_outside():
    rng = np.random.default_rng(1)
    sizes = rng.integers(100, 3000, 20_000).astype(float)
    found = funnel(rng.binomial(sizes.astype(int), 0.15).astype(float), sizes, 0.15)
    assert np.mean(found.outside != 0) == pytest.approx(0.05, abs=0.008)
    assert np.mean(np.abs(found.outside) == 2) == pytest.approx(0.002, abs=0.001)
    assert not found.overdispersed


def test_units_outside_say_on_which_side_and_how_far():
    found = funnel([20, 20, 30, 40, 11, 3], [100.0] * 6, 0.2)
    assert found.outside.tolist() == [0, 0, 1, 2, -1, -2]


def test_a_unit_without_anybody_is_no_unit():
    found = funnel([5, 0, np.nan, 7], [50, 0, 40, np.nan])
    assert found.used.tolist() == [True, False, False, False]
    assert np.isnan(found.value[1:]).all()
    assert np.isnan(found.upper998[1:]).all()
    assert found.outside.tolist() == [0] * 4
    assert found.centre == 0.1
    nobody = funnel([0, 0], [0, 0])
    assert np.isnan(nobody.centre)
    assert nobody.outside.tolist() == [0, 0]


@pytest.mark.parametrize("kind", ["p", "u"])
def test_units_that_vary_beyond_chance_are_said_to_and_tau_is_how_much(kind):
    rng = np.random.default_rng(2)
    sizes = rng.integers(400, 4000, 400).astype(float)
    scaled = (np.arcsin(np.sqrt(0.3)) if kind == "p" else 1.0) + 0.05 * rng.standard_normal(400)
    true = np.sin(scaled) ** 2 if kind == "p" else scaled**2
    counted = rng.binomial(sizes.astype(int), true) if kind == "p" else rng.poisson(sizes * true)
    found = funnel(counted.astype(float), sizes, 1.0 if kind == "u" else None, kind=kind)
    assert found.overdispersed
    assert found.widened
    assert found.phi > 2
    assert found.p_overdispersion < 1e-6
    assert 0.035 < found.tau < 0.055  # winsorising takes some away
    assert np.mean(found.outside != 0) < 0.15
    same = rng.binomial(sizes.astype(int), 0.3) if kind == "p" else rng.poisson(sizes)
    narrow = funnel(same.astype(float), sizes, 0.3 if kind == "p" else 1.0, kind=kind)
    assert not narrow.overdispersed
    assert not narrow.widened
    assert np.all(found.upper95 > narrow.upper95 - 0.02)


def test_tau_of_units_of_one_size_is_what_phi_exceeds_chance_by():
    counted = np.random.default_rng(3).binomial(500, np.linspace(0.1, 0.3, 24)).astype(float)
    found = funnel(counted, np.full(24, 500.0))
    y = np.arcsin(np.sqrt(counted / 500))
    z = np.sort((y - np.arcsin(np.sqrt(counted.sum() / 12_000))) * 2 * np.sqrt(500))
    low, high = (z[2] + 0.3 * (z[3] - z[2]), z[20] + 0.7 * (z[21] - z[20]))  # the 10th and the 90th percentile of 24
    phi = np.mean(np.clip(z, low, high) ** 2)
    assert found.phi == pytest.approx(phi)
    assert found.p_overdispersion == pytest.approx(chi2.sf(24 * phi, 23))
    assert found.tau**2 == pytest.approx((24 * phi - 23) / (23 * 4 * 500))


def test_one_wild_unit_among_many_is_outside_and_does_not_widen_the_limits():
    counted = np.array([20, 22, 18, 21, 19, 20, 22, 18, 21, 19, 20, 90.0])
    found = funnel(counted, np.full(12, 100.0), 0.2)
    assert not found.overdispersed
    assert found.outside.tolist() == [0] * 11 + [2]


def test_few_units_that_vary_are_said_to_but_do_not_widen_their_own_limits():
    found = funnel([10, 50, 90, 10], [100.0] * 4, 0.4)
    assert found.overdispersed
    assert not found.widened
    assert found.outside.tolist() == [-2, 0, 2, -2]
    assert np.isnan(funnel([10, 50], [100.0] * 2).phi)


@pytest.mark.parametrize("centre, counted", [(0.0, [0.0] * 6), (1.0, [50.0] * 6)])
def test_a_centre_at_an_end_has_limits_there(centre, counted):
    found = funnel(counted, [50.0] * 6, centre)
    assert set(found.outside) == {0}
    assert np.all((found.lower998 >= 0) & (found.upper998 <= 1))


@pytest.mark.parametrize(
    "counted, over, how, told",
    [
        ([3.0], [2.0], {}, "do not exceed"),
        ([-1.0], [2.0], {}, "not below 0"),
        ([1.0], [2.0, 3.0], {}, "one length"),
        ([1.0], [2.0], {"kind": "xmr"}, "'p' or 'u'"),
    ],
)
def test_what_cannot_be_counted_is_refused(counted, over, how, told):
    with pytest.raises(ValueError, match=told):
        funnel(counted, over, **how)
