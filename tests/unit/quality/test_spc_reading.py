"""What a chart says: only the latest point alerts, few points say nothing, and an action closes by its written rule."""

from itertools import pairwise

import numpy as np
import pytest

from stratify.quality.spc import (
    FalseAlarms,
    Latest,
    assurance,
    assured,
    chart,
    charts,
    choose,
    false_alarms,
    held,
    holding,
    latest_signal,
    sigma_z_limit,
    variation,
)

STILL = [10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0]


def after(tail, **how):
    return chart("xmr", STILL + tail, freeze=len(STILL), **how)


# --- the latest point -------------------------------------------------------------------------------------------------


def test_only_what_the_latest_point_shows_is_an_alert():
    now, past = after([30.0]), after([30.0, 10.1])
    assert (latest_signal(now).rule, latest_signal(now).side, latest_signal(now).index) == ("outside", 1, 13)
    assert latest_signal(past) is None
    assert past.signal
    assert variation(now, "higher") == "improvement"
    assert variation(now, "lower") == "concern"
    assert variation(past, "higher") == "common_cause"


def test_an_immature_point_raises_no_alert_and_hides_none():
    young = [False] * 14 + [True]
    assert latest_signal(after([10.0, 99.0], immature=young)) is None
    assert latest_signal(after([30.0, 10.0], immature=young)).index == 13


def test_a_run_that_is_too_long_alerts_while_it_ends_at_the_latest_point():
    low = [9.4] * 9
    assert latest_signal(after(low)).rule == "run"
    assert latest_signal(after(low)).side == -1
    assert latest_signal(after([*low, 10.1])) is None


def test_a_trend_has_the_side_it_moves_to():
    falling = after([10.9, 10.7, 10.5, 10.4, 10.3, 10.2, 10.15], rules="nhs")
    assert latest_signal(falling) == Latest(19, "trend", -1)
    assert falling.value[-1] > falling.centre[-1]
    assert variation(falling, "lower") == "improvement"


def test_fewer_than_12_points_in_the_last_part_are_too_few():
    assert variation(chart("xmr", STILL[:11]), "higher") == "too_few"
    assert variation(chart("xmr", STILL[:12]), "higher") == "common_cause"
    assert variation(chart("xmr", STILL * 2, split=[20]), "higher") == "too_few"
    assert variation(chart("xmr", [np.nan] * 3), "higher") == "too_few"
    assert latest_signal(chart("xmr", [np.nan] * 3)) is None


def test_a_direction_is_the_charts_own_unless_given_and_there_must_be_one():
    found = after([30.0], direction="lower")
    assert variation(found) == "concern"
    assert variation(found, "higher") == "improvement"
    with pytest.raises(ValueError, match="needs a direction"):
        variation(after([30.0]))
    with pytest.raises(ValueError, match="higher"):
        variation(after([30.0]), "upwards")


def test_alerts_of_many_series_are_those_of_each():
    rng = np.random.default_rng(4)
    value = rng.standard_normal((300, 20))
    value[:, -3:] += 2
    immature = rng.random(value.shape) < 0.1
    for rules in ("anhoej", "nhs"):
        many = charts("xmr", value, immature=immature, rules=rules)
        each = [
            latest_signal(chart("xmr", one, immature=young, rules=rules)) is not None
            for one, young in zip(value, immature, strict=True)
        ]
        assert many.alert.tolist() == each
        assert 0 < sum(each) < 300


# --- assurance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target, higher, lower",
    [
        (100.0, "consistently_fails", "consistently_meets"),
        (1.0, "consistently_meets", "consistently_fails"),
        (10.0, "hit_or_miss", "hit_or_miss"),
    ],
)
def test_a_target_beyond_the_limits_is_always_met_or_always_missed(target, higher, lower):
    found = chart("xmr", STILL)
    assert assurance(found, target, "higher") == higher
    assert assurance(found, target, "lower") == lower
    assert assurance(chart("xmr", STILL, target=target, direction="lower")) == lower


