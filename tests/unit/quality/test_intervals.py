"""Intervals agree with statsmodels and scipy; of nobody there is none."""

import numpy as np
import pytest
from scipy.stats import chi2

from stratify.quality.cases import YEAR
from stratify.quality.intervals import byar, newcombe, wilson
from stratify.quality.values import difference, valued

proportion = pytest.importorskip("statsmodels.stats.proportion")
SHARES = [(0, 10), (1, 10), (5, 10), (10, 10), (15, 50), (170, 1000), (3, 4000)]


@pytest.mark.parametrize("numerator, denominator", SHARES)
def test_wilson_agrees_with_statsmodels(numerator, denominator):
    expected = proportion.proportion_confint(numerator, denominator, method="wilson")
    assert [float(one) for one in wilson(numerator, denominator)] == pytest.approx(expected, abs=1e-12)


def test_many_at_once_are_each_as_alone():
    numerator, denominator = np.array(SHARES).T
    low, high = wilson(numerator, denominator)
    for at, (x, n) in enumerate(SHARES):
        assert (low[at], high[at]) == tuple(float(one) for one in wilson(x, n))
        assert 0 <= low[at] <= x / n <= high[at] <= 1


@pytest.mark.parametrize("observed", [0, 1, 2, 5, 10, 50, 400])
def test_byar_is_near_the_exact_poisson_interval(observed):
    low, high = byar(observed, 10.0)
    exact = (chi2.ppf(0.025, 2 * observed) / 2 if observed else 0, chi2.ppf(0.975, 2 * observed + 2) / 2)
    assert float(low) * 10 == pytest.approx(exact[0], abs=0.05)
    assert float(high) * 10 == pytest.approx(exact[1], abs=0.05)


@pytest.mark.parametrize("cells", [(56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20)])
def test_newcombe_agrees_with_statsmodels(cells):
    gap, low, high = (float(one) for one in newcombe(*cells))
    expected = proportion.confint_proportions_2indep(*cells, method="newcomb", compare="diff")
    assert (low, high) == pytest.approx(expected, abs=1e-9)
    assert gap == pytest.approx(cells[0] / cells[1] - cells[2] / cells[3])


def test_nobody_has_no_interval_and_is_not_divided_by():
    for low, high in (wilson(0, 0), byar(3, 0)):
        assert np.isnan(low)
        assert np.isnan(high)
    for unit in ("share", "rate", "ratio"):
        told = valued(unit, np.array([0, 5]), np.array([0, 0]) if unit != "share" else np.array([0, 5]))
        assert np.isnan(told.value[0])


def test_a_rate_is_for_a_thousand_years():
    told = valued("rate", 12, 4 * YEAR * 100)
    assert float(told.value) == pytest.approx(30)
    assert float(told.denominator) == pytest.approx(400)


def test_the_difference_of_rates_holds_what_simulation_holds():
    """Two true rates, 20,000 pairs of counts: their difference lies in the interval about 95 times in 100."""
    rng = np.random.default_rng(1)
    years, other_years = 300.0, 800.0
    events, other = rng.poisson(0.3 * years, 20_000), rng.poisson(0.25 * other_years, 20_000)
    one, two = (
        valued("rate", events, np.full(20_000, years * YEAR)),
        valued("rate", other, np.full(20_000, other_years * YEAR)),
    )
    _, low, high = difference(one, two)
    assert 0.94 < float(((low < 50) & (high > 50)).mean()) < 0.965
