"""The one chart renderer: places, marks, bands and arrows are where the numbers say, and tell what cannot be drawn."""

import doctest
import math
import re
from html.parser import HTMLParser
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from stratify import charts
from stratify.charts import DA, EN, STYLE, Bar, Estimate, Point, Scale, Table
from stratify.charts.basis import STYLES, area, bridges, ends, legend, log_ticks, mark, path, picture, rounded_up, ticks

FOLDER = Path(charts.__file__).parent
UNIT = Scale(0, 1, 0, 100)


class Drawn(HTMLParser):
    """A picture read: its elements by class, its words, and whether tags fit."""

    def __init__(self, markup):
        super().__init__()
        self.open, self.wrong, self.elements, self.words, self.rows = [], [], [], [], []
        self.feed(markup)
        self.close()
        assert self.wrong == self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "text":
            self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)

    def of(self, style):
        return [found for _, found in self.elements if found.get("class") == style]


def places(way):
    """The pairs of coordinates of a path of M and L, run by run."""
    return [[tuple(map(float, pair.split())) for pair in run.rstrip("Z").split("L")] for run in way.split("M") if run]


@pytest.mark.parametrize("name", ["bars", "basis", "forest", "lines", "risks", "tongue"])
def test_the_examples_hold(name):
    assert doctest.testmod(import_module(f"stratify.charts.{name}")).failed == 0


# --- basis ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("low, high", [(0, 1), (0, 0.03), (-0.05, 0.2), (0.6, 0.9), (3, 1e6)])
@pytest.mark.parametrize("wanted", [3, 4, 5])
def test_ticks_are_round_within_the_ends_and_evenly_apart(low, high, wanted):
    found = ticks(low, high, wanted)
    assert 2 <= len(found) <= 2 * wanted + 1
    assert low - 1e-9 <= found[0]
    assert found[-1] <= high + 1e-9
    steps = {round(b - a, 9) for a, b in pairwise(found)}
    assert len(steps) == 1
    assert re.fullmatch(r"[125]0*|25", f"{steps.pop():.9e}".split("e")[0].replace(".", "").rstrip("0"))


def test_log_ticks_are_ones_and_threes():
    assert log_ticks(0.1, 40) == pytest.approx([0.1, 0.3, 1, 3, 10, 30])


@pytest.mark.parametrize("highest", [0.004, 0.5, 0.98, 7, 123.4])
def test_an_axis_ends_at_a_round_value_not_far_above(highest):
    assert highest < rounded_up(highest) < 2 * highest


def test_a_path_breaks_where_a_value_is_missing_and_is_nothing_without_any():
    found = path([(0, 0.1), (0.1, 0.2), (0.2, None), (0.3, 0.4)], UNIT, UNIT, "c")
    assert places(re.search(r'd="([^"]+)"', found)[1]) == [[(0, 10), (10, 20)], [(30, 40)]]
    assert path([(0, None)], UNIT, UNIT, "c") == path([], UNIT, UNIT, "c") == ""


def test_a_band_goes_along_the_low_ends_and_back_along_the_high_ones():
    found = area([(0, 0.1, 0.2), (0.5, 0.2, 0.4), (1, None, 0.9)], UNIT, UNIT)
    assert places(re.search(r'd="([^"]+)"', found)[1]) == [[(0, 10), (50, 20), (50, 40), (0, 20)]]
    assert area([(0, 0.1, 0.2)], UNIT, UNIT) == ""


def test_series_differ_in_mark_as_well_as_in_colour():
    shapes = [re.sub(r"[\d.]+|one|two|three|four", "", mark(5, 5, style)) for style in STYLES]
    assert len(set(shapes)) == 4


def test_a_legend_goes_on_in_a_next_row_and_the_chart_begins_below_it():
    short, top = legend(["a", "b"], 40, 2, 400)
    assert top == 34
    _, lower = legend(["a long name indeed", "another long name", "a third"], 40, 3, 300)
    assert lower > top
    assert legend([], 40, 0, 400) == ([], 12)
    assert sum('class="curve' in part for part in short) == 2


def test_a_picture_says_what_it_is_and_has_its_figures_behind_it():
    told = picture(10, 20, "a < b", ["<g></g>"], told="what & how", table=Table(["x", "y"], [["1", "<2"]]), tongue=DA)
    drawn = Drawn(told)
    svg = drawn.elements[0][1]
    assert (svg["role"], svg["aria-label"], svg["viewbox"]) == ("img", "a < b", "0 0 10 20")
    assert "<title>a &lt; b</title><desc>what &amp; how</desc>" in told
    assert "<summary>Tallene bag</summary>" in told
    assert drawn.rows == [["x", "y"], ["1", "<2"]]
    assert "style=" not in told