def test_without_a_target_limits_or_points_enough_nothing_is_assured():
    assert assurance(chart("xmr", STILL), None, "higher") == "none"
    assert assurance(chart("xmr", STILL), 100.0, None) == "none"
    assert assurance(chart("run", STILL), 100.0, "higher") == "none"
    assert assurance(chart("xmr", STILL[:11]), 100.0, "higher") == "none"
    assert assured(float("nan"), 1.0, 2.0, "higher") == "none"


def test_assurance_is_of_the_latest_part():
    found = chart("xmr", STILL + [one + 50 for one in STILL], split=[13])
    assert assurance(found, 40.0, "higher") == "consistently_meets"


# --- an action closes -------------------------------------------------------------------------------------------------


def test_an_improvement_is_held_when_12_points_vary_at_random_around_the_target_or_better():
    assert held(STILL, 10.0, "higher")
    assert held(STILL, 9.0, "higher")
    assert held(STILL, 11.0, "lower")
    assert not held(STILL, 10.6, "higher")
    assert not held(STILL, 9.0, "lower")


def test_11_points_hold_nothing_and_missing_or_immature_ones_are_not_counted():
    assert not held(STILL[:11], 9.0, "higher")
    assert not held([*STILL[:11], np.nan], 9.0, "higher")
    young = [False] * 11 + [True] * 2
    assert not held(chart("xmr", STILL, immature=young), 9.0, "higher")
    assert held(chart("xmr", STILL), 9.0, "higher")
    assert not held(STILL, 9.0, "higher", at_least=14)


def test_a_run_or_a_point_outside_among_the_last_12_keeps_the_action_open():
    assert not held([*STILL[:11], 40.0], 9.0, "higher")
    moved = [10.0, 14.0] * 3 + [16.0, 20.0] * 3
    assert not chart("xmr", moved).outside.any()
    assert not held(moved, 9.0, "higher")
    assert not held([9.5, 9.6, 9.4, 9.5, 9.6, 9.4, 10.5, 10.6, 10.4, 10.5, 10.6, 10.4], 9.0, "higher")


def test_what_lies_before_the_last_12_does_not_matter_nor_do_limits_made_of_it():
    improved = chart("xmr", [one - 8 for one in STILL] + STILL, freeze=13, target=9.0, direction="higher")
    assert improved.signal
    assert held(improved)
    assert not held(chart("xmr", [one - 8 for one in STILL] + STILL[:6]), 9.0, "higher")


def test_shares_are_held_by_the_limits_of_a_chart_of_shares_in_its_unit():
    sizes = [400.0] * 12
    counts = [one * 8 for one in (10, 11, 9, 10, 9, 11, 12, 8, 10, 9, 11, 10)]
    found = chart("p", counts, sizes, target=19.0, direction="higher", multiply=100)
    assert held(found)
    assert not held(found, 21.0)
    counts[5] = 200
    assert not held(chart("p", counts, sizes), 0.19, "higher")
    assert held(chart("run", STILL, target=10.0, direction="higher"))


def test_whether_it_is_held_needs_a_target_a_direction_and_points():
    for wrong in ({"target": None, "direction": "higher"}, {"target": 1.0, "direction": None}):
        with pytest.raises(ValueError, match="needs a target and a direction"):
            held(STILL, **wrong)
    with pytest.raises(ValueError, match="at_least"):
        held(STILL, 1.0, "higher", at_least=0)


# --- which chart, and its false alarms --------------------------------------------------------------------------------


def test_the_prime_is_chosen_needlessly_in_about_1_of_10_series_and_always_where_shares_vary():
    rng = np.random.default_rng(6)
    for points in (12, 24, 42, 90):
        counted = rng.binomial(500, 0.2, (3000, points)).astype(float)
        over = np.full_like(counted, 500)
        prime = ~np.isnan(charts("p_prime", counted, over, chosen=True).sigma_z)
        assert prime.mean() == pytest.approx(0.10, abs=0.02)
        each = [choose(one, size, "p")[0] == "p_prime" for one, size in zip(counted[:50], over[:50], strict=True)]
        assert each == prime[:50].tolist()
    varying = rng.binomial(5000, 0.2 * (1 + 0.2 * rng.standard_normal(24))).astype(float)
    assert choose(varying, np.full(24, 5000.0), "p")[0] == "p_prime"


