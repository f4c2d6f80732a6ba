"""Whether a column is spread as it was when a model was made: PSI with a limit of chance, and a floor of size.

PSI = sum over bins of (now - before) * log(now / before). Where nothing has drifted it is nearly
(1/n + 1/m) * chi2(bins - 1), n and m being the rows (of several rows a person: the people) now and before. So a fixed
limit says something else of each n: with ten bins, "above 0.1" comes by chance in three months of ten at n = 100, and
never at n = 2,000, where PSI stays below 0.011 in 99 of 100 (`benchmarks/drift.py`). Here a column drifts where PSI is
above both the limit of chance, Bonferroni over all columns of a model, and a floor of 0.1 (by convention the size at
which to look closer: N. Siddiqi, Credit Risk Scorecards, 2006). The limit: B. Yurdakul, Statistical Properties of
Population Stability Index, 2018.

What is missing is no bin: the share missing is tested apart, by the PSI of two bins and the same limit and floor. A
column that varied and has one value left has gone constant, which is told as the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models.table import Floats

Counts = NDArray[np.int64]
State = Literal["stable", "drift", "cannot tell"]
BINS = 10
ALPHA = 0.01  # false alarms of a model in a month where nothing has drifted, were there no floor
FLOOR = 0.1
EXPECTED = 5.0  # rows a bin holds at least, if nothing has drifted; smaller ones join the next
HALF = 0.5  # added to each bin, since an empty one has no logarithm


@dataclass(frozen=True)
class Moved:
    """How far a column has moved, before it is judged: PSI and bins of its values and of its missing; rows beside.

    bins 0: too few values to compare. before and now: shares missing. constant: it varied, and now has one value.
    """

    psi: float
    bins: int
    missing_psi: float
    before: float
    now: float
    per_row: float  # 1/n + 1/m of the values
    missing_per_row: float
    enough: bool  # of a share missing to be compared
    constant: bool


@dataclass(frozen=True)
class Drift:
    """A judged column: `why` is "distribution", "missing" or "constant" where it drifts, else empty."""

    psi: float | None
    limit: float | None
    missing_before: float
    missing_now: float
    state: State
    why: str


def ends_of(values: Floats, most: int = BINS, *, step: float = 0.0) -> Floats:
    """Return the upper ends of all bins but the last: quantiles of a column, or its values where they are few.

    NaN is left out. A column without values, or with one alone, has no end or that one. step: ends are multiples of it,
    rounded up; 7 for days since something that a register tells by the week, which are others on each weekday.

    >>> ends_of(np.array([0.0, 0.0, 1.0, np.nan])).tolist()
    [0.0]
    """
    there = values[~np.isnan(values)]
    if not len(there):
        return np.empty(0)
    some = np.unique(there)
    if len(some) == 1:
        return some  # another value is another bin
    if step > 0:
        some = np.unique(np.ceil(some / step) * step)
        there = np.ceil(there / step) * step
    if len(some) <= most:
        return np.asarray(some[:-1], dtype=np.float64)
    ends = np.unique(np.quantile(there, np.arange(1, most) / most, method="lower"))
    return np.asarray(ends[ends < some[-1]], dtype=np.float64)


def counted(values: Floats, ends: Floats) -> Counts:
    """Return int[len(ends) + 2], the rows in each bin (values up to its end), and last those that are missing."""
    place = np.searchsorted(ends, values, side="left")  # NaN goes beyond all
    place = np.where(np.isnan(values), len(ends) + 1, place)
    return np.bincount(place, minlength=len(ends) + 2).astype(np.int64)


def psi(before: NDArray[np.integer], now: NDArray[np.integer]) -> float:
    """Return the population stability index of two counts of the same bins, half a row added to each bin.

    ValueError where bins differ.

    >>> round(psi(np.array([50, 50]), np.array([60, 40])), 3)
    0.04
    """
    if before.shape != now.shape:
        raise ValueError(f"needs counts of the same bins, got {before.shape} and {now.shape}")
    p, q = before + HALF, now + HALF
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def null_limit(per_row: float, bins: int, alpha: float) -> float:
    """Return what PSI exceeds by chance with probability alpha; per_row is 1/n + 1/m.

    >>> round(null_limit(1 / 2000 + 1 / 50_000, 10, 0.01), 4)
    0.0113
    """
    return per_row * _quantile(bins, alpha) if bins > 1 else 0.0


def moved(before: Counts, now: Counts, people: tuple[int, int] | None = None) -> Moved:
    """Return how far counts made by `counted` have moved; people before and now, where they are fewer than rows.

    Bins that would hold fewer than `EXPECTED` rows of the smaller sample join the next, so that chance is as told.
    """
    rows = int(before.sum()), int(now.sum())
    whole = people or rows
    shrink = [own / count if count else 0.0 for own, count in zip(whole, rows, strict=True)]
    there = [float(counts[:-1].sum()) * one for counts, one in zip((before, now), shrink, strict=True)]
    old, new = _merged(before[:-1], now[:-1], min(there))
    lacking = np.array([before[-1], rows[0] - before[-1]]), np.array([now[-1], rows[1] - now[-1]])
    pooled = float(before[-1] + now[-1]) / max(sum(rows), 1)
    return Moved(
        psi(old, new) if len(old) > 1 else 0.0,
        len(old) if min(there) > 0 else 0,
        psi(*lacking),
        int(before[-1]) / max(rows[0], 1),
        int(now[-1]) / max(rows[1], 1),
        sum(1 / count for count in there if count),
        sum(1 / count for count in whole if count),
        min(whole) > 0 and (pooled in (0.0, 1.0) or min(pooled, 1 - pooled) * min(whole) >= EXPECTED),
        int((old > 0).sum()) > 1 and int((now[:-1] > 0).sum()) == 1,
    )


def judged(found: Moved, columns: int, *, alpha: float = ALPHA, floor: float = FLOOR) -> Drift:
    """Return whether a column drifts, as one of so many that are looked at: two tests each, at alpha / (2 * columns).

    Above the floor and not above the limit of chance it cannot be told, nor where there are too few values to compare.
    """
    each = alpha / (2 * max(columns, 1))
    gone = found.missing_psi > max(null_limit(found.missing_per_row, 2, each), floor)
    if found.bins == 0:  # nothing but missing, before or now
        state: State = "drift" if gone and found.enough else "cannot tell"
        if found.before == found.now == 1:
            state = "stable"
        return Drift(None, None, found.before, found.now, state, "missing" if state == "drift" else "")
    limit = null_limit(found.per_row, found.bins, each)
    apart = found.psi > max(limit, floor)
    if apart or (gone and found.enough):
        why = ("constant" if found.constant else "distribution") if apart else "missing"
        return Drift(found.psi, limit, found.before, found.now, "drift", why)
    unsure = found.psi > floor or (found.missing_psi > floor) or not found.enough
    return Drift(found.psi, limit, found.before, found.now, "cannot tell" if unsure else "stable", "")


def _merged(before: Counts, now: Counts, fewest: float) -> tuple[Counts, Counts]:
    """Join bins, from the left, until each holds enough; the last ones that do not join the one before them."""
    both = before + now
    total = int(both.sum())
    if not total or not fewest:
        return before[:0], now[:0]
    reached = np.cumsum(both) * (fewest / total)
    cuts: list[int] = []
    last = 0.0
    for place, so_far in enumerate(reached.tolist()):
        if so_far - last >= EXPECTED - 1e-9:
            cuts.append(place + 1)
            last = so_far
    starts = np.array([0, *cuts[:-1]]) if cuts else np.zeros(1, dtype=np.int64)
    return np.add.reduceat(before, starts), np.add.reduceat(now, starts)


@lru_cache(maxsize=4096)
def _quantile(bins: int, alpha: float) -> float:
    return float(chi2.isf(alpha, bins - 1))
