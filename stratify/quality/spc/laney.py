"""Whether rates vary more than their counts explain, so that a plain p or u chart would call nearly every point out.

sigma_z is the standard deviation, from moving ranges, of the rates' z-scores: 1 where only counting varies. It comes
out above 1 by chance in half of all stable series, so it is *clearly* above 1 only beyond the value that 1 in 10 of
them exceed at this number of points. That value is simulated from standard normal z-scores; for small counts, whose
z-scores are skewed, it is exceeded less often. One in 10 and not in 100, because the two errors do not cost the same:
a needless p' has somewhat wider limits, a missed one leaves a plain chart with false signals (`benchmarks/spc.py`: 24
points that vary somewhat more than by counting signal falsely in up to 10 % of series, against 24 % with 1 in 100).
Source: Laney 2002, doi:10.1081/QEN-120006555; Mohammed & Laney 2006, doi:10.1136/qshc.2006.017830.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from stratify.quality.spc.limits import Kind, limits
from stratify.quality.spc.packed import Bools, Floats

# The 90 % point of sigma_z by number of points under the null: `python benchmarks/spc.py --null` prints it.
NULL_90 = {
    4: 1.6760, 5: 1.5898, 6: 1.5298, 7: 1.4841, 8: 1.4497, 10: 1.3964, 12: 1.3587, 15: 1.3175, 18: 1.2890, 24: 1.2480,
    30: 1.2199, 36: 1.2001, 48: 1.1728, 60: 1.1539,
}  # fmt: skip


def sigma_z_limit(n: int) -> float:
    """Return what sigma_z of n points exceeds in 1 of 10 series that vary by counting alone; infinite below 4 points.

    Between the simulated n, and beyond them, its distance from 1 goes with the standard error of a mean moving range.
    """
    known = sorted(NULL_90)
    if n < known[0]:
        return math.inf
    low = max(size for size in known if size <= n)
    high = min((size for size in known if size >= n), default=low)
    at_low, at_high = ((NULL_90[size] - 1) / _error(size) for size in (low, high))
    part = (n - low) / (high - low) if high > low else 0.0
    return 1 + (at_low + part * (at_high - at_low)) * _error(n)


def _error(n: int) -> float:
    """The standard error of sigma from the n − 1 moving ranges of n independent standard normal values.

    A range has variance 2 − 4/π; two that share a value have a covariance from the moments of a folded normal.
    """
    ranges = n - 1
    shared = 4 / math.pi * (math.sqrt(0.75) + 0.5 * math.asin(0.5) - 1)
    return math.sqrt((ranges * (2 - 4 / math.pi) + 2 * (ranges - 1) * shared) / ranges**2) * math.sqrt(math.pi) / 2


def sigma_z_limits(base: Bools) -> Floats:
    """Return the limit of each series (series, 1) by the number of its baseline points."""
    number = base.sum(axis=1)
    table = np.array([sigma_z_limit(n) for n in range(base.shape[1] + 1)])
    found: Floats = table[number][:, None]
    return found


def choose(
    numerator: Sequence[float] | npt.ArrayLike,
    denominator: Sequence[float] | npt.ArrayLike,
    kind: Literal["p", "u"],
    *,
    used: npt.ArrayLike | None = None,
) -> tuple[Kind, float]:
    """Return the chart for rates, p or p' (u or u'), and their sigma_z; NaN of fewer than two points.

    The prime is chosen when sigma_z exceeds `sigma_z_limit`: needlessly in at most about 1 of 10 series. used: the
    points to judge by, those that are mature and of the baseline. For many series, see `charts(..., chosen=True)`.
    """
    if kind not in ("p", "u"):
        raise ValueError(f"a choice is between p and p' or u and u', got kind {kind!r}")
    over = np.asarray(denominator, dtype=np.float64)[None, :]
    over = np.where(over > 0, over, np.nan)
    counted = np.asarray(numerator, dtype=np.float64)[None, :]
    base = ~np.isnan(counted / over)
    if used is not None:
        base &= np.asarray(used, dtype=bool)
    prime: Kind = "p_prime" if kind == "p" else "u_prime"
    sigma_z = float(limits(prime, counted, over, base, screen=False).sigma_z[0])
    return (prime if sigma_z > sigma_z_limit(int(base.sum())) else kind), sigma_z
