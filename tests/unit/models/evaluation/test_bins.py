"""What bins leave of the figures: nothing to speak of, and nothing at all where each risk has its own."""

import numpy as np
import pytest

from models.evaluation.bins import PART, WHOLE, column, edges_of, upward
from models.evaluation.measures import points
from models.evaluation.net_benefit import flagged
from models.evaluation.rows import arrange

NEAR = {"auroc": 1e-4, "auprc": 1e-4, "brier": 5e-5, "scaled_brier": 2e-4, "oe": 1e-12, "calibration_intercept": 1e-4}


def both(rows, number, also=(0.1, 0.2)):
    made = arrange(rows.y, rows.risk, weight=rows.weight)
    edges = edges_of(made.y, made.risk, made.weight, number, np.array(also))
    bins = column(made.y, made.risk, made.weight, edges).level(0)
    return points(made.y, made.risk, made.weight), bins.figures(bins.unit[None])


@pytest.mark.parametrize("seed", [1, 2])
def test_2000_bins_change_no_figure_by_more_than_a_hair(made, seed):
    exact, binned = both(made(100_000, seed=seed, bend=lambda line: 0.2 + 0.8 * line), WHOLE)
    for name, near in NEAR.items():
        assert binned[name][0] == pytest.approx(exact[name], abs=near), name
    assert binned["calibration_slope"][0] == pytest.approx(exact["calibration_slope"], abs=2e-4)


def test_250_bins_change_little(made):
    exact, binned = both(made(100_000), PART)
    for name in exact:
        assert binned[name][0] == pytest.approx(exact[name], abs=1e-3), name


def test_few_different_risks_have_a_bin_each_and_all_is_exact(made):
    exact, binned = both(made(3_000, decimals=2), WHOLE, also=())
    for name in exact:
        assert binned[name][0] == pytest.approx(exact[name], rel=1e-9), name


def test_thresholds_are_edges_so_what_lies_above_is_exact(made):
    rows = made(5_000)
    y, risk, weight = rows.y, rows.risk, rows.weight
    order = np.argsort(risk)
    y, risk, weight = y[order], risk[order], weight[order]
    cuts = np.array([0.05, 0.1, risk[4_000], 0.4, 0.9999])
    where = column(y, risk, weight, edges_of(y, risk, weight, 100, cuts))
    sums = upward(where.unit, where.at(cuts))[0]
    np.testing.assert_allclose(sums, np.stack(flagged(y, risk, weight, cuts)[::-1], axis=1), rtol=1e-12)
    np.testing.assert_allclose(upward(where.unit, where.at(np.array([0.0, np.inf])))[0].sum(axis=1), [weight.sum(), 0])


def test_levels_are_counted_apart_and_have_means_of_their_own(made):
    rows = made(2_000)
    order = np.argsort(rows.risk)
    y, risk, weight = rows.y[order], rows.risk[order], rows.weight[order]
    code = np.random.default_rng(0).integers(0, 3, 2_000)
    where = column(y, risk, weight, edges_of(y, risk, weight, 50, np.empty(0)), code, 4)
    for level in range(3):
        bins, here = where.level(level), code == level
        assert bins.unit.sum() == pytest.approx(weight[here].sum())
        assert bins.unit[:, 1].sum() == pytest.approx((weight * y)[here].sum())
        assert bins.count.sum() == here.sum()
        assert bins.risk @ bins.unit.sum(axis=1) == pytest.approx((weight * risk)[here].sum())
        assert bins.square @ bins.unit.sum(axis=1) == pytest.approx((weight * risk**2)[here].sum())
    assert where.level(3).unit.size == 0
