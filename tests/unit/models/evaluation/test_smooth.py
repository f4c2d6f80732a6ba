"""The smooth calibration curve and ICI: against the truth, lowess, and statsmodels on the same columns."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.nonparametric.smoothers_lowess import lowess

from models.evaluation.bins import column, edges_of
from models.evaluation.rows import arrange
from models.evaluation.smooth import basis, curve, distances, knots_of, on_curve, weighted_quantile

BENDS = {
    "too extreme": lambda line: -0.2 + 0.8 * line,
    "bent": lambda line: line + 0.5 * np.sin(line),
    "arched": lambda line: line - 0.08 * (line + 2) ** 2 + 0.2,
    "right": lambda line: line,
}


def bins_of(y, risk, weight=None, number=1000):
    rows = arrange(y, risk, weight=weight)
    edges = edges_of(rows.y, rows.risk, rows.weight, number, np.empty(0))
    return column(rows.y, rows.risk, rows.weight, edges).level(0)


def ici(bins):
    return bins.figures(bins.unit[None])["ici"][0]


@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
def test_ici_lies_by_that_of_lowess(made, bend):
    rows = made(20_000, bend=bend, seed=3)
    seen = lowess(rows.y, rows.risk, frac=0.3, it=0, delta=0.002, return_sorted=False)
    assert ici(bins_of(rows.y, rows.risk)) == pytest.approx(np.abs(rows.risk - seen).mean(), abs=0.002)


@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
def test_ici_e50_and_e90_lie_by_the_truth(made, bend):
    rows = made(300_000, bend=bend, seed=4)
    bins = bins_of(rows.y, rows.risk)
    away, told = np.abs(rows.risk - rows.truth), bins.figures(bins.unit[None])
    assert told["ici"][0] == pytest.approx(away.mean(), abs=0.0015)
    assert told["e50"][0] == pytest.approx(np.median(away), abs=0.003)
    assert told["e90"][0] == pytest.approx(np.quantile(away, 0.9), abs=0.004)


def test_the_number_of_bins_does_not_matter(made):
    rows = made(100_000, bend=BENDS["bent"])
    assert ici(bins_of(rows.y, rows.risk, number=250)) == pytest.approx(ici(bins_of(rows.y, rows.risk)), abs=1e-4)


def test_the_curve_is_a_regression_on_its_columns(made):
    rows = made(500, decimals=2)
    bins = bins_of(rows.y, rows.risk)
    x = basis(bins.risk, bins.knots)
    theirs = sm.GLM(bins.unit[:, ::-1], x, family=sm.families.Binomial()).fit(tol=1e-13)
    ours = curve(bins.unit.sum(axis=1)[None], bins.unit[:, 1][None], x)
    np.testing.assert_allclose(on_curve(ours, x)[0], theirs.fittedvalues, atol=1e-9)


def test_the_spline_is_straight_beyond_its_outer_knots_and_smooth_within():
    knots = np.array([-4.0, -3, -2, -1, 0])
    line = np.linspace(-8, 4, 4801)
    x = basis(1 / (1 + np.exp(-line)), knots)
    assert x.shape == (4801, 5)
    bend = np.diff(x[:, 2:], n=2, axis=0) / (line[1] - line[0]) ** 2
    outside = (line[1:-1] < -4.01) | (line[1:-1] > 0.01)
    assert np.abs(bend[outside]).max() < 1e-6
    assert (np.abs(bend).max(axis=0) > 0.1).all()
    assert np.abs(np.diff(bend, axis=0)).max() < 0.01  # no corner


def test_knots_go_with_what_there_is_to_bend():
    risk = np.linspace(0.01, 0.9, 400)
    total, events = np.full(400, 10.0), np.full(400, 3.0)
    assert [len(knots_of(risk, total, events, fewest)) for fewest in (1200, 100, 99, 20, 19, 0)] == [5, 5, 3, 3, 0, 0]
    assert len(knots_of(np.array([0.1, 0.2]), np.ones(2), np.ones(2), 500)) == 0


def test_weights_are_rows(made):
    rows = made(400, decimals=2)
    times = rows.weight.astype(int)
    weighted = bins_of(rows.y, rows.risk, rows.weight)
    repeated = bins_of(np.repeat(rows.y, times), np.repeat(rows.risk, times))
    assert weighted.knots.tolist() == repeated.knots.tolist() or len(repeated.knots) == 5
    x = basis(weighted.risk, repeated.knots)
    one, other = (curve(b.unit.sum(axis=1)[None], b.unit[:, 1][None], x) for b in (weighted, repeated))
    np.testing.assert_allclose(one, other, rtol=1e-8)


def test_distances_by_hand():
    told = distances(np.array([0.1, 0.2, 0.3]), np.array([[5.0, 4.0, 1.0]]), np.array([[0.11, 0.17, 0.8]]))
    assert told["ici"][0] == pytest.approx((5 * 0.01 + 4 * 0.03 + 0.5) / 10)
    assert (told["e50"][0], told["e90"][0]) == (pytest.approx(0.01), pytest.approx(0.03))


@pytest.mark.parametrize("seed", range(3))
def test_weighted_quantiles_are_those_of_rows_repeated(seed):
    rng = np.random.default_rng(seed)
    values, times = np.sort(rng.random(40)), rng.integers(0, 5, 40)
    at = (0.05, 0.25, 0.5, 0.9)
    theirs = np.quantile(np.repeat(values, times), at, method="inverted_cdf")
    np.testing.assert_allclose(weighted_quantile(values, times[None].astype(float), at)[:, 0], theirs)
