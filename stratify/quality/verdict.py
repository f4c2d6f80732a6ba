"""Whether an agreed standard is met, not met or undecided, from the interval and never from the share alone."""

from __future__ import annotations

import math
from typing import Literal

from stratify.quality import intervals

Status = Literal["met", "not_met", "undecided", "no_standard"]


def wilson(numerator: int, denominator: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of one share. Raises ValueError for a share of nobody; see `intervals.wilson`.

    >>> tuple(round(limit, 4) for limit in wilson(15, 50))
    (0.191, 0.4375)
    """
    if not 0 <= numerator <= denominator or denominator == 0:
        raise ValueError("a share needs 0 <= numerator <= denominator and somebody in the denominator")
    low, high = intervals.wilson(numerator, denominator)
    return float(low), float(high)


def verdict(
    low: float,
    high: float,
    *,
    standard: float | None,
    direction: Literal["higher", "lower"],
    enough: bool,
) -> Status:
    """Return the status of a standard: met or not met when the whole interval lies on one side of it.

    Too few to tell (`enough` is false), or nobody: undecided.
    """
    if standard is None:
        return "no_standard"
    if not enough or math.isnan(low):
        return "undecided"
    if direction == "lower":
        standard, low, high = -standard, -high, -low
    if low >= standard:
        return "met"
    return "not_met" if high < standard else "undecided"
