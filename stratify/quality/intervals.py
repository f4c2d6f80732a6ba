"""95 % intervals of shares, rates, ratios and gaps, for many cells at once; NaN where there is nobody to tell of."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[Any] | float | int
Z = NormalDist().inv_cdf(0.975)


def wilson(numerator: Numbers, denominator: Numbers) -> tuple[Floats, Floats]:
    """Return Wilson's interval (score, no continuity correction) of shares, within 0 and 1.

    Chosen because it keeps its coverage for small denominators and shares near 0 or 1.
    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    >>> [round(float(limit), 4) for limit in wilson(15, 50)]
    [0.191, 0.4375]
    """
    x, n = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    n = np.where(n > 0, n, np.nan)
    share = x / n
    shrunk = 1 + Z**2 / n
    middle = (share + Z**2 / (2 * n)) / shrunk
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / shrunk
    low = np.where(x == 0, 0.0, middle - half)
    high = np.where(x == n, 1.0, middle + half)
    return np.where(np.isnan(n), np.nan, low), np.where(np.isnan(n), np.nan, high)


def byar(observed: Numbers, expected: Numbers) -> tuple[Floats, Floats]:
    """Return Byar's approximation to the exact Poisson interval of observed / expected.

    expected: counts that were expected, or years lived: then the interval is that of a rate.
    Source: Breslow and Day 1987, Statistical Methods in Cancer Research II, p. 69.

    >>> [round(float(limit), 3) for limit in byar(10, 8)]
    [0.598, 2.299]
    """
    o, e = np.asarray(observed, np.float64), np.asarray(expected, np.float64)
    e = np.where(e > 0, e, np.nan)
    safe = np.maximum(o, 1)
    low = np.where(o == 0, 0.0, safe * (1 - 1 / (9 * safe) - Z / (3 * np.sqrt(safe))) ** 3)
    up = o + 1
    high = up * (1 - 1 / (9 * up) + Z / (3 * np.sqrt(up))) ** 3
    return np.maximum(low, 0) / e, high / e


def newcombe(
    numerator: Numbers, denominator: Numbers, other_numerator: Numbers, other_denominator: Numbers
) -> tuple[Floats, Floats, Floats]:
    """Return the difference of two shares and Newcombe's interval of it (hybrid score, without correction).

    Source: Newcombe 1998, method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    >>> [round(float(one), 4) for one in newcombe(56, 70, 48, 80)]
    [0.2, 0.0524, 0.3339]
    """
    (low, high), (other_low, other_high) = wilson(numerator, denominator), wilson(other_numerator, other_denominator)
    n, m = np.asarray(denominator, np.float64), np.asarray(other_denominator, np.float64)
    one = np.asarray(numerator, np.float64) / np.where(n > 0, n, np.nan)
    two = np.asarray(other_numerator, np.float64) / np.where(m > 0, m, np.nan)
    gap = one - two
    return (
        gap,
        gap - np.sqrt((one - low) ** 2 + (other_high - two) ** 2),
        gap + np.sqrt((high - one) ** 2 + (two - other_low) ** 2),
    )
