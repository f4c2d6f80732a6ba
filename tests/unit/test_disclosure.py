"""Nothing of 1 to 4 people is shown, and nothing shown lets it be worked out."""

import json

import numpy as np
import pytest

from stratify.disclosure import cell, partition, shown, words


@pytest.mark.parametrize("count, expected", [(0, 0), (1, None), (4, None), (5, 5), (12, 12)])
def test_a_count_of_1_to_4_is_hidden(count, expected):
    assert shown(count) == expected


@pytest.mark.parametrize(
    "count, whole, expected",
    [
        (0, 5, 0),  # nobody of five
        (5, 5, 5),  # all of five
        (0, 4, None),  # the whole is small
        (4, 4, None),
        (0, 0, 0),  # tells of nobody
        (5, 10, 5),
        (6, 10, None),  # four are left
        (9, 10, None),  # one is left
        (10, 10, 10),
        (3, 100, None),
    ],
)
def test_the_rest_and_the_whole_count_too(count, whole, expected):
    assert shown(count, whole) == expected


@pytest.mark.parametrize("count, whole", [(-1, None), (-1, 5), (6, 5)])
def test_what_is_no_count_is_refused(count, whole):
    with pytest.raises(ValueError, match="at least 0 and at most the whole"):
        shown(count, whole)


@pytest.mark.parametrize(
    "count, whole, told",
    [
        (0, None, "0"),
        (3, None, "<5"),
        (17, None, "17"),
        (3, 40, "<5"),
        (38, 40, "hidden"),
        (0, 3, "hidden"),
    ],
)
def test_in_words(count, whole, told):
    assert words(count, whole) == told


def test_an_open_cell_shows_all_of_itself():
    found = cell(15, 50, 10)
    assert (found["numerator"], found["denominator"], found["unknown"], found["share"]) == (15, 50, 10, 0.3)
    assert found["interval"] == pytest.approx((0.1910, 0.4375), abs=1e-4)
    assert found["suppressed"] is False


@pytest.mark.parametrize("numerator, denominator", [(3, 50), (47, 50), (0, 3), (2, 4), (4, 8)])
def test_a_hidden_cell_hides_all_of_itself(numerator, denominator):
    found = cell(numerator, denominator, 96)
    assert found.pop("suppressed") is True
    assert set(found.values()) == {None}


def test_zero_is_shown_when_the_denominator_is_five_or_more():
    found = cell(0, 5, 0)
    assert (found["numerator"], found["share"], found["suppressed"]) == (0, 0.0, False)


def test_a_share_of_nobody_is_none():
    assert cell(0, 0, 0) == {
        "numerator": 0, "denominator": 0, "unknown": 0, "share": None, "interval": None, "suppressed": False,
    }  # fmt: skip


def test_a_small_unknown_hides_itself():
    found = cell(15, 50, 2)
    assert (found["unknown"], found["share"], found["suppressed"]) == (None, 0.3, True)


def test_no_cell_lets_a_small_number_be_worked_out():
    for denominator in range(25):
        for numerator in range(denominator + 1):
            found = cell(numerator, denominator, 0)
            small = any(0 < part < 5 for part in (numerator, denominator, denominator - numerator))
            assert (found["denominator"] is None) == small
            assert (found["interval"] is None) == (small or denominator == 0)


def test_counts_from_numpy_become_json():
    json.dumps(cell(np.int64(15), np.int64(50), np.int64(7)))


@pytest.mark.parametrize(
    "counts, told",
    [
        ({"a": 165, "b": 24, "c": 2}, {"a": "165", "b": "hidden", "c": "<5"}),
        ({"a": 165, "b": 1, "c": 2}, {"a": "165", "b": "<5", "c": "<5"}),
        ({"a": 165, "b": 0, "c": 24}, {"a": "165", "b": "0", "c": "24"}),
        ({"a": 3}, {"a": "<5"}),
        ({"a": 9, "b": 9, "c": 4}, {"a": "hidden", "b": "9", "c": "<5"}),
    ],
)
def test_the_parts_of_a_whole_never_leave_one_hidden_alone(counts, told):
    assert partition(counts) == told
