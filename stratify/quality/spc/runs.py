"""Anhøj's rules: a run on one side of the centre that is too long, or too few crossings of it.

Both limits depend on the number of useful points, those that do not lie on the centre line, which neither break a run
nor add to it. Together they have about the same false alarms for 10 to 100 points. Sources: Anhøj & Olesen 2014,
doi:10.1371/journal.pone.0113825; Anhøj 2015, doi:10.1371/journal.pone.0121349; the package qicharts2, whose stored
results the tests hold these against.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stratify.quality.spc.packed import Bools, Floats, Ints, Packed, lengths, sides


class Runs(NamedTuple):
    """What Anhøj's rules find in one part of a series; `signal` when it does not vary at random."""

    n_useful: int
    longest: int
    longest_max: int
    crossings: int
    crossings_min: int
    signal: bool


class ManyRuns(NamedTuple):
    """The same of many series, an array of each figure."""

    n_useful: Ints
    longest: Ints
    longest_max: Ints
    crossings: Ints
    crossings_min: Ints
    signal: Bools

    def one(self, nth: int) -> Runs:
        """Return the figures of one series."""
        figures = [int(array[nth]) for array in self[:-1]]
        return Runs(figures[0], figures[1], figures[2], figures[3], figures[4], bool(self.signal[nth]))


@cache
def anhoej_limits(n: int) -> tuple[int, int]:
    """Return the longest run and the fewest crossings that n useful points may have by chance.

    The longest is round(log2 n) + 3; the fewest crossings are the lower 5 % point of a binomial of n − 1 and a half.

    >>> anhoej_limits(24), anhoej_limits(12), anhoej_limits(0)
    ((8, 8), (7, 3), (3, 0))
    """
    if n < 0:
        raise ValueError(f"a number of points is 0 or more, got {n}")
    if n < 2:
        return 3, 0
    below, fewest, whole = 1, 0, 2 ** (n - 1)
    while 20 * below < whole:
        fewest += 1
        below += math.comb(n - 1, fewest)
    return round(math.log2(n)) + 3, fewest


def anhoej(values: Sequence[float] | npt.ArrayLike, centre: float) -> Runs:
    """Return the runs of values around a centre; NaN is no point.

    >>> anhoej([1, 3, 1, 3, 2, 1, 1], 2)
    Runs(n_useful=6, longest=2, longest_max=6, crossings=4, crossings_min=1, signal=False)
    """
    value = np.asarray(values, dtype=np.float64)[None, :]
    found, _ = many_runs(value, np.full_like(value, centre), ~np.isnan(value))
    return found.one(0)


def many_runs(value: Floats, centre: Floats, used: Bools) -> tuple[ManyRuns, Bools]:
    """Return the runs of many series (series, points), and the points of every run that is too long."""
    side = sides(value, centre)
    useful = used & (side != 0)
    packed = Packed(useful)
    ordered = np.where(packed.there, packed.front(side), 0)
    length, _ = lengths(ordered)
    crossings = ((ordered[:, 1:] * ordered[:, :-1]) < 0).sum(axis=1)
    longest = length.max(axis=1, initial=0)
    limits = np.array([anhoej_limits(n) for n in range(side.shape[1] + 1)])[packed.number]
    longest_max, crossings_min = limits[:, 0], limits[:, 1]
    signal = (longest > longest_max) | (crossings < crossings_min)
    found = ManyRuns(packed.number, longest, longest_max, crossings, crossings_min, signal)
    return found, packed.back(length > longest_max[:, None])
