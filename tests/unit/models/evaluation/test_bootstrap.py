"""The draws: Poisson, by person, the same whatever the threads; their figures by other means; intervals that cover."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import chisquare, poisson
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluation import bootstrap, evaluate
from models.evaluation.bins import column, edges_of
from models.evaluation.bootstrap import draw, interval
from models.evaluation.core import above, core
from models.evaluation.rows import arrange


def drawn_times(n, draws, person=None, seed=5):
    """Return [draws, n] how often each row counts: every row has a bin of its own."""
    risk = (np.arange(n) + 1.0) / (n + 1)
    rows = arrange(np.arange(n) % 2, risk, person=person)
    where = column(rows.y, rows.risk, rows.weight, edges_of(rows.y, rows.risk, rows.weight, n, np.empty(0)))
    return draw({"one": where}, rows.weight, rows.identity, draws, seed)["one"][:, 0].sum(axis=-1)


def test_how_often_one_counts_is_poisson():
    times = drawn_times(2_000, 50)
    seen = np.bincount(times.ravel().astype(int), minlength=7)
    expected = np.append(poisson.pmf(range(6), 1), poisson.sf(5, 1)) * times.size
    assert chisquare(np.append(seen[:6], seen[6:].sum()), expected).pvalue > 0.001


def test_people_are_drawn_apart_and_draws_apart():
    times = drawn_times(2_000, 40) - 1
    between_draws = np.corrcoef(times)[np.triu_indices(40, 1)]
    assert np.abs(between_draws).max() < 5 / np.sqrt(2_000)
    sums = times.sum(axis=1) / np.sqrt(2_000)  # of people: of variance 1 if they are drawn apart
    assert 0.5 < sums.std() < 1.6
    assert not np.array_equal(times, drawn_times(2_000, 40, seed=6) - 1)


def test_a_person_counts_with_all_rows_or_with_none():
    times = drawn_times(300, 30, person=np.arange(300) // 3 - 7)
    np.testing.assert_array_equal(times[:, ::3], times[:, 1::3])
    np.testing.assert_array_equal(times[:, ::3], times[:, 2::3])
    assert times[:, ::3].std() > 0.9


def test_threads_and_their_number_change_nothing(monkeypatch):
    monkeypatch.setattr(bootstrap.os, "sched_getaffinity", lambda _: set(range(7)), raising=False)
    many = drawn_times(500, 33)
    monkeypatch.setattr(bootstrap.os, "sched_getaffinity", lambda _: {0}, raising=False)
    np.testing.assert_array_equal(many, drawn_times(500, 33))


def test_figures_of_a_draw_are_those_of_rows_counted_so_often(made):
    made_up = made(400, seed=8)
    rows = arrange(made_up.y, made_up.risk, weight=made_up.weight)
    cuts = np.array([0.1, 0.3])
    where = column(rows.y, rows.risk, rows.weight, edges_of(rows.y, rows.risk, rows.weight, 2_000, cuts))
    draws = draw({"one": where}, rows.weight, rows.identity, 12, 3)["one"][:, 0]
    bins = where.level(0)
    found = core(rows.y, rows.risk, rows.weight, bins, draws[:, bins.there]).drawn
    weights = draws[:, bins.there].sum(axis=-1)  # a bin each, in the rows' order
    assert weights.shape == (12, 400)
    top, total = above(rows.y, rows.risk, rows.weight, where, 0, draws, cuts), weights.sum(axis=1)
    for nth, weight in enumerate(weights):
        assert found["auroc"][nth] == pytest.approx(roc_auc_score(rows.y, rows.risk, sample_weight=weight), abs=1e-10)
        precision = average_precision_score(rows.y, rows.risk, sample_weight=weight)
        assert found["auprc"][nth] == pytest.approx(precision, abs=1e-10)
        assert found["brier"][nth] == pytest.approx(np.average((rows.y - rows.risk) ** 2, weights=weight), abs=1e-12)
        logit = np.log(rows.risk / (1 - rows.risk))
        line = sm.GLM(rows.y, sm.add_constant(logit), family=sm.families.Binomial(), freq_weights=weight).fit(tol=1e-13)
        assert found["calibration_slope"][nth] == pytest.approx(line.params[1], abs=1e-7)
        told = rows.risk >= 0.3
        worth = (weight[told] @ rows.y[told] - weight[told] @ (1 - rows.y[told]) * 0.3 / 0.7) / total[nth]
        assert top.benefit(cuts)[1][nth, 1] == pytest.approx(worth, abs=1e-12)


def oe_width(y, times, by_person):
    n = len(y)
    rows, who = np.repeat(y, times), np.repeat(np.arange(n), times)
    told = evaluate(rows, np.full(n * times, 0.2), person=who if by_person else None, bootstraps=400)["overall"]["oe"]
    return told["high"] - told["low"]


def test_rows_doubled_within_people_tell_no_more():
    y = (np.random.default_rng(2).random(1_500) < 0.25).astype(float)
    closed = 2 * 1.96 * y.std() / np.sqrt(len(y)) / 0.2
    once = oe_width(y, 1, True)
    assert once == pytest.approx(closed, rel=0.12)
    assert oe_width(y, 5, True) == pytest.approx(once, rel=1e-9)
    assert oe_width(y, 5, False) == pytest.approx(once / np.sqrt(5), rel=0.2)


def test_an_interval_is_moved_by_what_the_bins_are_off():
    drawn = np.linspace(0.4, 0.6, 101)
    told = interval(drawn, 0.53, 0.5)
    assert (told["low"], told["high"]) == (pytest.approx(0.435), pytest.approx(0.625))


def test_a_distance_has_its_draws_moved_to_the_value_and_not_below_0():
    told = interval(np.linspace(0.02, 0.04, 101), 0.005)
    assert told == {"value": 0.005, "low": 0.0, "high": pytest.approx(0.0145)}


def test_no_interval_where_many_draws_have_no_figure_and_none_of_no_value():
    drawn = np.where(np.arange(100) < 11, np.nan, 0.5)
    assert interval(drawn, 0.5, 0.5) == {"value": 0.5, "low": None, "high": None}
    assert interval(np.append(drawn, np.full(100, 0.5)), 0.5, 0.5) == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert interval(np.full(50, 0.5), np.nan, 0.5) == {"value": None, "low": None, "high": None}


@pytest.mark.slow
def test_19_of_20_intervals_cover_the_truth(made):
    bend = lambda line: 0.2 + 0.8 * line  # noqa: E731
    large = made(2_000_000, bend=bend, seed=99)
    away = np.abs(large.risk - large.truth)
    truth = {
        "auroc": roc_auc_score(large.y, large.risk),
        "brier": np.mean((large.risk - large.y) ** 2),
        "calibration_slope": 0.8,
        "oe": large.truth.mean() / large.risk.mean(),
        "ici": away.mean(),
    }
    hit = dict.fromkeys(truth, 0)
    for seed in range(100):
        rows = made(1_500, bend=bend, seed=seed)
        told = evaluate(rows.y.repeat(2), rows.risk.repeat(2), person=np.arange(3_000) // 2, bootstraps=200, seed=seed)[
            "overall"
        ]
        for name, value in truth.items():
            hit[name] += told[name]["low"] <= value <= told[name]["high"]
    assert min(hit.values()) >= 88, hit