def test_a_chart_that_is_chosen_plain_is_the_plain_one():
    rng = np.random.default_rng(7)
    counted = rng.poisson(50, (30, 24)).astype(float)
    over = np.full_like(counted, 1000)
    found, plain = charts("u_prime", counted, over, chosen=True), charts("u", counted, over)
    quiet = np.isnan(found.sigma_z)
    assert quiet.any()
    np.testing.assert_allclose(found.upper[quiet], plain.upper[quiet])


def test_a_choice_looks_at_the_points_used_alone():
    counted = np.array([20.0, 22.0, 19.0, 21.0, 20.0, 18.0, 95.0, 22.0, 20.0, 19.0, 21.0, 20.0])
    over = np.full(12, 100.0)
    assert choose(counted, over, "p")[0] == "p_prime"
    assert choose(counted, over, "p", used=counted < 90)[0] == "p"
    over[3] = 0
    assert choose(np.where(over > 0, counted, 0), over, "p", used=counted < 90)[0] == "p"
    assert choose([1.0, 50.0, 2.0], [100.0] * 3, "p")[0] == "p"  # too few to tell
    with pytest.raises(ValueError, match="p and p'"):
        choose(counted, over, "xmr")


def test_the_limit_of_sigma_z_falls_towards_1_without_a_jump():
    found = [sigma_z_limit(n) for n in range(4, 400)]
    assert all(1 < b <= a for a, b in pairwise(found))
    assert sigma_z_limit(3) == float("inf")
    assert sigma_z_limit(120) == pytest.approx(1.1079, abs=0.002)  # simulated apart, 300,000 series


def test_false_alarms_are_interpolated_between_the_figures_simulated():
    at = {n: false_alarms(n, "nhs", "xmr") for n in (24, 27, 30)}
    assert at[27].any == pytest.approx((at[24].any + at[30].any) / 2)
    assert false_alarms(5, "anhoej", "p") == false_alarms(12, "anhoej", "p")
    assert false_alarms(99, "anhoej", "p") == false_alarms(60, "anhoej", "p")
    assert false_alarms(24, "anhoej", "c") == false_alarms(24, "anhoej", "u")
    assert isinstance(at[24], FalseAlarms)
    with pytest.raises(ValueError, match="kind"):
        false_alarms(24, "anhoej", "q")
    with pytest.raises(ValueError, match="rules"):
        false_alarms(24, "nelson", "p")


@pytest.mark.parametrize("rules", ["anhoej", "nhs"])
@pytest.mark.parametrize("kind", ["run", "xmr"])
def test_the_false_alarms_told_are_those_of_another_simulation(rules, kind):
    value = np.random.default_rng(8).standard_normal((4000, 24))
    found = charts(kind, value, rules=rules)
    told = false_alarms(24, rules, kind)
    assert found.signal.mean() == pytest.approx(told.any, abs=0.02)
    assert found.alert.mean() == pytest.approx(told.latest, abs=0.008)


@pytest.mark.parametrize(
    "values, goal, wanted",
    [
        ([5.0] * 9, 4, (9, None, None, None)),
        ([5, 4, 6, 5, 4, 6, 5, 4, 6, 5, 4, 6], 4, (12, True, True, True)),
        ([5, 4, 6, 5, 4, 6, 5, 4, 6, 5, 4, 6], 7, (12, False, True, True)),
        ([4, 5, 4, 5, 4, 5, 6, 7, 6, 7, 6, 7], 4, (12, True, False, True)),
        ([5, 4, 6, 5, 4, 6, 5, 4, 6, 5, 4, 40], 4, (12, True, True, False)),
    ],
)
def test_the_rule_is_told_part_by_part_and_held_is_all_of_it(values, goal, wanted):
    found = holding(values, goal, "higher")
    assert (found.points, found.at_goal, found.random, found.inside) == wanted
    assert found.held == held(values, goal, "higher") == (wanted[1:] == (True, True, True))
