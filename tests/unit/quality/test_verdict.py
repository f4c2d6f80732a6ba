"""Met and not met need the whole interval on one side; all else is undecided."""

import pytest

from stratify.catalogue import load
from stratify.quality.indicator import Result
from stratify.quality.publish import body
from stratify.quality.verdict import verdict, wilson

TARGET = load().targets["dm_hba1c_high"]


@pytest.mark.parametrize(
    "numerator, denominator", [(0, 10), (1, 10), (5, 10), (10, 10), (15, 50), (170, 1000), (3, 4000)]
)
def test_wilson_agrees_with_statsmodels(numerator, denominator):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    expected = proportion.proportion_confint(numerator, denominator, method="wilson")
    assert wilson(numerator, denominator) == pytest.approx(expected, abs=1e-12)


def test_wilson_stays_within_0_and_1_and_around_the_share():
    for denominator in (1, 5, 30, 999):
        for numerator in range(0, denominator + 1, max(1, denominator // 7)):
            low, high = wilson(numerator, denominator)
            assert 0 <= low <= numerator / denominator <= high <= 1


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
    assert verdict(numerator, 1000, standard=0.2, direction=direction, min_denominator=30) == status


@pytest.mark.parametrize("denominator, status", [(0, "undecided"), (29, "undecided"), (30, "met")])
def test_too_few_are_too_few_to_tell(denominator, status):
    assert verdict(0, denominator, standard=0.2, direction="lower", min_denominator=30) == status


def test_without_a_standard_there_is_no_verdict():
    assert verdict(10, 100, standard=None, direction="lower", min_denominator=30) == "no_standard"


def test_a_result_is_served_whole():
    found = body(TARGET, Result(100, 1000, 50, 0), "2024")
    assert (found["id"], found["period"], found["status"], found["mature"]) == ("dm_hba1c_high", "2024", "met", True)
    assert (found["numerator"], found["denominator"], found["unknown"], found["share"]) == (100, 1000, 50, 0.1)
    assert (found["standard"], found["direction"], found["suppressed"]) == (0.2, "lower", False)
    assert isinstance(found["interval"], list)


def test_a_result_of_few_is_served_without_its_counts():
    found = body(TARGET, Result(3, 1000, 50, 0), "2024")
    assert [found[key] for key in ("numerator", "denominator", "unknown", "share", "interval")] == [None] * 5
    assert found["suppressed"] is True


def test_an_immature_period_is_served_without_counts_and_undecided():
    found = body(TARGET, Result(100, 1000, 50, 1), "2024")
    assert [found[key] for key in ("numerator", "denominator", "unknown", "share", "interval")] == [None] * 5
    assert (found["status"], found["mature"], found["suppressed"]) == ("undecided", False, False)
