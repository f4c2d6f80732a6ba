"""Units beside each other: which lie further from the centre than their size explains.

Limits are exact and smooth, not normal: of the binomial or the Poisson distribution, interpolated between whole counts
(Spiegelhalter 2005, doi:10.1002/sim.1970, appendix A.1; here from its own end on either side). Where the units differ
more than chance and a few outliers explain, the limits are widened by additive random effects (Spiegelhalter 2005,
doi:10.1136/qshc.2005.013755), and the result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from stratify.quality.spc.packed import Bools, Floats

FunnelKind = Literal["p", "u"]

LEVELS = (0.95, 0.998)  # two-sided; 2 and 3 standard deviations, near enough
WINSORISED = 0.1  # z-scores beyond the 10th and 90th percentile are set to these before phi is worked out
OVERDISPERSED = 0.05
FEWEST_UNITS = 10  # below which one odd unit would widen its own limits: then phi is told, and limits stay exact


@dataclass(frozen=True, eq=False)
class Funnel:
    """Units on a funnel; arrays have an entry for each unit given, NaN for no unit.

    lower95 to upper998: limits at the unit's size. outside: 0 within, 1 beyond the 95 % limits, 2 beyond 99.8 %, with
    the sign of the side. phi: mean squared winsorised z-score; p_overdispersion: its one-sided chi-square test;
    overdispersed: whether that is below 5 %. tau: the standard deviation between units that the limits are widened by,
    on the scale of arcsin √p or √rate; 0 where they are exact.
    """

    kind: FunnelKind
    value: Floats
    denominator: Floats
    centre: float
    used: Bools
    lower95: Floats
    upper95: Floats
    lower998: Floats
    upper998: Floats
    outside: npt.NDArray[np.int64]
    phi: float
    p_overdispersion: float
    overdispersed: bool
    tau: float

    @property
    def widened(self) -> bool:
        """Whether the limits allow for units that vary beyond chance."""
        return self.tau > 0

    def limits_at(self, denominator: npt.ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
        """Return lower95, upper95, lower998, upper998 at other sizes, as for drawing the funnel."""
        return _limits(self.kind, np.asarray(denominator, dtype=np.float64), self.centre, self.tau)


def funnel(
    numerator: Sequence[float] | npt.ArrayLike,
    denominator: Sequence[float] | npt.ArrayLike,
    centre: float | None = None,
    *,
    kind: FunnelKind = "p",
) -> Funnel:
    """Return the funnel of units: shares of people (kind p), or rates and observed over expected (kind u, centre 1).

    centre: of all units together unless given. A denominator of 0 or NaN, or a numerator of NaN, is no unit. With
    fewer than `FEWEST_UNITS` units limits are not widened. Raises ValueError for what cannot be counted.
    """
    counted, over = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    _check(kind, counted, over)
    used = (over > 0) & ~np.isnan(counted)
    over, counted = np.where(used, over, np.nan), np.where(used, counted, np.nan)
    value = counted / over
    if centre is None:
        centre = float(counted[used].sum() / over[used].sum()) if used.any() else float("nan")
    phi, p_value, tau = _spread(kind, value[used], over[used], centre)
    lines = _limits(kind, over, centre, tau)
    level = np.zeros(len(value), dtype=np.int64)
    for low, high in (lines[:2], lines[2:]):
        level += (value > high).astype(np.int64) - (value < low)
    return Funnel(kind, value, over, centre, used, *lines, level, phi, p_value, p_value < OVERDISPERSED, tau)


def _check(kind: str, counted: Floats, over: Floats) -> None:
    if kind not in ("p", "u"):
        raise ValueError(f"kind must be 'p' or 'u', got {kind!r}")
    if counted.ndim != 1 or counted.shape != over.shape:
        raise ValueError(f"numerator and denominator must be of one length, got {counted.shape} and {over.shape}")
    if np.isinf(counted).any() or np.isinf(over).any() or (counted < 0).any() or (over < 0).any():
        raise ValueError("numerators and denominators must be finite and not below 0")
    if kind == "p" and ((counted > over) & (over > 0)).any():
        raise ValueError("a share needs numerators that do not exceed their denominators")


def _spread(kind: FunnelKind, value: Floats, over: Floats, centre: float) -> tuple[float, float, float]:
    """Return phi, its p-value, and tau, which is 0 when limits are not to be widened."""
    from scipy.stats import chi2

    units = len(value)
    if units < 3 or not centre > 0 or (kind == "p" and centre >= 1):
        return float("nan"), float("nan"), 0.0
    error = 1 / (2 * np.sqrt(over))
    z = (_scaled(kind, value) - _scaled(kind, np.array(centre))) / error
    z = np.clip(z, *np.quantile(z, [WINSORISED, 1 - WINSORISED]))
    phi = float((z**2).mean())
    p_value = float(chi2.sf(units * phi, units - 1))
    weight = 1 / error**2
    between = (units * phi - (units - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())
    wide = p_value < OVERDISPERSED and between > 0 and units >= FEWEST_UNITS
    return phi, p_value, float(np.sqrt(between)) if wide else 0.0


def _limits(kind: FunnelKind, over: Floats, centre: float, tau: float) -> tuple[Floats, Floats, Floats, Floats]:
    found = []
    for level in LEVELS:
        tail = (1 - level) / 2
        z = NormalDist().inv_cdf(1 - tail)
        for side in (-1, 1):
            line = _exact(kind, over, centre, tail, side)
            if tau > 0:
                wide = _scaled(kind, np.array(centre)) + side * z * np.sqrt(1 / (4 * over) + tau**2)
                line = (np.minimum if side < 0 else np.maximum)(line, _unscaled(kind, wide))
            found.append(line)
    return found[0], found[1], found[2], found[3]


def _exact(kind: FunnelKind, over: Floats, centre: float, tail: float, side: int) -> Floats:
    """Return the limit that a share `tail` of units of each size lie beyond on one side, between two whole counts.

    Below: r is the fewest cases with P(X ≤ r) > tail, the limit (r − (P(X ≤ r) − tail) / P(X = r)) / n; above, the same
    seen from the other end. So a unit is beyond it exactly when its count, or one further out, has at most that chance.
    """
    from scipy.stats import binom, poisson

    known = ~np.isnan(over)
    if np.isnan(centre):
        return np.full(over.shape, np.nan)
    size = np.where(known, over, 1.0)
    law, of = (binom, (np.round(size), centre)) if kind == "p" else (poisson, (size * centre,))
    if side < 0:
        cases = law.ppf(tail, *of)
        cases = np.where(law.cdf(cases, *of) > tail, cases, cases + 1)
        chance = law.cdf(cases, *of)
    else:
        cases = law.isf(tail, *of)
        chance = law.sf(cases - 1, *of)
    line = np.maximum(cases + side * (chance - tail) / law.pmf(cases, *of), 0.0) / size
    return np.where(known, np.minimum(line, 1.0) if kind == "p" else line, np.nan)


def _scaled(kind: FunnelKind, value: Floats) -> Floats:
    """The scale on which a unit's standard error is 1 / (2 √n) whatever its value."""
    found: Floats = np.arcsin(np.sqrt(np.clip(value, 0, 1))) if kind == "p" else np.sqrt(value)
    return found


def _unscaled(kind: FunnelKind, scaled: Floats) -> Floats:
    found: Floats = np.sin(np.clip(scaled, 0, np.pi / 2)) ** 2 if kind == "p" else np.maximum(scaled, 0.0) ** 2
    return found
