"""A month's figures are those of independent tools; of too few nothing is computed, and it is said."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import poisson
from sklearn.metrics import roc_auc_score

from models.watch import month_figures, oe_interval, poisson_interval


@pytest.fixture
def month():
    rng = np.random.default_rng(4)
    logit = rng.normal(-1.2, 1, 3000)
    y = (rng.random(3000) < 1 / (1 + np.exp(-logit))).astype(float)
    risk = 1 / (1 + np.exp(-(1.3 * logit + 0.2)))
    return risk, y, rng.uniform(1, 1.2, 3000)


def test_the_slope_and_its_interval_are_those_of_statsmodels(month):
    risk, y, weight = month
    told = month_figures(risk, y, weight, 0.3)
    x = sm.add_constant(np.log(risk / (1 - risk)))
    fitted = sm.GLM(y, x, family=sm.families.Binomial(), freq_weights=weight).fit()
    plain = month_figures(risk, y, None, 0.3)
    robust = sm.GLM(y, x, family=sm.families.Binomial()).fit(cov_type="HC0")
    assert told.slope == pytest.approx(fitted.params[1], abs=1e-8)
    assert plain.slope_interval == pytest.approx(tuple(robust.conf_int()[1]), abs=1e-6)
    shift = sm.GLM(y, x[:, :1], family=sm.families.Binomial(), offset=x[:, 1], freq_weights=weight).fit()
    assert told.intercept == pytest.approx(shift.params[0], abs=1e-8)


def test_area_and_ratio_are_those_of_their_definitions(month):
    risk, y, weight = month
    told = month_figures(risk, y, weight, 0.3)
    assert told.auroc == pytest.approx(roc_auc_score(y, risk, sample_weight=weight), abs=1e-10)
    assert told.oe == pytest.approx((weight @ y) / (weight @ risk))
    assert told.flag_rate == (risk >= 0.3).mean()
    assert told.scores == pytest.approx(np.quantile(risk, [0.1, 0.5, 0.9]))
    assert (told.n, told.events, told.too_few) == (3000, int(y.sum()), ())


@pytest.mark.parametrize("events", [0, 1, 7, 60])
def test_the_interval_is_exact(events):
    low, high = poisson_interval(events)
    assert poisson.cdf(events, high) == pytest.approx(0.025)
    assert low == 0 if events == 0 else poisson.sf(events - 1, low) == pytest.approx(0.025)


def test_weights_stretch_the_interval_as_they_stretch_the_ratio():
    low, high = oe_interval(20, 24.0, 30.0)
    assert (low, high) == pytest.approx(tuple(end * 1.2 / 30 for end in poisson_interval(20)))


def test_risks_half_as_high_again_are_seen(month):
    risk, y, _ = month
    right = 1 / (1 + np.exp(-((np.log(risk / (1 - risk)) - 0.2) / 1.3)))
    assert month_figures(right, y, None, 0.3).oe_interval[0] < 1 < month_figures(right, y, None, 0.3).oe_interval[1]
    assert month_figures(np.minimum(right * 1.5, 1), y, None, 0.3).oe_interval[1] < 0.8


def test_of_too_few_nothing_is_computed_and_it_is_said(month):
    risk, y, _ = (one[:60] for one in month)
    few = month_figures(risk, y, None, 0.3)
    assert few.slope is few.slope_interval is few.intercept is None
    assert "slope" in few.too_few
    tiny = month_figures(risk[:5], np.zeros(5), None, 0.3)
    assert tiny.oe is tiny.auroc is None
    assert tiny.too_few == ("oe", "auroc", "slope")
    nobody = month_figures(risk[:0], y[:0], None, 0.3)
    assert (nobody.n, nobody.flag_rate, nobody.scores) == (0, None, ())


def test_who_left_counts_nowhere_but_in_what_was_foreseen_of_all(month):
    risk, y, weight = (one.copy() for one in month)
    y[:500], weight[500:600] = np.nan, 0
    told = month_figures(risk, y, weight, 0.3)
    assert told.n == 2400
    assert told.expected == pytest.approx(weight[600:] @ risk[600:])
    assert told.flag_rate == (risk >= 0.3).mean()


def test_a_month_that_is_not_mature_tells_what_was_foreseen_alone(month):
    told = month_figures(month[0], None, None, 0.3)
    assert told.expected == pytest.approx(month[0].sum())
    assert told.events is told.observed is told.oe is told.slope is told.auroc is None


def test_risks_that_are_all_alike_have_no_slope():
    y = np.r_[np.ones(200), np.zeros(400)]
    told = month_figures(np.full(600, 0.3), y, None, 0.5)
    assert told.slope is None
    assert told.auroc == 0.5
