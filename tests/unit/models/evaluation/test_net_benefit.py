"""Net benefit and places in the top, counted row by row."""

import numpy as np
import pytest

from models.evaluation.net_benefit import capacity_cuts, flagged, net_benefit


@pytest.mark.parametrize("decimals", [1, 2, None])
def test_net_benefit_counted_row_by_row(made, decimals):
    rows = made(300, decimals=decimals)
    order = np.argsort(rows.risk)
    y, risk, weight = rows.y[order], rows.risk[order], rows.weight[order]
    cuts = np.array([0.05, 0.1, 0.2, 0.3, 0.95])
    told = net_benefit(*flagged(y, risk, weight, cuts), weight.sum(), cuts)
    for cut, value in zip(cuts, told, strict=True):
        worth = sum(w * (1 if o else -cut / (1 - cut)) for o, p, w in zip(y, risk, weight, strict=True) if p >= cut)
        assert value == pytest.approx(worth / weight.sum(), abs=1e-12)


def test_everybody_and_nobody_above():
    y, risk, weight = np.array([0.0, 1, 1]), np.array([0.2, 0.5, 0.5]), np.array([1.0, 2, 3])
    found, wrongly = flagged(y, risk, weight, np.array([0.0, 0.2, 0.5, 0.50001, np.inf]))
    assert found.tolist() == [5, 5, 5, 0, 0]
    assert wrongly.tolist() == [1, 1, 0, 0, 0]


def test_a_threshold_of_1_has_no_net_benefit():
    assert not np.isfinite(net_benefit(np.array([1.0]), np.array([1.0]), 4.0, np.array([1.0])))[0]


@pytest.mark.parametrize("decimals", [1, 2, None])
def test_the_top_is_as_large_as_places_allow(made, decimals):
    rows = made(400, decimals=decimals)
    risk, weight = np.sort(rows.risk), rows.weight
    shares = (0.01, 0.05, 0.1, 0.5)
    for share, cut in zip(shares, capacity_cuts(risk, weight, shares), strict=True):
        fits = [at for at in np.unique(risk) if weight[risk >= at].sum() <= share * weight.sum()]
        assert cut == min(fits) if fits else np.isnan(cut)


def test_a_hundredth_of_a_thousand_is_ten():
    risk = (np.arange(1000) + 1) / 1001
    assert (risk >= capacity_cuts(risk, np.ones(1000), (0.01, 0.07))[:, None]).sum(axis=1).tolist() == [10, 70]
