"""The exact figures against scikit-learn and statsmodels, with weights and equal risks."""

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from models.evaluation.logistic import logistic
from models.evaluation.measures import EXACT, points, to_logit


@pytest.fixture(scope="module", params=[(1, 2), (2, 2), (3, None)], ids=["ties", "more ties", "none alike"])
def case(request, made):
    seed, decimals = request.param
    rows = made(700, seed=seed, decimals=decimals, bend=lambda line: 0.3 + 0.8 * line)
    order = np.argsort(rows.risk, kind="stable")
    y, risk, weight = rows.y[order], rows.risk[order], rows.weight[order] * 0.37
    return y, risk, weight, points(y, risk, weight)


def test_auroc_average_precision_and_brier_are_those_of_scikit_learn(case):
    y, risk, weight, told = case
    assert told["auroc"] == pytest.approx(roc_auc_score(y, risk, sample_weight=weight), abs=1e-12)
    assert told["auprc"] == pytest.approx(average_precision_score(y, risk, sample_weight=weight), abs=1e-12)
    assert told["brier"] == pytest.approx(brier_score_loss(y, risk, sample_weight=weight), abs=1e-14)


def test_scaled_brier_compares_with_the_prevalence_for_everyone(case):
    y, _, weight, told = case
    share = np.average(y, weights=weight)
    nothing = brier_score_loss(y, np.full(len(y), share), sample_weight=weight)
    assert told["scaled_brier"] == pytest.approx(1 - told["brier"] / nothing, abs=1e-12)


def test_slope_and_intercept_are_those_of_a_weighted_regression(case):
    y, risk, weight, told = case
    logit, binomial = np.log(risk / (1 - risk)), sm.families.Binomial()
    line = sm.GLM(y, sm.add_constant(logit), family=binomial, freq_weights=weight).fit(tol=1e-13)
    shift = sm.GLM(y, np.ones(len(y)), family=binomial, offset=logit, freq_weights=weight).fit(tol=1e-13)
    assert told["calibration_slope"] == pytest.approx(line.params[1], abs=1e-8)
    assert told["calibration_intercept"] == pytest.approx(shift.params[0], abs=1e-8)


def test_observed_over_expected(case):
    y, risk, weight, told = case
    assert told["oe"] == pytest.approx((weight @ y) / (weight @ risk), rel=1e-13)


def test_a_weight_of_three_is_three_rows(made):
    rows = made(300, decimals=2)
    order = np.argsort(rows.risk, kind="stable")
    y, risk, times = rows.y[order], rows.risk[order], rows.weight[order].astype(int)
    once = points(y, risk, times.astype(float))
    again = points(np.repeat(y, times), np.repeat(risk, times), np.ones(times.sum()))
    assert again == pytest.approx(once, rel=1e-10)


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_one_class_has_a_distance_and_a_ratio_alone(only):
    told = points(np.full(9, only), np.linspace(0.1, 0.9, 9), np.ones(9))
    assert {name for name in EXACT if np.isfinite(told[name])} == {"brier", "oe"}


def test_risks_of_0_and_1_are_taken_as_they_are():
    y, risk = np.array([0.0, 1, 0, 1, 1]), np.array([0.0, 0.0, 0.5, 0.5, 1.0])
    told = points(y, risk, np.ones(5))
    assert told["auroc"] == roc_auc_score(y, risk)
    assert told["brier"] == pytest.approx(1.5 / 5)
    assert np.isfinite(told["calibration_slope"])
    np.testing.assert_allclose(to_logit(risk[[0, -1]]), [-27.6, 27.6], atol=0.1)


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(0)
    risk = np.sort(rng.beta(1, 5, 300).round(2).clip(0.01, 0.99))
    y = (rng.random(300) < risk).astype(float)
    pairs = [(a > b) + 0.5 * (a == b) for a in risk[y == 1] for b in risk[y == 0]]
    assert points(y, risk, np.ones(300))["auroc"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_right_risks_have_slope_1_and_intercept_0():
    rng = np.random.default_rng(5)
    risk = np.sort(rng.beta(1, 6, 60_000).clip(1e-4, 1 - 1e-4))
    told = points((rng.random(60_000) < risk).astype(float), risk, np.ones(60_000))
    assert told["calibration_slope"] == pytest.approx(1, abs=0.05)
    assert told["calibration_intercept"] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("risk", [[0.5] * 8, [0.1] * 4 + [0.9] * 4], ids=["one risk for all", "perfect"])
def test_there_is_no_slope_where_none_is_finite(risk):
    told = points(np.repeat([0.0, 1.0], 4), np.array(risk), np.ones(8))
    assert np.isnan(told["calibration_slope"])
    assert np.isfinite([told["auroc"], told["calibration_intercept"]]).all()


def test_of_no_rows_nothing_is_said():
    assert np.isnan([*points(np.empty(0), np.empty(0), np.empty(0)).values()]).all()


def test_no_expected_events_have_no_ratio():
    assert np.isnan(points(np.array([0.0, 1.0]), np.zeros(2), np.ones(2))["oe"])


def test_many_regressions_at_once_are_each_that_of_statsmodels():
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    total = rng.integers(0, 9, (5, 60)).astype(float)
    events = rng.binomial(total.astype(int), 0.3).astype(float)
    found = logistic(total, events, x, np.zeros(60), np.zeros(3))
    for line in range(5):
        there = total[line] > 0
        both = np.column_stack([events[line], total[line] - events[line]])[there]
        theirs = sm.GLM(both, x[there], family=sm.families.Binomial()).fit(tol=1e-13)
        np.testing.assert_allclose(found[line], theirs.params, atol=1e-8)


@pytest.mark.parametrize(
    "events,x",
    [([0, 0, 0, 0], [0, 1, 2, 3]), ([1, 1, 1, 1], [0, 1, 2, 3]), ([0, 0, 1, 1], [0, 1, 2, 3]), ([0, 1, 0, 1], [2] * 4)],
    ids=["no events", "events only", "separated", "one value"],
)
def test_a_regression_without_an_answer_has_none(events, x):
    columns = np.column_stack([np.ones(4), np.array(x, dtype=float)])
    found = logistic(np.ones((1, 4)), np.array([events], dtype=float), columns, np.zeros(4), np.zeros(2))
    assert np.isnan(found).all()
