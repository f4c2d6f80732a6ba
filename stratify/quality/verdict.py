"""Whether an agreed standard is met, not met or undecided, from the interval and never from the share alone."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

Status = Literal["met", "not_met", "undecided", "no_standard"]

_Z = NormalDist().inv_cdf(0.975)


def wilson(numerator: int, denominator: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval (score, no continuity correction) of a share, within 0 and 1.

    Chosen because it keeps its coverage for small denominators and shares near 0 or 1. Raises ValueError for a share
    of nobody. Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    >>> tuple(round(limit, 4) for limit in wilson(15, 50))
    (0.191, 0.4375)
    """
    if not 0 <= numerator <= denominator or denominator == 0:
        raise ValueError("a share needs 0 <= numerator <= denominator and somebody in the denominator")
    share = numerator / denominator
    shrunk = 1 + _Z**2 / denominator
    middle = (share + _Z**2 / (2 * denominator)) / shrunk
    half = _Z * math.sqrt(share * (1 - share) / denominator + _Z**2 / (4 * denominator**2)) / shrunk
    low = 0.0 if numerator == 0 else middle - half
    high = 1.0 if numerator == denominator else middle + half
    return low, high


def verdict(
    numerator: int,
    denominator: int,
    *,
    standard: float | None,
    direction: Literal["higher", "lower"],
    min_denominator: int,
) -> Status:
    """Return the status of a standard: met or not met when the whole interval lies on one side of it.

    Fewer than `min_denominator` people are too few to tell: undecided.
    """
    if standard is None:
        return "no_standard"
    if denominator < min_denominator or denominator == 0:
        return "undecided"
    low, high = wilson(numerator, denominator)
    if direction == "lower":
        standard, low, high = -standard, -high, -low
    if low >= standard:
        return "met"
    return "not_met" if high < standard else "undecided"
