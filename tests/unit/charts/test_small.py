"""Small control charts: one axis for all, marks only where there is something to say."""

import re

import numpy as np
import pytest

from stratify.charts import DA, marks_in, reach_of, small_control
from stratify.quality.spc import chart

MONTHS = [f"2023-{at:02}" for at in range(1, 13)] + [f"2024-{at:02}" for at in range(1, 13)]


@pytest.fixture
def fallen():
    counted = np.r_[np.tile([14, 15, 13], 7), 14, 15, 2.0]
    return chart("p", counted, np.full(24, 100.0), target=0.15, direction="lower")


def drawn(found, hidden=(), reach=(0.0, 0.3)):
    masked = [at in hidden for at in range(24)]
    return small_control(found, MONTHS, "Horsens", reach=reach, write=DA.percent, hidden=masked, tongue=DA)


def test_only_what_signals_has_a_mark_and_the_title_stands_in_it(fallen):
    picture = drawn(fallen)
    assert picture.count("<circle") == 0
    assert picture.count('class="dot signal"') == 1
    assert ">Horsens</text>" in picture
    assert "<title>Horsens</title><desc>24 punkter tæller." in picture
    assert "<details" not in picture


def test_a_hidden_point_is_two_strokes_on_the_axis_and_its_value_moves_nothing(fallen):
    counted = np.r_[np.tile([14, 15, 13], 7), 14, 15, 2.0]
    counted[4] = np.nan
    without = chart("p", counted, np.full(24, 100.0), target=0.15, direction="lower")
    picture = drawn(without, hidden=(4,))
    assert len(re.findall(r'class="cross"', picture)) == 1
    other = chart("p", np.where(np.isnan(counted), 99, counted), np.full(24, 100.0), target=0.15, direction="lower")
    values = re.search(r'class="curve one" d="([^"]+)"', picture).group(1)
    assert values.count("M") == 2  # the line breaks where nothing is shown
    assert re.search(r'class="curve one" d="([^"]+)"', drawn(other, hidden=(4,))).group(1) == values


def test_a_value_between_two_hidden_ones_is_a_dot(fallen):
    assert drawn(fallen, hidden=(4, 6)).count("<circle") == 1


def test_limits_beyond_the_axis_are_not_drawn(fallen):
    assert drawn(fallen).count('class="limit"') == 2
    assert drawn(fallen, reach=(0.02, 0.16)).count('class="limit"') == 1


def test_the_axis_of_all_holds_every_value_and_target_but_no_limits(fallen):
    low, high = reach_of([(fallen, [False] * 24)])
    assert 0 <= low < 0.02
    assert 0.15 < high < np.nanmax(fallen.upper)
    assert reach_of([]) == reach_of([(chart("p", [np.nan] * 3, [1.0] * 3), [False] * 3)])


def test_the_marks_are_named_once_for_all(fallen):
    assert dict(marks_in([(fallen, [False] * 24), (fallen, [True] + [False] * 23)], DA)) == {
        "outside": "Uden for grænserne",
        "hidden": "For få til at vise",
    }