def test_ends_that_are_below_0_stand_apart():
    assert ends(-0.2, 0.1, EN.plain) == "−0.2 – 0.1"
    assert ends(0.1, 0.2, DA.plain) == "0,1–0,2"


@pytest.mark.parametrize("tongue", [DA, EN])
@pytest.mark.parametrize("value", [0, 0.004, -0.0004, -3.14159, 1234567.891, 99.5, 100])
@pytest.mark.parametrize("digits", [None, 0, 3])
def test_a_number_reads_back_as_what_it_was(tongue, value, digits):
    told = tongue.number(value, digits)
    back = float(told.replace(tongue.thousands, "").replace(tongue.decimal, ".").replace("−", "-"))
    shown = len(told.partition(tongue.decimal)[2])
    assert back == pytest.approx(value, abs=0.5 * 10**-shown + 1e-12)
    assert math.copysign(1, back) == 1 or back != 0


def test_both_languages_have_the_same_words():
    assert set(DA.words) == set(EN.words)
    assert all([*DA.words.values(), *EN.words.values()])


def test_every_class_that_is_drawn_has_a_style_and_no_style_reaches_elsewhere():
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    for name in (
        "grid",
        "axis",
        "tick",
        "unit",
        "band",
        "interval",
        "wanted",
        "curve",
        "guide",
        "range",
        "thin",
        "dot",
    ):
        assert name in source
        assert re.search(rf"\.{name}\b", STYLE), name
    assert "prefers-color-scheme: dark" in STYLE
    assert "@media print" in STYLE
    assert not re.search(r"url\(|@import|https?:", STYLE)


# --- lines, forests, bars ---------------------------------------------------------------------------------------------


def test_lines_have_a_row_for_each_place_and_a_column_for_each_curve():
    series = {"a": [Point(0, 1.0, 0.5, 1.5), Point(2, 3.0)], "b": [Point(1, 2.0)]}
    drawn = Drawn(charts.lines(series, "t", x_range=(0, 2), x_ticks=(0, 1, 2), unit="år", tongue=DA))
    assert drawn.rows == [["år", "a", "b"], ["0", "1,00 (0,50–1,50)", "–"], ["1", "–", "2,00"], ["2", "3,00", "–"]]
    assert len(drawn.of("dot one")) == 3  # one of them in the legend
    assert len(drawn.of("range one")) == 1


def test_points_further_apart_than_a_step_are_joined_by_a_thin_line_alone():
    series = {"a": [Point(1, 1.0), Point(2, 2.0), Point(5, 5.0), Point(6, 6.0)]}
    guides = {"g": [Point(1, 1.0), Point(3, 3.0)]}

    def drawn(step):
        return Drawn(charts.lines(series, "t", x_range=(0, 7), x_ticks=(), guides=guides, with_legend=False, step=step))

    apart = drawn(1)
    assert [len(run) for run in places(apart.of("curve one")[0]["d"])] == [2, 2]
    assert len(apart.of("curve one bridge")) == len(apart.of("curve guide one bridge")) == 1
    assert len(apart.of("dot one")) == 4
    whole = drawn(None)
    assert [len(run) for run in places(whole.of("curve one")[0]["d"])] == [4]
    assert whole.of("curve one bridge") == []


def test_a_higher_value_is_drawn_higher_and_on_the_axis_its_range_gives():
    drawn = Drawn(
        charts.lines(
            {"a": [Point(0, 0), Point(1, 10)]}, "t", x_range=(0, 1), y_range=(0, 10), x_ticks=(0, 1), with_legend=False
        )
    )
    (x0, y0), (x1, y1) = places(drawn.of("curve one")[0]["d"])[0]
    assert x0 < x1
    assert (y0, y1) == (326, 12)


FOREST = {
    "g & h": [
        Estimate("plain", 1.0, 0.8, 1.25, 0.7, 1.4),
        Estimate("far", 0.3, 0.05, 9.0, 0.01, 20.0),
        Estimate("hidden", None, told="too few to show"),
        Estimate("few", None),
    ]
}


def test_a_forest_draws_the_interval_thick_the_adjusted_thin_and_the_bounds_as_a_band():
    drawn = Drawn(charts.forest(FOREST, "t", band=(0.8, 1.25), limits=(0.25, 4.0)))
    thick, thin = drawn.of("range one"), drawn.of("range thin")
    assert len(thick) == len(thin) == 2
    band = drawn.of("band")[0]
    start, end = float(band["x"]), float(band["x"]) + float(band["width"])
    assert (float(thick[0]["x1"]), float(thick[0]["x2"])) == pytest.approx((start, end), abs=0.11)
    assert float(thin[0]["x1"]) < start < end < float(thin[0]["x2"])
    dot = drawn.of("dot one")
    middle = next(float(one["x"]) + 4 for one in dot if "x" in one)
    assert start < middle < end
    assert (middle - start) == pytest.approx(end - middle, abs=0.11)  # 1 lies midway between 0.8 and 1.25 on a log axis


