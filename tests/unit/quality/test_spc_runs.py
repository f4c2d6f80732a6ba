"""Anhøj's limits equal scipy's binomial, and runs and crossings equal those counted one by one."""

import doctest
import math
from importlib import import_module
from itertools import groupby

import numpy as np
import pytest
from scipy.stats import binom

from stratify.quality.spc import anhoej, anhoej_limits, chart
from stratify.quality.spc.runs import many_runs


@pytest.mark.parametrize("name", ["alarms", "chart", "funnel", "laney", "limits", "nhs", "packed", "reading", "runs"])
def test_the_examples_hold(name):
    assert doctest.testmod(import_module(f"stratify.quality.spc.{name}")).failed == 0


@pytest.mark.parametrize("n", range(2, 201))
def test_the_limits_are_those_of_a_logarithm_and_a_binomial(n):
    assert anhoej_limits(n) == (round(math.log2(n)) + 3, int(binom.ppf(0.05, n - 1, 0.5)))


def test_there_is_no_number_of_points_below_0():
    with pytest.raises(ValueError, match="0 or more"):
        anhoej_limits(-1)


def counted(values, centre):
    """Useful points, longest run and crossings, one by one."""
    side = [value > centre for value in values if not math.isnan(value) and value != centre]
    runs = [len(list(run)) for _, run in groupby(side)]
    return len(side), max(runs, default=0), max(len(runs) - 1, 0)


@pytest.mark.parametrize("seed", range(30))
def test_runs_equal_those_counted_one_by_one(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, rng.integers(1, 40)).astype(float)
    values[rng.random(len(values)) < 0.1] = np.nan
    found = anhoej(values, 2.0)
    assert (found.n_useful, found.longest, found.crossings) == counted(values, 2.0)
    assert (found.longest_max, found.crossings_min) == anhoej_limits(found.n_useful)
    assert found.signal == (found.longest > found.longest_max or found.crossings < found.crossings_min)


def test_a_point_on_the_centre_neither_breaks_a_run_nor_adds_to_it():
    around = [-1, 1] * 6
    assert anhoej([*around, *[1] * 4, 0, *[1] * 4], 0).longest == 9
    assert anhoej([*around, *[1] * 4, -1, *[1] * 4], 0).longest == 5


def test_a_run_of_the_longest_there_may_be_is_no_signal_and_one_more_is():
    at = anhoej([*[1, -1] * 8, *[1] * 8], 0)
    assert (at.n_useful, at.longest, at.longest_max, at.signal) == (24, 8, 8, False)
    beyond = anhoej([*[-1, 1] * 7, -1, *[1] * 9], 0)
    assert (beyond.n_useful, beyond.longest, beyond.longest_max, beyond.signal) == (24, 9, 8, True)


def test_crossings_as_few_as_there_may_be_are_no_signal_and_one_fewer_is():
    at = anhoej([*[1] * 7, -1, 1, *[-1] * 3], 0)
    assert (at.n_useful, at.crossings, at.crossings_min, at.signal) == (12, 3, 3, False)
    beyond = anhoej([*[1] * 7, -1, *[1] * 4], 0)
    assert (beyond.n_useful, beyond.crossings, beyond.crossings_min, beyond.signal) == (12, 2, 3, True)


def test_the_points_of_a_run_that_is_too_long_are_flagged_and_no_others():
    values = np.array([[1, -1] * 5 + [-2] * 4 + [0] + [-3] * 6 + [1, -1, 1]], dtype=float)
    runs, flags = many_runs(values, np.zeros_like(values), np.ones_like(values, dtype=bool))
    assert runs.one(0).longest == 11
    assert np.flatnonzero(flags[0]).tolist() == [9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20]


def test_too_few_crossings_are_a_signal_without_a_point():
    values = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, -1.0, -1.1, -1.2, -1.3, -1.4, -1.5, -1.6]
    found = chart("run", values)
    assert (found.runs[0].longest, found.runs[0].longest_max) == (7, 7)
    assert found.runs[0].signal
    assert found.signal
    assert not found.flagged["run"].any()


def test_equal_shares_lie_on_their_centre_whatever_rounding_makes_of_it():
    found = chart("p", [3.0, 7.0, 11.0, 21.0] * 6, [30.0, 70.0, 110.0, 210.0] * 6)
    assert found.runs[0].n_useful == 0
    assert not found.signal
