"""Control charts and funnels as pictures: lines lie where the numbers say, and what may not be seen is nowhere."""

import doctest
import re
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest

from stratify.charts import DA, EN, STYLE, control, funnel
from stratify.charts.spc_words import SPC_WORDS
from stratify.charts.symbols import apart, key, symbol
from stratify.quality import spc
from tests.unit.charts.test_charts import Drawn, places

SIZES = np.array([100.0, 120, 90, 110, 100, 80, 130, 100, 95, 105, 100, 120, 100, 110])
COUNTS = np.array([20.0, 24, 17, 23, 19, 17, 25, 60, 20, 21, 19, 25, 20, 23])
MONTHS = [f"2024-{month:02d}" for month in range(1, 15)]


def told(value):
    return EN.percent(value, 1)


def drawn(found, labels=MONTHS, **more):
    return Drawn(control(found, labels, "t", **{"unit": "share", "write": told, **more}))


def test_the_examples_hold():
    assert doctest.testmod(import_module("stratify.charts.symbols")).failed == 0


# --- where things lie -------------------------------------------------------------------------------------------------


def test_limits_step_by_the_size_of_each_point_around_a_centre_that_does_not():
    found = spc.chart("p", COUNTS, SIZES)
    seen = drawn(found)
    lower, upper = (places(one["d"])[0] for one in seen.of("limit") if "d" in one)
    (centre,) = (places(one["d"])[0] for one in seen.of("centre") if "d" in one)
    assert len(lower) == len(upper) == len(centre) == 2 * len(SIZES)
    assert len({y for _, y in centre}) == 1
    for at in range(len(SIZES)):
        assert upper[2 * at][1] == upper[2 * at + 1][1] < centre[0][1] < lower[2 * at][1]
    widths = [centre[0][1] - upper[2 * at][1] for at in range(len(SIZES))]
    assert np.argmax(widths) == np.argmin(SIZES)
    # in place as in number: the heights of two limits stand to each other as their distances from the centre
    distance = found.upper - found.centre
    assert widths[0] / widths[5] == pytest.approx(distance[0] / distance[5], abs=0.01)


def test_values_are_marks_on_their_curve():
    seen = drawn(spc.chart("p", COUNTS[:7], SIZES[:7]), MONTHS[:7])
    (curve,) = places(seen.of("curve one")[0]["d"])
    dots = [(float(dot["cx"]), float(dot["cy"])) for dot in seen.of("dot one")]
    assert dots == curve
    assert np.argmin([y for _, y in curve]) == np.argmax(COUNTS[:7] / SIZES[:7])


def test_the_target_is_a_dashed_line_of_its_own_at_its_value():
    found = spc.chart("xmr", [10.0, 12.0, 11.0, 9.0, 10.0], target=10.5)
    seen = drawn(found, list("abcde"), write=EN.plain)
    goal = seen.of("goal")[-1]
    assert goal["y1"] == goal["y2"]
    centre = places(next(one["d"] for one in seen.of("centre") if "d" in one))[0][0][1]
    assert float(goal["y1"]) < centre  # 10.5 lies above the mean of 10.4
    assert {"Target", "Target 10.5", "Mean 10.4"} <= set(seen.words)
    assert drawn(found, list("abcde"), target=20.0).of("goal")[-1]["y1"] != goal["y1"]
    assert drawn(spc.chart("xmr", [1.0, 2.0, 3.0]), list("abc")).of("goal") == []
    assert re.search(r"svg \.goal \{[^}]*stroke-dasharray", STYLE)


def test_each_part_has_its_own_lines_and_says_where_it_begins():
    found = spc.chart("xmr", [1.0, 2.0, 1.0, 2.0, 9.0, 8.0, 9.0, 8.0], split=[4])
    seen = drawn(found, list("abcdefgh"))
    (centre,) = (places(one["d"]) for one in seen.of("centre") if "d" in one)
    assert [len(run) for run in centre] == [8, 8]
    assert centre[0][0][1] > centre[1][0][1]
    border = seen.of("border")[0]
    assert float(border["x1"]) == pytest.approx(centre[1][0][0], abs=0.11)
    assert "new part" in seen.words