def test_what_lies_beyond_the_limits_ends_in_an_arrow():
    drawn = Drawn(charts.forest(FOREST, "t", limits=(0.25, 4.0)))
    assert sum("d" in one for one in drawn.of("dot one")) == 4  # both ends of both intervals of the second
    within = Drawn(charts.forest({"g": FOREST["g & h"][:1]}, "t", limits=(0.25, 4.0)))
    assert not [one for one in within.of("dot one") if "d" in one]


def test_what_is_hidden_is_a_row_of_words_in_picture_and_table():
    drawn = Drawn(charts.forest(FOREST, "t", tongue=DA))
    assert drawn.words.count("too few to show") == drawn.words.count("for få til at sige") == 1
    assert drawn.rows[3] == ["g & h: hidden", "too few to show", "–", "–"]
    assert drawn.rows[4] == ["g & h: few", "for få til at sige", "–", "–"]
    assert drawn.rows[1] == ["g & h: plain", "1,00", "0,80–1,25", "0,70–1,40"]


def test_a_forest_on_a_straight_axis_has_its_line_where_it_is_wanted():
    drawn = Drawn(
        charts.forest({"g": [Estimate("a", 0.7, 0.6, 0.8)]}, "t", log=False, wanted=0.73, reach=(0.5, 0.9), digits=3)
    )
    axis = drawn.of("axis")
    assert len(axis) == 1
    assert float(axis[0]["x1"]) == pytest.approx(230 + (0.73 - 0.5) / 0.4 * (860 - 150 - 230), abs=0.06)
    assert "0.700 (0.600–0.800)" in drawn.words


def test_bars_are_as_long_as_their_values_and_one_without_is_words():
    rows = [Bar("a", 0.5, "50%"), Bar("b", 1.0, "100%", 0.8, 1.0), Bar("c", None, "too few to show")]
    drawn = Drawn(charts.bars(rows, "t", head=("what", "share")))
    lengths = [float(one["width"]) for one in drawn.of("bar one")]
    assert lengths[1] == pytest.approx(2 * lengths[0])
    assert drawn.rows[1:] == [["a", "50%"], ["b", "100%"], ["c", "too few to show"]]
    assert "too few to show" in drawn.words
    assert len(drawn.of("range thin")) == 1
    assert Drawn(charts.bars([Bar("a", 0.0, "0")], "t", head=("x", "y"))).of("bar one")[0]["width"] == "0.0"


# --- risks ------------------------------------------------------------------------------------------------------------

CURVE = {"risk": [0.1, 0.2, 0.4], "observed": [0.1, 0.25, 0.3], "low": [0.05, 0.2, 0.2], "high": [0.15, 0.3, None]}
BINS = [
    {"from": 0.0, "to": 0.02, "events": 0.1, "others": 0.3},
    {"from": 0.02, "to": 0.06, "events": 0.4, "others": 0.6},
    {"from": 0.06, "to": 1.0, "events": 0.5, "others": 0.1},
]
NAMES = ("observed", "tenth", "had it", "had it not", "risk")


def calibrated(**more):
    return Drawn(charts.calibration(CURVE, BINS, "t", names=NAMES, told="d", **more))


def test_a_calibration_curve_on_the_line_lies_on_the_line():
    drawn = calibrated()
    line = drawn.of("wanted")[0]
    slope = (float(line["y2"]) - float(line["y1"])) / (float(line["x2"]) - float(line["x1"]))
    first, second, third = places(drawn.of("curve one")[-1]["d"])[0]
    on_line = [float(line["y1"]) + slope * (x - float(line["x1"])) for x, _ in (first, second, third)]
    assert first[1] == pytest.approx(on_line[0], abs=0.11)
    assert second[1] < on_line[1]  # more came than predicted: above, so nearer to the top
    assert third[1] > on_line[2]


def test_the_band_stops_where_an_end_is_missing():
    assert len(places(calibrated().of("interval")[0]["d"])[0]) == 4


