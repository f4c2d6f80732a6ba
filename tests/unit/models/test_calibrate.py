"""The sigmoid finds the bend that was put in, strata move as far as they show, and nothing is fitted to nothing."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize, minimize_scalar

from models.calibrate import Calibration, fit_calibration, fit_sigmoid, logistic_line, shrunk_shift
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


# --- weights ---------------------------------------------------------------------------------------------------------


def test_a_row_that_weighs_three_is_three_rows(sample):
    logit, rng = sample
    y = events(rng, sigmoid(0.7 * logit))
    times = rng.integers(1, 5, len(y))
    each = fit_sigmoid(np.repeat(logit, times), np.repeat(y, times))
    assert fit_sigmoid(logit, y, times.astype(float)) == pytest.approx(each, rel=1e-9)
    model = sm.GLM(y, sm.add_constant(logit), family=sm.families.Binomial(), freq_weights=times)
    intercept, slope = model.fit(tol=1e-12).params
    assert fit_sigmoid(logit, y, times.astype(float)) == pytest.approx((slope, intercept), rel=1e-9)
    assert abs(fit_sigmoid(logit, y)[0] - slope) > 1e-4


def test_weights_between_are_weighed_by_another_solver_alike(sample):
    logit, rng = sample
    y, weight = events(rng, sigmoid(logit)), rng.uniform(0.8, 2.5, len(logit))

    def loss(ab):
        at = ab[0] * logit + ab[1]
        return (weight * (np.logaddexp(0, at) - y * at)).sum()

    found = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9}).x
    assert fit_sigmoid(logit, y, weight) == pytest.approx(tuple(found), abs=1e-5)


# --- two strata ------------------------------------------------------------------------------------------------------


def unshrunk(logit, y, weight):
    """The intercept with the logit as offset and its variance, by another library."""
    model = sm.GLM(y, np.ones(len(y)), family=sm.families.Binomial(), offset=logit, freq_weights=weight)
    fitted = model.fit(tol=1e-12)
    return float(fitted.params[0]), float(fitted.cov_params()[0, 0])


@pytest.mark.parametrize("moved", [-0.3, 0.1, 0.4])
def test_with_many_events_the_shift_is_that_of_the_normal_posterior(moved):
    rng = np.random.default_rng(3)
    logit = rng.normal(-1, 1, 40_000)
    y, weight = events(rng, sigmoid(logit + moved)), rng.uniform(0.9, 1.3, 40_000)
    estimate, variance = unshrunk(logit, y, weight)
    expected = estimate * 0.2**2 / (0.2**2 + variance)
    assert shrunk_shift(logit, y, weight, 0.2) == pytest.approx(expected, rel=0.01)
    assert expected == pytest.approx(moved, abs=0.05)


def test_with_few_events_it_stays_near_0(sample):
    logit, _ = sample
    some, ones = np.sort(logit)[:12], np.ones(12)
    y = np.zeros(12)
    y[:2] = 1  # two of twelve, where a twentieth of one is expected
    estimate, variance = unshrunk(some, y, ones)
    assert estimate > 2
    assert 0 < shrunk_shift(some, y, ones, 0.2) < 0.1
    assert shrunk_shift(some, y, ones, 0.2) < estimate * 0.2**2 / (0.2**2 + variance) + 0.1
    assert shrunk_shift(some, y, ones, 1e-4) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("at", [-9.0, -4.6, 0.0, 6.0])
@pytest.mark.parametrize("rows", [1, 300, 20_000])
def test_however_far_off_it_is_found_and_is_the_top_of_the_posterior(share, at, rows):
    """Steps of Newton's method swing out of all bounds for some of these."""
    y = np.zeros(rows)
    y[: round(share * rows)] = 1
    ones, logit = np.ones(rows), np.full(rows, at)

    def loss(shift):
        return (np.logaddexp(0, logit + shift) - y * (logit + shift)).sum() + shift**2 / (2 * 0.2**2)

    best = minimize_scalar(loss, bounds=(-15, 15), method="bounded", options={"xatol": 1e-9}).x
    found = shrunk_shift(logit, y, ones, 0.2)
    assert found == pytest.approx(best, abs=1e-4)
    if share in (0.0, 1.0):
        assert np.sign(found) == (1 if share else -1)


def test_strata_are_moved_apart_where_they_differ_and_only_there(sample):
    logit, rng = sample
    inside = rng.random(len(logit)) < 0.4
    ones = np.ones(len(logit))
    apart = fit_calibration(logit, events(rng, sigmoid(logit + np.where(inside, 0.5, -0.3))), ones, inside, 0.2)
    alike = fit_calibration(logit, events(rng, sigmoid(logit)), ones, inside, 0.2)
    assert 0.2 < apart.inside < 0.6
    assert -0.5 < apart.outside < -0.1
    assert max(abs(alike.inside), abs(alike.outside)) < 0.12


@pytest.mark.parametrize("who", [True, False])
def test_where_all_are_of_one_stratum_nothing_is_moved(sample, who):
    logit, rng = sample
    y, ones = events(rng, sigmoid(logit)), np.ones(len(logit))
    found = fit_calibration(logit, y, ones, np.full(len(logit), who), 0.2)
    assert found == Calibration(*fit_sigmoid(logit, y, ones))
    assert found.as_dict()["strata"] is None


def test_a_model_that_tells_nobody_apart_has_no_calibration(sample):
    logit, rng = sample
    y, ones = events(rng, sigmoid(logit)), np.ones(len(logit))
    assert fit_calibration(-logit, y, ones, rng.random(len(logit)) < 0.5, 0.2) is None


def test_the_calibrated_logit_is_the_formula():
    calibration = Calibration(0.8, -0.1, -0.02, 0.3)
    got = calibration.logit(np.array([1.0, 1.0]), np.array([False, True]))
    np.testing.assert_allclose(got, [0.8 - 0.1 - 0.02, 0.8 - 0.1 + 0.3])
    told = calibration.as_dict()
    assert told == {"method": "sigmoid", "a": 0.8, "b": -0.1, "strata": {"outside": -0.02, "inside": 0.3}}