def test_the_end_of_a_baseline_is_marked_where_it_ends_before_the_points_do():
    seen = drawn(spc.chart("p", COUNTS, SIZES, freeze=7))
    (border,) = seen.of("border")
    (curve,) = places(seen.of("curve one")[0]["d"])
    assert curve[6][0] < float(border["x1"]) < curve[7][0]
    assert "end of baseline" in seen.words
    assert drawn(spc.chart("p", COUNTS, SIZES)).of("border") == []
    assert drawn(spc.chart("p", COUNTS, SIZES, freeze=14)).of("border") == []


def test_labels_that_would_lie_on_each_other_are_thinned_out():
    found = spc.chart("run", np.arange(40.0))
    seen = drawn(found, [f"2024 week {at}" for at in range(40)])
    shown = [word for word in seen.words if "week" in word]
    assert 3 <= len(shown) <= 8
    assert shown[0] == "2024 week 0"


def test_words_beside_lines_are_moved_apart_and_stay_inside():
    assert apart([50, 50, 52], 0, 60) == [30.0, 45.0, 60]
    assert apart([10, 90], 0, 100) == [10, 90]
    assert apart([], 0, 1) == []


# --- what stands out --------------------------------------------------------------------------------------------------


def test_a_point_outside_is_a_diamond_and_the_other_points_are_dots():
    seen = drawn(spc.chart("p", COUNTS, SIZES))
    assert len(seen.of("dot one")) == 13
    assert len(seen.of("dot signal")) == 2  # one of them in the legend
    assert "Outside the limits" in seen.words
    assert seen.rows[8] == ["2024-08", "60.0%", "22.8%", "10.2%–35.4%", "Outside the limits"]


@pytest.mark.parametrize("rule", ["outside", "run", "trend", "two_of_three", "immature", "excluded", "hidden", "plain"])
def test_every_state_of_a_point_has_a_shape_of_its_own(rule):
    shapes = {
        what: re.sub(r"[\d.]+ [\d.]+(?=m|l)|cx=.*?cy=.*? |M[\d.]+ [\d.]+", "", symbol(5, 5, what))
        for what in ("outside", "run", "trend", "two_of_three", "immature", "excluded", "hidden", "plain")
    }
    assert [other for other, shape in shapes.items() if shape == shapes[rule]] == [rule]


def test_a_run_a_trend_and_two_of_three_are_named_where_they_are():
    run = drawn(spc.chart("run", [1.0, 9.0] * 6 + [6.0] * 9, freeze=12), [str(at) for at in range(21)])
    assert "Run that is too long" in run.words
    still = [10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 11.0, 9.0]
    tail = [9.1, 9.2, 9.3, 9.4, 9.5, 9.6]
    trend = drawn(spc.chart("xmr", still + tail, freeze=13, rules="nhs"), [str(at) for at in range(19)])
    assert "Seven rising or falling" in trend.words
    assert [row[-1] for row in trend.rows[1:]].count("Seven rising or falling") == 7


def test_immature_points_are_hollow_and_off_the_curve_and_excluded_ones_crossed():
    immature = np.arange(14) >= 12
    seen = drawn(spc.chart("p", COUNTS, SIZES, immature=immature, exclude=[7]))
    assert len(seen.of("dot open")) == 3  # one of them in the legend
    assert len(seen.of("cross")) == 2
    assert sum(len(run) for run in places(seen.of("curve one")[0]["d"])) == 12
    assert seen.rows[13][-1] == "Not yet mature"
    assert seen.rows[8][-1] == "Left out"
    assert seen.of("dot signal") == []


