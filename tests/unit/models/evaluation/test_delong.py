"""DeLong's test against its definition, pair by pair, and against what drawing anew says."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm
from sklearn.metrics import roc_auc_score

from models.evaluation import delong
from stratify.errors import DataError


def by_pairs(y, *risks):
    """DeLong, DeLong and Clarke-Pearson 1988, equations 3 to 6, in O(n²)."""
    areas, placed_1, placed_0 = [], [], []
    for risk in risks:
        kernel = (risk[y == 1][:, None] > risk[y == 0]) + 0.5 * (risk[y == 1][:, None] == risk[y == 0])
        areas.append(kernel.mean())
        placed_1.append(kernel.mean(axis=1))
        placed_0.append(kernel.mean(axis=0))
    s1, s0 = np.cov(placed_1), np.cov(placed_0)
    return areas, s1 / (y == 1).sum() + s0 / (y == 0).sum()


def area(y, risk):
    return mannwhitneyu(risk[y == 1], risk[y == 0], method="asymptotic").statistic / (y.sum() * (1 - y).sum())


@pytest.fixture(params=[1, 2, 3])
def case(request):
    rng = np.random.default_rng(request.param)
    line = rng.normal(-1, 1, 250)
    y = (rng.random(250) < 1 / (1 + np.exp(-line))).astype(float)
    a, b = (1 / (1 + np.exp(-(line + rng.normal(0, noise, 250)))) for noise in (0.5, 1.5))
    return y, a.round(2), b


def test_areas_error_and_p_are_those_of_the_definition(case):
    y, a, b = case
    told = delong(y, a, b)
    (area_a, area_b), covariance = by_pairs(y, a, b)
    se = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert told["auroc_a"] == pytest.approx(roc_auc_score(y, a), abs=1e-12) == pytest.approx(area_a, abs=1e-12)
    assert told["auroc_b"] == pytest.approx(area_b, abs=1e-12)
    assert told["se"] == pytest.approx(se, rel=1e-9)
    assert told["se_a"] == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-9)
    assert told["se_b"] == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-9)
    assert told["p"] == pytest.approx(2 * norm.sf(abs(area_a - area_b) / se), rel=1e-9)
    assert told["high"] - told["difference"] == pytest.approx(1.959964 * se, rel=1e-6)
    assert told["low"] + told["high"] == pytest.approx(2 * told["difference"])


def test_the_error_is_that_of_drawing_anew(case):
    y, a, b = case
    rng, drawn = np.random.default_rng(0), []
    for _ in range(200):
        rows = rng.integers(0, len(y), len(y))
        drawn.append(area(y[rows], a[rows]) - area(y[rows], b[rows]))
    assert delong(y, a, b)["se"] == pytest.approx(np.std(drawn), rel=0.15)


def test_turned_round_it_says_the_opposite(case):
    y, a, b = case
    one, other = delong(y, a, b), delong(y, b, a)
    assert one["difference"] == pytest.approx(-other["difference"], abs=1e-15)
    assert (one["se"], one["p"]) == (pytest.approx(other["se"]), pytest.approx(other["p"]))


def test_a_risk_beside_itself_in_another_measure_differs_in_nothing(case):
    y, a, _ = case
    told = delong(y, a, a**2)
    assert (told["difference"], told["se"], told["p"]) == (0.0, 0.0, 1.0)


def test_p_is_evenly_spread_where_neither_is_better():
    rng, found = np.random.default_rng(7), []
    for _ in range(200):
        y = np.repeat([0.0, 1.0], 60)
        found.append(delong(y, *(norm.cdf(rng.normal(0.8 * y)) for _ in range(2)))["p"])
    assert 0.015 < np.mean(np.array(found) < 0.05) < 0.095


@pytest.mark.parametrize("y", [[0, 0, 0, 1], [1, 1, 1, 1]])
def test_two_of_each_class_are_needed(y):
    with pytest.raises(DataError, match="at least two rows"):
        delong(y, [0.1, 0.2, 0.3, 0.4], [0.4, 0.2, 0.3, 0.1])


def test_what_is_no_risk_is_refused():
    with pytest.raises(DataError, match="risk: values within"):
        delong([0, 1, 0, 1], [0.1, 0.2, 0.3, 1.4], [0.4, 0.2, 0.3, 0.1])
