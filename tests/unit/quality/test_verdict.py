"""Met and not met need the whole interval on one side; all else is undecided."""

import math

import pytest

from stratify.quality.verdict import verdict, wilson


def told(numerator, denominator, *, standard=0.2, direction="lower", least=30):
    low, high = wilson(numerator, denominator) if denominator else (math.nan, math.nan)
    return verdict(low, high, standard=standard, direction=direction, enough=denominator >= least)


@pytest.mark.parametrize("numerator, denominator", [(0, 0), (-1, 5), (6, 5)])
def test_there_is_no_interval_of_what_is_no_share(numerator, denominator):
    with pytest.raises(ValueError, match="somebody in the denominator"):
        wilson(numerator, denominator)


@pytest.mark.parametrize(
    "numerator, direction, status",
    [
        (100, "lower", "met"),
        (200, "lower", "undecided"),
        (180, "lower", "undecided"),  # the share meets it, the interval does not
        (300, "lower", "not_met"),
        (100, "higher", "not_met"),
        (200, "higher", "undecided"),
        (300, "higher", "met"),
    ],
)
def test_the_interval_decides_and_not_the_share(numerator, direction, status):
    assert told(numerator, 1000, direction=direction) == status


@pytest.mark.parametrize("denominator, status", [(0, "undecided"), (29, "undecided"), (30, "met")])
def test_too_few_are_too_few_to_tell(denominator, status):
    assert told(0, denominator) == status


def test_without_a_standard_there_is_no_verdict():
    assert told(10, 100, standard=None) == "no_standard"
