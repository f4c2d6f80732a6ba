"""Control charts: which points make limits, which are judged, and where each kind's limits lie."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import norm

from stratify.quality.spc import chart, charts, first_rule
from stratify.quality.spc.limits import KINDS, RATES

RNG = np.random.default_rng(11)
SIZES = RNG.integers(60, 140, 30).astype(float)
COUNTS = RNG.binomial(SIZES.astype(int), 0.2).astype(float)
LINES = ("centre", "lower", "upper", "lower95", "upper95")


def given(kind):
    return (COUNTS, SIZES) if kind in RATES else (COUNTS, None)


def lines(found):
    return np.array([getattr(found, name) for name in LINES])


# --- limits by hand ---------------------------------------------------------------------------------------------------


def test_a_share_has_the_limits_of_a_binomial():
    found = chart("p", COUNTS, SIZES)
    share = COUNTS.sum() / SIZES.sum()
    np.testing.assert_allclose(found.upper, share + 3 * np.sqrt(share * (1 - share) / SIZES))
    np.testing.assert_allclose(found.lower95, share - 2 * np.sqrt(share * (1 - share) / SIZES))
    assert found.sigma_z is None


def test_a_rate_has_the_limits_of_a_poisson_and_is_told_per_thousand():
    found = chart("u", COUNTS, SIZES, multiply=1000)
    rate = COUNTS.sum() / SIZES.sum()
    np.testing.assert_allclose(found.upper, 1000 * (rate + 3 * np.sqrt(rate / SIZES)))
    np.testing.assert_allclose(found.value, 1000 * COUNTS / SIZES)


def test_limits_of_shares_stay_within_0_and_1_and_of_rates_above_0():
    low = chart("p", [0, 1, 0, 2, 0, 1], [10.0] * 6)
    assert low.lower.tolist() == [0] * 6
    high = chart("p", [10, 9, 10, 10], [10.0] * 4)
    assert high.upper.tolist() == [1] * 4
    assert chart("u", [1, 0, 2, 1], [5.0] * 4).lower.tolist() == [0] * 4
    assert chart("c", [1, 0, 2, 1]).lower.tolist() == [0] * 4


def test_a_run_chart_has_the_median_and_no_limits():
    found = chart("run", COUNTS, SIZES)
    assert set(found.centre) == {np.median(COUNTS / SIZES)}
    assert np.isnan(lines(found)[1:]).all()
    assert not found.outside.any()
    assert chart("run", COUNTS[:29]).centre[0] == np.median(COUNTS[:29])


def test_times_between_events_are_charted_as_nearly_normal():
    times = RNG.exponential(20, 30)
    found = chart("t", times, screen=False)
    root = times ** (1 / 3.6)
    sigma = np.abs(np.diff(root)).mean() / 1.128
    assert found.centre[0] == pytest.approx(root.mean() ** 3.6)
    assert found.upper[0] == pytest.approx((root.mean() + 3 * sigma) ** 3.6)
    assert found.lower[0] == pytest.approx(max(root.mean() - 3 * sigma, 0) ** 3.6)
    np.testing.assert_array_equal(found.value, times)
    # a time of 0 makes the limits that a tenth of a day would
    zero, tenth = np.append(times, 0.0), np.append(times, 0.1)
    np.testing.assert_allclose(lines(chart("t", zero)), lines(chart("t", tenth)))


def test_moving_ranges_of_stable_values_give_their_standard_deviation():
    value = np.random.default_rng(1).normal(50, 4, (400, 60))
    found = charts("xmr", value, screen=False)
    assert ((found.upper - found.centre) / 3).mean() == pytest.approx(4, rel=0.02)
    assert found.outside.mean() == pytest.approx(2 * norm.sf(3), abs=0.002)


def test_the_prime_is_as_wide_as_the_shares_vary():
    rng = np.random.default_rng(2)
    true = 0.3 + 0.03 * rng.standard_normal((400, 60))
    counted = rng.binomial(5000, true).astype(float)
    over = np.full_like(counted, 5000)
    found = charts("p_prime", counted, over)
    wanted = np.sqrt(0.03**2 + 0.3 * 0.7 / 5000)
    assert ((found.upper - found.centre) / 3).mean() == pytest.approx(wanted, rel=0.02)
    plain = charts("p", counted, over)
    ratio = (found.upper - found.centre) / (plain.upper - plain.centre)
    np.testing.assert_allclose(ratio, np.broadcast_to(found.sigma_z[:, None], ratio.shape))


# --- which points count -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RATES)
@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_a_denominator_of_nobody_is_no_point(kind, nothing):
    counted, over = COUNTS.copy(), SIZES.copy()
    counted[7], over[7] = 0.0, nothing
    found = chart(kind, counted, over)
    assert np.isnan(found.value[7])
    assert not found.used[7]
    assert not any(flags[7] for flags in found.flagged.values())
    without = chart(kind, np.delete(counted, 7), np.delete(over, 7))
    np.testing.assert_allclose(np.delete(lines(found), 7, axis=1), lines(without))
    assert found.runs == without.runs


@pytest.mark.parametrize("kind", RATES)
def test_a_hidden_rate_has_no_limits_that_would_tell_its_denominator(kind):
    counted = COUNTS.copy()
    counted[7] = np.nan
    found = chart(kind, counted, SIZES)
    assert np.isnan(lines(found)[1:, 7]).all()
    other = SIZES.copy()
    other[7] = 3.0
    np.testing.assert_array_equal(lines(chart(kind, counted, other)), lines(found))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_excluded_or_immature_moves_no_limit_and_is_never_flagged(kind):
    counted, over = given(kind)
    plain = chart(kind, counted, over, exclude=[4, 9], immature=np.arange(30) >= 28)
    wild = counted.copy()
    wild[[4, 9, 28, 29]] = over[[4, 9, 28, 29]] if over is not None else 1e4
    found = chart(kind, wild, over, exclude=[4, 9], immature=np.arange(30) >= 28, rules="nhs")
    np.testing.assert_allclose(lines(found), lines(plain))
    assert not np.any([flags[[4, 9, 28, 29]] for flags in found.flagged.values()])
    assert found.runs == plain.runs
    assert found.value[4] > plain.value[4]  # drawn all the same


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_baseline_alone_makes_the_limits_but_all_points_are_judged(kind):
    counted, over = given(kind)
    found = chart(kind, counted, over, freeze=20)
    alone = chart(kind, counted[:20], None if over is None else over[:20])
    np.testing.assert_allclose(lines(found)[:, :20], lines(alone))
    assert found.used.all()
    assert found.baseline.tolist() == [True] * 20 + [False] * 10
    later = counted.copy()
    later[20:] = 0
    np.testing.assert_allclose(lines(chart(kind, later, over, freeze=20)), lines(found))


@pytest.mark.parametrize("kind", KINDS)
def test_each_part_is_a_chart_of_its_own(kind):
    counted, over = given(kind)
    found = chart(kind, counted, over, split=[14], rules="nhs")
    assert found.part.tolist() == [0] * 14 + [1] * 16
    for nth, at in enumerate((slice(0, 14), slice(14, 30))):
        alone = chart(kind, counted[at], None if over is None else over[at], rules="nhs")
        np.testing.assert_allclose(lines(found)[:, at], lines(alone))
        assert found.runs[nth] == alone.runs[0]
        for rule, flags in found.flagged.items():
            assert flags[at].tolist() == alone.flagged[rule].tolist()


def test_a_freeze_ends_where_a_second_part_begins():
    found = chart("xmr", COUNTS, freeze=10, split=[14])
    assert found.baseline.tolist() == [True] * 10 + [False] * 4 + [True] * 16


@pytest.mark.parametrize("kind", KINDS)
def test_many_charts_are_each_the_chart_of_its_series(kind):
    rng = np.random.default_rng(3)
    over = rng.integers(50, 90, (40, 26)).astype(float)
    counted = rng.binomial(over.astype(int), 0.15).astype(float)
    over[rng.random(over.shape) < 0.05] = 0
    counted = np.where(over > 0, counted, 0)
    counted[5, :] = 4
    immature = rng.random(over.shape) < 0.1
    sizes = over if kind not in ("c", "t") else None
    how = {"freeze": 18, "exclude": [3], "rules": "nhs"}
    many = charts(kind, counted, sizes, immature=immature, **how)
    for nth in range(40):
        one = chart(kind, counted[nth], None if sizes is None else sizes[nth], immature=immature[nth], **how)
        np.testing.assert_array_equal(lines(one), [getattr(many, name)[nth] for name in LINES])
        assert one.runs == (many.runs[0].one(nth),)
        assert one.signal == many.signal[nth]
        for rule, flags in one.flagged.items():
            np.testing.assert_array_equal(flags, many.flagged[rule][nth])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("points", [1, 2, 3])
def test_a_few_points_and_points_that_all_are_none_make_a_chart_without_a_signal(kind, points):
    sizes = [40.0] * points
    for counted in ([4.0] * points, [np.nan] * points):
        found = chart(kind, counted, sizes, rules="nhs")
        assert not found.signal
        assert len(found.value) == points


def test_values_that_do_not_vary_are_never_outside():
    still = chart("xmr", [0.1 + 0.2] * 20)
    assert not still.signal
    np.testing.assert_allclose(lines(still), 0.3)
    found = chart("p_prime", [100.0] * 20, [100.0] * 20)
    assert not found.signal
    assert not chart("p", [0.0] * 20, [10.0] * 20, rules="nhs").signal


# --- rules ------------------------------------------------------------------------------------------------------------


def test_each_rule_of_the_nhs_flags_its_own_pattern():
    still = [10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0]

    def flagged(tail, rule):
        found = chart("xmr", still + tail, freeze=len(still), rules="nhs")
        return np.flatnonzero(found.flagged[rule]).tolist()

    assert flagged([30.0, 10.0], "outside") == [13]
    assert flagged([10.2] * 7 + [9.0], "seven") == list(range(13, 20))
    assert flagged([10.2] * 6 + [9.0], "seven") == []
    assert flagged([9.1, 9.2, 9.3, 9.4, 9.5, 9.6, 9.0], "trend") == list(range(12, 19))
    assert flagged([9.1, 9.2, 9.3, 9.4, 9.5, 9.0], "trend") == []
    high = chart("xmr", still, rules="nhs").upper95[0] + 0.1
    assert flagged([high, 10.1, high, 9.0], "two_of_three") == [13, 15]
    assert flagged([high, 9.0, high, 9.0], "two_of_three") == []


def test_a_point_that_breaks_several_rules_is_said_to_break_the_first():
    flags = {rule: np.array([True]) for rule in ("seven", "two_of_three", "trend", "outside")}
    for rule in ("outside", "trend", "two_of_three", "seven"):
        assert first_rule(flags) == (rule,)
        del flags[rule]
    assert first_rule(flags) == ()
    assert first_rule({"run": np.array([True, False]), "outside": np.array([False, False])}) == ("run", None)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, how, told",
    [
        ("q", {}, "kind must be one of run, xmr"),
        ("p", {}, "a p chart needs denominators"),
        ("p", {"denominator": [1.0, 2.0]}, "one shape"),
        ("p", {"denominator": [2.0, 2.0, 2.0]}, "do not exceed"),
        ("xmr", {"freeze": 0}, "freeze must be 1"),
        ("xmr", {"exclude": [3]}, "exclude must name points 0 to 2"),
        ("xmr", {"split": [0]}, "split must name points 1 to 2"),
        ("xmr", {"rules": "nelson"}, "rules must be"),
        ("xmr", {"direction": "up"}, "direction must be"),
        ("u", {"denominator": [1.0, -1.0, 1.0]}, "not below 0"),
    ],
)
def test_what_cannot_be_charted_is_refused_with_the_reason(kind, how, told):
    with pytest.raises(ValueError, match=told):
        chart(kind, [1.0, 2.0, 3.0], **how)


def test_values_that_no_chart_can_have_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        chart("c", [1.0, -1.0])
    with pytest.raises(ValueError, match="finite"):
        chart("xmr", [1.0, np.inf])
    with pytest.raises(ValueError, match="a point or more"):
        chart("xmr", [])
    with pytest.raises(ValueError, match="one series"):
        chart("xmr", [[1.0, 2.0]])
    assert chart("xmr", [1.0, -1.0]).centre[0] == 0


def test_charts_need_no_scipy_to_be_loaded_or_made():
    words = "import sys; from stratify.quality.spc import chart; chart('p', [1, 2], [9, 9]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert "stratify.quality.spc.funnel" in done.stdout.split()
    assert not {"scipy", "pandas", "pyarrow"} & set(done.stdout.split())
