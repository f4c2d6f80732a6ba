"""Weights of every bin when people are drawn anew: each counts a Poisson(1) number of times, with all rows of theirs.

How often a person counts in a draw is a hash of the seed, the draw and who it is (`Rows.identity`): the same whatever
order the rows come in and however many threads work. The Poisson bootstrap is that of Hanley and MacGibbon, Computer
Methods and Programs in Biomedicine 2006, and draws whole clusters, as Field and Welsh, JRSS B 2007, ask for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypedDict

import numpy as np

from models.evaluation.bins import Column
from models.evaluation.rows import Bits, mixed
from models.table import Floats
from stratify.features.loops import Array, compiled

# a draw of 64 bits counts as often as there are of these at or below it
_ONCE = np.array(
    [min(int(math.fsum(math.exp(-1) / math.factorial(j) for j in range(k + 1)) * 2**64), 2**64 - 1) for k in range(12)],
    dtype=np.uint64,
)
_GOLDEN, _MIX_1, _MIX_2 = (np.uint64(v) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_MOST_FAILED = 0.1  # where more draws than this cannot be computed, there is no interval


class Figure(TypedDict):
    """A figure with its 95 % interval; None where it cannot be computed, or not be shown."""

    value: float | None
    low: float | None
    high: float | None


def draw(columns: Mapping[str, Column], weight: Floats, identity: Bits, draws: int, seed: int) -> dict[str, Floats]:
    """Return for each column the weights [draws, levels, bins, 2] of people drawn anew."""
    starts = np.cumsum([0, *(math.prod(column.shape) for column in columns.values())])
    cells = np.stack([c.cells + np.int32(start) for c, start in zip(columns.values(), starts, strict=False)], axis=1)
    state = mixed(identity ^ mixed(np.array([seed], dtype=np.int64).view(np.uint64)))
    drawn = np.zeros((draws, int(starts[-1])))
    workers = max(1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, draws))
    shares = np.linspace(0, draws, workers + 1).astype(int)
    with ThreadPoolExecutor(workers) as pool:
        done = [pool.submit(_draw, state, weight, cells, _ONCE, first, last, drawn) for first, last in pairwise(shares)]
        for one in done:
            one.result()
    parts = np.split(drawn, starts[1:-1], axis=1)
    return {name: part.reshape(draws, *columns[name].shape) for name, part in zip(columns, parts, strict=True)}


@compiled
def _draw(state: Array, weight: Array, cells: Array, once: Array, first: int, last: int, drawn: Array) -> None:
    """Add each row's weight, as often as its person counts, to its cells of the draws first to last."""
    n, columns = cells.shape
    for nth in range(first, last):
        step = np.uint64(nth + 1) * _GOLDEN
        for i in range(n):
            z = state[i] + step
            z = (z ^ (z >> _30)) * _MIX_1
            z = (z ^ (z >> _27)) * _MIX_2
            z ^= z >> _31
            if z < once[0]:
                continue
            times = 1
            while times < len(once) and z >= once[times]:
                times += 1
            more = times * weight[i]
            for k in range(columns):
                drawn[nth, cells[i, k]] += more


def interval(drawn: Floats, value: float, binned: float | None = None) -> Figure:
    """Return an exact value with the 2.5 and 97.5 % points of what was drawn, moved by what the bins are off.

    `binned` is the value from the same bins with everybody counted once. None says that the figure is a distance
    (ICI, E50, E90): drawing adds noise and noise only adds distance, so the draws are moved to have the value as their
    median, and end at 0.
    """
    drawn = np.asarray(drawn)
    fine = drawn[np.isfinite(drawn)]
    if not np.isfinite(value):
        return Figure(value=None, low=None, high=None)
    if len(fine) < (1 - _MOST_FAILED) * len(drawn) or not len(fine):
        return Figure(value=float(value), low=None, high=None)
    low, high = np.quantile(fine, (0.025, 0.975)) + (value - (np.median(fine) if binned is None else binned))
    return Figure(value=float(value), low=float(max(low, 0.0) if binned is None else low), high=float(high))
