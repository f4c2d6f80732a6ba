"""Every figure against something independent: pairs counted one by one, sums by hand, another solver."""

import numpy as np
import pytest
import statsmodels.api as sm

from models.evaluation import measures
from models.evaluation.measures import to_logit

KEYS = {
    "n", "events", "prevalence", "mean_risk", "auroc", "auprc", "brier", "calibration_slope", "calibration_intercept",
}  # fmt: skip


@pytest.fixture(scope="module", params=[0, 1, 2])
def sample(request):
    rng = np.random.default_rng(request.param)
    risk = np.round(rng.beta(1, 5, 300), 2).clip(0.01, 0.99)  # rounded: ties between risks
    return (rng.random(300) < risk).astype(float), risk


def test_auroc_is_the_share_of_pairs_in_the_right_order(sample):
    y, risk = sample
    pairs = [(a > b) + 0.5 * (a == b) for a in risk[y == 1] for b in risk[y == 0]]
    assert measures(y, risk)["auroc"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_auprc_is_precision_summed_over_the_steps_of_recall(sample):
    y, risk = sample
    steps, found = 0.0, 0.0
    for cut in sorted(set(risk), reverse=True):
        told = risk >= cut
        recall = y[told].sum() / y.sum()
        steps += (recall - found) * y[told].mean()
        found = recall
    assert measures(y, risk)["auprc"] == pytest.approx(steps, abs=1e-12)


def test_brier_is_the_mean_squared_distance(sample):
    y, risk = sample
    by_hand = sum((p - o) ** 2 for o, p in zip(y.tolist(), risk.tolist(), strict=True)) / len(y)
    assert measures(y, risk)["brier"] == pytest.approx(by_hand, abs=1e-12)


def test_slope_is_that_of_another_solver(sample):
    y, risk = sample
    _, slope = sm.Logit(y, sm.add_constant(np.log(risk / (1 - risk)))).fit(disp=0, tol=1e-12).params
    assert measures(y, risk)["calibration_slope"] == pytest.approx(slope, rel=1e-8)


def test_intercept_moves_the_expected_number_of_events_to_the_observed(sample):
    y, risk = sample
    moved = np.log(risk / (1 - risk)) + measures(y, risk)["calibration_intercept"]
    assert (1 / (1 + np.exp(-moved))).sum() == pytest.approx(y.sum(), abs=1e-7)


def test_counts(sample):
    y, risk = sample
    told = measures(y, risk)
    assert (told["n"], told["events"]) == (300, int(y.sum()))
    assert told["prevalence"] == pytest.approx(y.mean())
    assert told["mean_risk"] == pytest.approx(risk.mean())
    assert set(told) == KEYS


def test_right_risks_have_slope_1_and_intercept_0():
    rng = np.random.default_rng(5)
    risk = rng.beta(1, 6, 60_000).clip(1e-4, 1 - 1e-4)
    told = measures((rng.random(60_000) < risk).astype(float), risk)
    assert told["calibration_slope"] == pytest.approx(1, abs=0.05)
    assert told["calibration_intercept"] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_one_class_leaves_open_what_needs_two(only):
    told = measures(np.full(20, only), np.linspace(0.1, 0.9, 20))
    for key in ("auroc", "auprc", "calibration_slope", "calibration_intercept"):
        assert told[key] is None
    assert told["brier"] is not None


def test_one_risk_for_all_has_an_intercept_but_no_slope():
    told = measures(np.array([0.0, 1.0, 0.0, 0.0]), np.full(4, 0.5))
    assert told["calibration_slope"] is None
    assert told["auroc"] == 0.5
    assert told["calibration_intercept"] == pytest.approx(np.log(0.25 / 0.75))


def test_perfect_risks_have_no_slope():
    y = np.array([0.0] * 50 + [1.0] * 50)
    assert measures(y, np.where(y == 1, 0.9, 0.1) + np.linspace(0, 0.05, 100))["calibration_slope"] is None


def test_no_rows_at_all():
    told = measures(np.empty(0), np.empty(0))
    assert told["n"] == 0
    assert {value for key, value in told.items() if key not in ("n", "events")} == {None}


@pytest.mark.parametrize("risk", [[0.1, 1.2], [0.1, -0.1], [0.1, np.nan], [0.1]])
def test_what_is_no_risk_is_refused(risk):
    with pytest.raises(ValueError, match="known outcomes as risks"):
        measures(np.array([0.0, 1.0]), np.array(risk))


def test_an_unknown_outcome_is_refused():
    with pytest.raises(ValueError, match="known outcomes"):
        measures(np.array([0.0, np.nan]), np.array([0.1, 0.2]))


def test_a_risk_of_0_or_1_has_a_large_logit_not_an_infinite_one():
    np.testing.assert_allclose(to_logit(np.array([0.0, 0.5, 1.0])), [-27.6, 0, 27.6], atol=0.1)
