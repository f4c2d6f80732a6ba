"""Few people are found in what is told of a target, wherever they stand, and nothing else is."""

import pytest

from stratify.quality.small_counts import small_counts

ROWS = {
    "numerator": [40, 0, None], "denominator": [100.0, 30.0, None], "unknown": [6, 0, None], "value": [0.4, 0.0, None],
    "low": [0.3, 0.0, None], "high": [0.5, 0.1, None], "hidden": [False, False, True],
}  # fmt: skip


def told(unit="share", **changes):
    rows = {name: list(column) for name, column in ROWS.items()}
    for name, value in changes.items():
        rows[name][0] = value
    return {"unit": unit, "series": {"hospital": {"Horsens": rows}}}


def test_nothing_small_is_found_where_nothing_is():
    assert small_counts(told()) == []
    assert small_counts({"unit": "share", "status": "not_measurable", "lacking": {"da": "x"}}) == []
    assert small_counts(told(numerator=100)) == []  # all of them
    assert small_counts(told(numerator=0, denominator=0.0)) == []  # of nobody


@pytest.mark.parametrize(
    "changes",
    [
        {"numerator": 4}, {"numerator": 97}, {"numerator": 0, "denominator": 3.0}, {"unknown": 1}, {"numerator": 101},
        {"numerator": None}, {"hidden": True}, {"numerator": -1},
        dict.fromkeys(("numerator", "denominator", "value", "low", "high"), None),  # an unknown left behind
        dict.fromkeys(("numerator", "denominator", "unknown", "value", "low"), None),
    ],
)  # fmt: skip
def test_few_people_are_found_wherever_they_stand(changes):
    one = told(**changes)
    assert small_counts(one) == ["series/hospital/Horsens: row 0"]
    inside = {"unit": "share", "parts": {"bmi": {"gaps": {"sex": {"groups": one["series"]["hospital"]}}}}}
    assert small_counts(inside) == ["parts/bmi/gaps/sex/groups/Horsens: row 0"]


def test_of_a_rate_and_a_ratio_the_events_alone_are_people():
    assert small_counts(told("rate", denominator=42.5)) == []
    assert small_counts(told("ratio", denominator=3.5)) == []
    assert small_counts(told("rate", numerator=3)) == ["series/hospital/Horsens: row 0"]


def test_what_was_expected_is_hidden_with_what_came():
    one = told()
    one["series"]["hospital"]["Horsens"]["expected"] = [38.0, 1.2, 2.2]
    assert small_counts(one) == ["series/hospital/Horsens: row 2"]


def test_a_ratios_rows_need_no_unknown():
    assert small_counts({"unit": "ratio", "ratios": {"": {"numerator": [40], "denominator": [20.1]}}}) == []
