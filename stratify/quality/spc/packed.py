"""Points that count, moved to the front of their series in their order, so that rules read them without gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ON_THE_LINE = 1e-12  # relative: two values closer than this are the same but for rounding


class Packed:
    """The places of the points that count, of many series of one length: (series, points)."""

    def __init__(self, counts: Bools) -> None:
        self.order = np.argsort(~counts, axis=1, kind="stable")
        self.number: Ints = counts.sum(axis=1)
        self.there: Bools = np.arange(counts.shape[1]) < self.number[:, None]

    def front(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return values with those of points that count first; what stands behind them means nothing."""
        return np.take_along_axis(values, self.order, axis=1)

    def back(self, found: Bools) -> Bools:
        """Return flags of packed points at the points' own places; False at those that do not count."""
        placed = np.zeros(found.shape, dtype=bool)
        np.put_along_axis(placed, self.order, found & self.there, axis=1)
        return placed


def lengths(side: Ints) -> tuple[Ints, Ints]:
    """Return, of each place, how long its run of equal sides is, and how long it is so far; 0 where the side is 0."""
    at = np.arange(side.shape[1])
    new = np.ones(side.shape, dtype=bool)
    new[:, 1:] = side[:, 1:] != side[:, :-1]
    last = np.ones(side.shape, dtype=bool)
    last[:, :-1] = new[:, 1:]
    start = np.maximum.accumulate(np.where(new, at, 0), axis=1)
    end = np.minimum.accumulate(np.where(last, at, side.shape[1])[:, ::-1], axis=1)[:, ::-1]
    there = side != 0
    return np.where(there, end - start + 1, 0), np.where(there, at - start + 1, 0)


def sides(value: Floats, line: Floats) -> Ints:
    """Return 1 above a line, −1 below, 0 on it (within rounding) and where either is not known."""
    near = ON_THE_LINE * (np.abs(value) + np.abs(line))
    above: Ints = (value - line > near).astype(np.int64)
    return above - (line - value > near)
