"""Streams: an address gives its numbers, whatever else was read."""

import numpy as np
import pytest

from pipelines.synthesis.streams import Streams


def test_the_same_address_gives_the_same_numbers():
    first = Streams(4).at("onset", 2019).random(50)
    second = Streams(4).at("onset", 2019).random(50)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "seed, purpose, year",
    [(5, "onset", 2019), (4, "death", 2019), (4, "onset", 2020), (4, "onset", 0)],
)
def test_another_address_gives_other_numbers(seed, purpose, year):
    here = Streams(4).at("onset", 2019).random(50)
    there = Streams(seed).at(purpose, year).random(50)
    assert not np.any(here == there)


def test_reading_one_stream_leaves_the_others_alone():
    untouched = Streams(1).at("b").random(5)
    streams = Streams(1)
    streams.at("a").random(1000)
    np.testing.assert_array_equal(streams.at("b").random(5), untouched)


def test_years_do_not_run_into_each_other():
    # a stream much longer than any use of it never reaches the address of the next year
    long = Streams(2).at("x", 2000).random(20_000)
    following = Streams(2).at("x", 2001).random(20_000)
    assert len(np.intersect1d(long, following)) == 0


def test_the_largest_seed_is_a_seed():
    assert 0 <= Streams(2**63 - 1).at("x").random() < 1