def test_a_hidden_point_is_a_mark_on_the_axis_and_its_figures_are_nowhere():
    hidden = np.arange(14) == 3
    secret = COUNTS.copy()
    secret[3] = 4
    counted = np.where(hidden, np.nan, secret)
    markup = control(
        spc.chart("p", counted, SIZES), MONTHS, "t", unit="share", write=told, hidden=hidden, tongue=DA,
    )  # fmt: skip
    seen = Drawn(markup)
    assert len(seen.of("cross")) == 2  # one of them in the legend
    assert seen.rows[4][:2] == ["2024-04", "–"]
    assert seen.rows[4][-2:] == ["–", "For få til at vise"]
    bottom = max(float(one["y1"]) for one in seen.of("axis"))
    assert f" {bottom:.1f}m" in seen.of("cross")[1]["d"]
    assert [len(run) for run in places(seen.of("curve one")[0]["d"])] == [3, 10]
    # even a value that came along by mistake is not drawn: nor are its limits, whose width tells the denominator
    careless = spc.chart("p", secret, SIZES)
    other = Drawn(control(careless, MONTHS, "t", unit="share", write=told, hidden=hidden))
    assert other.rows[4] == ["2024-04", "–", told(careless.centre[3]), "–", "Too few to show"]
    assert [len(run) for run in places(next(one["d"] for one in other.of("limit") if "d" in one))] == [6, 20]


def test_a_month_with_nobody_is_a_gap_without_a_mark():
    over = SIZES.copy()
    over[5] = 0
    seen = drawn(spc.chart("p", np.where(over > 0, COUNTS, 0), over))
    assert seen.of("cross") == []
    assert [len(run) for run in places(seen.of("curve one")[0]["d"])] == [5, 8]
    assert len(seen.of("curve one bridge")) == 1
    assert seen.rows[6][-1] == "Nobody in the denominator"


def test_a_run_chart_has_a_median_and_no_limits():
    seen = drawn(spc.chart("run", COUNTS), write=EN.plain)
    assert seen.of("limit") == []
    assert seen.rows[0] == ["Period", "share", "Median", "Signal"]


def test_the_description_says_in_words_what_the_chart_shows():
    found = spc.chart("p", COUNTS, SIZES, target=0.2)
    markup = control(found, MONTHS, "a < b", unit="andel", write=lambda value: DA.percent(value, 0), tongue=DA)
    assert "<title>a &lt; b</title>" in markup
    described = re.search("<desc>(.*?)</desc>", markup)[1]
    assert described.startswith("14 punkter tæller. Gennemsnit 23 %. Kontrolgrænser (3 sigma) 11 %–35 %. Mål 20 %.")
    assert described.endswith("Uden for grænserne: 1.")
    assert "No signals." in control(spc.chart("run", [1.0, 2.0]), ["a", "b"], "t", unit="u")
    assert "<desc>own</desc>" in control(spc.chart("run", [1.0, 2.0]), ["a", "b"], "t", unit="u", told="own")


def test_values_are_written_as_the_page_wants_them():
    found = spc.chart("u", COUNTS, SIZES, multiply=1000)
    seen = drawn(found, write=lambda value: EN.number(value, 0), unit="per 1,000")
    assert seen.rows[1][1:3] == ["200", "228"]
    assert "per 1,000" in seen.words


@pytest.mark.parametrize("values", [[np.nan], [np.nan] * 3, [5.0], [0.0] * 4, [-3.0, -2.0, -4.0], [7.0] * 5])
def test_every_series_can_be_drawn(values):
    seen = drawn(spc.chart("xmr", values), [str(at) for at in range(len(values))], write=EN.plain)
    assert len(seen.rows) == len(values) + 1
    assert "nan" not in " ".join(seen.words)


def test_labels_and_hidden_points_must_be_as_many_as_points():
    found = spc.chart("xmr", [1.0, 2.0])
    with pytest.raises(ValueError, match="chart of 2 points"):
        control(found, ["a"], "t", unit="u")
    with pytest.raises(ValueError, match="3 hidden"):
        control(found, ["a", "b"], "t", unit="u", hidden=[True] * 3)


def test_both_languages_have_the_same_words_and_all_that_is_drawn_has_a_style():
    assert set(SPC_WORDS["da"]) == set(SPC_WORDS["en"])
    assert all([*SPC_WORDS["da"].values(), *SPC_WORDS["en"].values()])
    for name in ("signal", "centre", "limit", "far", "goal", "border", "cross"):
        assert re.search(rf"\.{name}\b", STYLE), name


