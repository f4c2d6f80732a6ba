"""The sigmoid finds the bend that was put in, and says no where there is nothing to fit."""

import numpy as np
import pytest
import statsmodels.api as sm

from models.calibrate import fit_sigmoid, logistic_line
from models.scoring import sigmoid


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(11)
    logit = rng.normal(-1.5, 1.2, 4000)
    return logit, rng


def events(rng, risk) -> np.ndarray:
    return (rng.random(len(risk)) < risk).astype(float)


@pytest.mark.parametrize("a, b", [(1.0, 0.0), (0.5, -0.4), (1.8, 0.7)])
def test_it_finds_what_was_put_in(sample, a, b):
    logit, rng = sample
    found = fit_sigmoid(logit, events(rng, sigmoid(a * logit + b)))
    assert found == pytest.approx((a, b), abs=0.2)


def test_it_is_the_maximum_of_the_likelihood_by_another_solver(sample):
    logit, rng = sample
    y = events(rng, sigmoid(logit))
    intercept, slope = sm.Logit(y, sm.add_constant(logit)).fit(disp=0, tol=1e-12).params
    assert fit_sigmoid(logit, y) == pytest.approx((slope, intercept), rel=1e-8)


def test_after_it_the_mean_risk_is_the_share_of_events(sample):
    logit, rng = sample
    y = events(rng, sigmoid(0.6 * logit - 0.3))
    a, b = fit_sigmoid(logit, y)
    assert sigmoid(a * logit + b).mean() == pytest.approx(y.mean(), abs=1e-9)


def test_a_model_that_tells_nobody_apart_has_no_sigmoid(sample):
    logit, rng = sample
    y = events(rng, sigmoid(logit))
    assert fit_sigmoid(np.full_like(logit, -1.2), y) is None
    assert fit_sigmoid(logit, np.zeros_like(y)) is None
    assert fit_sigmoid(-logit, y) is None
    assert logistic_line(-logit, y)[0] < 0


def test_perfect_separation_has_no_finite_slope():
    logit = np.linspace(-2, 2, 200)
    assert fit_sigmoid(logit, (logit > 0).astype(float)) is None