def test_risks_of_both_classes_are_back_to_back_and_wide_stretches_are_spread():
    drawn = calibrated()
    up, down = drawn.of("bar one"), drawn.of("bar two")
    assert len(up) == len(down) == 3
    middle = {float(one["y"]) for one in down}
    assert len(middle) == 1
    for above in up:
        assert float(above["y"]) + float(above["height"]) == pytest.approx(middle.copy().pop(), abs=0.11)
    heights = [float(one["height"]) for one in down]
    assert heights[0] == pytest.approx(heights[1], abs=0.11)  # 0.3 in 2 points of risk is as dense as 0.6 in 4
    assert heights[2] < heights[0] / 50


def test_tenths_are_marked_and_named_only_where_they_are_given():
    drawn = calibrated(tenths=[Point(0.2, 0.22, 0.1, 0.3)])
    assert len(drawn.of("dot four")) == 2  # one of them in the legend
    assert "tenth" in drawn.words
    assert "tenth" not in calibrated().words


DECISION = {
    "threshold": [0.1, 0.2, 0.3, 0.4],
    "model": {"value": [0.1, 0.05, None, 0.02], "low": [0.05, 0.02, None, 0.0], "high": [0.15, 0.08, None, 0.04]},
    "treat_all": {"value": [0.08, -0.3, -0.6, -0.9]},
    "agreed": [
        {"threshold": 0.1, "net_benefit": {"value": 0.1, "low": 0.05, "high": 0.15}},
        {"threshold": 0.3, "net_benefit": {"value": None, "low": None, "high": None}},
    ],
}
DECIDED = ("model", "all", "none", "trees", "threshold", "net benefit")


def test_a_decision_curve_has_the_model_all_none_and_the_other_at_the_agreed():
    drawn = Drawn(charts.decision(DECISION, "t", beside={0.1: 0.09, 0.3: None}, names=DECIDED))
    assert len(drawn.of("wanted")) == 2
    assert len(drawn.of("dot four")) == 2  # one of them in the legend
    assert [len(run) for run in places(drawn.of("curve one")[-1]["d"])] == [2, 1]  # a hidden point is not drawn
    assert len(places(drawn.of("curve two")[-1]["d"])[0]) == 1  # what falls below the axis is not drawn along its edge
    assert drawn.rows[3] == ["0.3", "too few to show", "–", "−0.6000"]
    assert set(DECIDED) <= set(drawn.words)
    alone = Drawn(charts.decision(DECISION, "t", beside={}, names=DECIDED))
    assert "trees" not in alone.words
    assert len(alone.of("wanted")) == 2


def test_the_model_has_a_mark_with_its_interval_at_each_agreed_threshold_that_may_be_shown():
    drawn = Drawn(charts.decision(DECISION, "t", beside={0.1: 0.09}, names=DECIDED))
    assert len(drawn.of("dot one")) == 2  # one of them in the legend
    (interval,) = drawn.of("range one")
    own = next(dot for dot in drawn.of("dot one") if dot["cx"] == interval["x1"])
    assert float(interval["y2"]) < float(own["cy"]) < float(interval["y1"])
    assert (own["cx"], own["cy"]) == tuple(drawn.of("curve one")[-1]["d"][1:].split("L")[0].split())
    other = drawn.of("dot four")[-1]["d"]
    assert float(re.match(r"M([\d.]+)", other)[1]) > float(own["cx"]) + 3  # beside, not upon it


def test_over_a_stretch_that_is_hidden_a_thin_line_joins_what_is_shown():
    drawn = Drawn(charts.decision(DECISION, "t", beside={}, names=DECIDED))
    ((start, end),) = places(drawn.of("curve one bridge")[0]["d"])
    first, last = places(drawn.of("curve one")[-1]["d"])
    assert (start, end) == (first[-1], last[0])


def test_bridges_go_over_each_gap_and_there_are_none_without_one():
    found = bridges([(0, None), (0.1, 0.2), (0.2, None), (0.3, None), (0.4, 0.4), (0.5, 0.5)], UNIT, UNIT, "c")
    assert places(re.search(r'd="([^"]+)"', found)[1]) == [[(10, 20), (40, 40)]]
    assert bridges([(0, 0.1), (1, 0.2)], UNIT, UNIT, "c") == bridges([(0, None)], UNIT, UNIT, "c") == ""


def test_a_roc_goes_from_corner_to_corner():
    curve = {"false_positive": [0, 0.2, 1], "true_positive": [0, 0.7, 1]}
    drawn = Drawn(charts.roc(curve, "t", names=("false", "found")))
    (start, _, end), *_ = places(drawn.of("curve one")[0]["d"])
    line = drawn.of("wanted")[0]
    assert start == (float(line["x1"]), float(line["y1"]))
    assert end == (float(line["x2"]), float(line["y2"]))
    assert drawn.rows[2] == ["0.200", "0.700"]