def test_a_key_goes_on_in_a_next_row():
    _, one = key([("centre", "a")], 40, 400)
    _, two = key([("centre", "a long name of a line"), ("outside", "another long name of a mark")], 40, 300)
    assert two > one


# --- funnels ----------------------------------------------------------------------------------------------------------

NAMES = [f"unit {letter}" for letter in "abcdef"]
FOUND = spc.funnel([20, 41, 58, 0, 3, 125], [100.0, 200.0, 300.0, 0.0, 100.0, 400.0], 0.2)


def seen_funnel(found=FOUND, names=NAMES, **more):
    return Drawn(funnel(found, names, "t", **{"unit": "share", "write": told, **more}))


def test_a_funnel_names_the_units_outside_and_no_others():
    seen = seen_funnel()
    assert {"unit e", "unit f"} <= set(seen.words)
    assert not {"unit a", "unit b", "unit c", "unit d"} & set(seen.words)
    assert len(seen.of("dot one")) == 3
    assert len(seen.of("dot signal")) == 3  # one of them in the legend
    assert [row[-1] for row in seen.rows[1:]] == ["–", "–", "–", "–", "Outside 99.8%", "Outside 99.8%"]


def test_a_unit_without_anybody_is_in_the_table_alone():
    assert seen_funnel().rows[4] == ["unit d", "–", "–", "–", "–", "–"]


def test_units_lie_at_their_size_and_value_between_the_limits_that_hold_them():
    seen = seen_funnel()
    dots = [(float(dot["cx"]), float(dot["cy"])) for dot in seen.of("dot one")]
    steps = [b[0] - a[0] for a, b in pairwise(dots)]
    assert steps[0] == pytest.approx(steps[1], abs=0.11)
    curves = [places(one["d"])[0] for style in ("limit", "limit far") for one in seen.of(style) if "d" in one]
    assert len(curves) == 4
    for x, y in dots:
        low, high, far_low, far_high = (np.interp(x, *zip(*curve, strict=True)) for curve in curves)
        assert far_high < high < y < low < far_low


def test_names_near_the_end_are_written_to_the_left():
    found = spc.funnel([3, 180, 30], [100.0, 580.0, 150.0], 0.2)
    markup = funnel(found, NAMES[:3], "t", unit="share", write=told)
    assert re.findall(r'text-anchor="(\w+)">(unit \w)<', markup) == [("start", "unit a"), ("end", "unit b")]


def test_the_description_names_the_units_and_says_what_the_limits_are():
    markup = funnel(FOUND, NAMES, "t", unit="andel", write=told, tongue=DA)
    described = re.search("<desc>(.*?)</desc>", markup)[1]
    assert described.startswith("5 enheder. Gennemsnit 20.0%. Enhederne varierer mere end tilfældigt, men er for få")
    assert described.endswith("Uden for 99,8 %: unit e, unit f.")
    same = funnel(spc.funnel([20, 21, 19], [100.0] * 3), NAMES[:3], "t", unit="u")
    assert "Limits are exact." in same
    rng = np.random.default_rng(1)
    wide = spc.funnel(rng.binomial(1000, rng.uniform(0.1, 0.3, 30)).astype(float), [1000.0] * 30)
    assert "Limits are widened" in funnel(wide, [str(at) for at in range(30)], "t", unit="u")


def test_observed_over_expected_and_nobody_at_all_can_be_drawn():
    ratio = spc.funnel([5.0, 9.0], [6.2, 8.1], 1.0, kind="u")
    assert Drawn(funnel(ratio, ["a", "b"], "t", unit="O/E")).rows[1][1] == "6.2"
    empty = Drawn(funnel(spc.funnel([0.0], [0.0]), ["a"], "t", unit="u"))
    assert len(empty.rows) == 2
    with pytest.raises(ValueError, match="as many names"):
        funnel(ratio, ["a"], "t", unit="u")
