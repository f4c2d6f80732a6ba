"""Centre line and limits of each kind of control chart, for many series at once: arrays (series, points).

Sources: Montgomery, Introduction to Statistical Quality Control, chapters 6 and 7; Nelson 1994 (t chart); Laney 2002,
doi:10.1081/QEN-120006555 (p' and u'); Provost & Murray 2011 (screening of moving ranges); as in qicharts2.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from stratify.quality.spc.packed import ON_THE_LINE, Bools, Floats, Packed

Kind = Literal["run", "xmr", "p", "u", "c", "p_prime", "u_prime", "t"]
KINDS: tuple[Kind, ...] = ("run", "xmr", "p", "u", "c", "p_prime", "u_prime", "t")
RATES = ("p", "u", "p_prime", "u_prime")

D2 = 1.128  # the expected moving range of two, in standard deviations; 3 / D2 is the 2.66 of an XmR chart
SCREEN = 3.267  # D4: a moving range above this many mean ranges is a signal of its own
NELSON = 3.6  # times between events to this root are nearly normal
SAME_DAY = 0.1  # a time of 0 days, which has no place on a t chart, counts as this


class Limits(NamedTuple):
    """Centre (series, 1), 3-sigma and 2-sigma limits (series, points) and sigma_z (series), NaN where there is none.

    A rate that is no point has no limits either: their width would tell the denominator of a hidden one.
    """

    centre: Floats
    lower: Floats
    upper: Floats
    lower95: Floats
    upper95: Floats
    sigma_z: Floats


def moving_sigma(value: Floats, base: Bools, *, screen: bool) -> Floats:
    """Return the standard deviation (series, 1) from the mean moving range of the baseline; NaN of fewer than 2 points.

    The ranges go from each baseline point to the next. screen: leave ranges of `SCREEN` times their mean or more out,
    once.
    """
    packed = Packed(base)
    ordered = np.where(packed.there, packed.front(value), 0.0)
    ranges, there = np.abs(np.diff(ordered, axis=1)), packed.there[:, 1:]
    mean = _mean(ranges, there)
    if screen:
        mean = _mean(ranges, there & ((ranges < SCREEN * mean) | (mean == 0)))
    return mean / D2


def limits(
    kind: Kind, numerator: Floats, denominator: Floats, base: Bools, *, screen: bool, prime_above: Floats | None = None
) -> Limits:
    """Return the limits that the baseline gives every point of its part.

    prime_above (series, 1): where a p' or u' chart's sigma_z is not above it, the chart is plain and sigma_z NaN.
    """
    if kind in RATES:
        return _rates(kind, numerator, denominator, base, prime_above)
    value = numerator / denominator
    none = np.full((len(value), 1), np.nan)
    if kind == "run":
        centre, sigma = _median(value, base), none
    elif kind == "c":
        centre = _mean(value, base)
        sigma = np.sqrt(centre)
    else:
        if kind == "t":
            value = np.where(value == 0, SAME_DAY, value) ** (1 / NELSON)
        centre = _mean(value, base)
        sigma = moving_sigma(value, base, screen=screen)
    lines = [np.broadcast_to(centre + times * sigma, value.shape) for times in (-3, 3, -2, 2)]
    if kind in ("c", "t"):
        lines = [np.maximum(one, 0.0) for one in lines]
    if kind == "t":
        centre, lines = centre**NELSON, [one**NELSON for one in lines]
    return Limits(centre, lines[0], lines[1], lines[2], lines[3], none[:, 0])


def _rates(kind: Kind, numerator: Floats, denominator: Floats, base: Bools, prime_above: Floats | None) -> Limits:
    over = np.where(base, denominator, 0.0).sum(axis=1, keepdims=True)
    centre = np.where(base, numerator, 0.0).sum(axis=1, keepdims=True) / np.where(over > 0, over, np.nan)
    share = kind.startswith("p")
    value = numerator / denominator
    spread = np.sqrt(np.maximum(centre * (1 - centre) if share else centre, 0.0) / denominator)
    spread = np.where(np.isnan(value), np.nan, spread)  # a limit tells its denominator: a hidden point has none
    sigma_z = np.full((len(centre), 1), np.nan)
    if kind.endswith("_prime"):
        z = np.divide(value - centre, spread, out=np.zeros_like(spread), where=spread > 0)
        sigma_z = moving_sigma(z, base, screen=False)
        if prime_above is not None:
            sigma_z = np.where(sigma_z > prime_above, sigma_z, np.nan)
            spread = spread * np.where(np.isnan(sigma_z), 1.0, sigma_z)
        else:
            spread = spread * sigma_z
    lines = [centre + times * spread for times in (-3, 3, -2, 2)]
    lines = [np.clip(one, 0.0, 1.0 if share else None) for one in lines]
    return Limits(centre, lines[0], lines[1], lines[2], lines[3], sigma_z[:, 0])


def outside(value: Floats, lower: Floats, upper: Floats) -> Bools:
    """Return which values lie beyond a limit, by more than rounding; where there is no limit, none."""
    found: Bools = value - upper > ON_THE_LINE * (np.abs(value) + np.abs(upper))
    return found | (lower - value > ON_THE_LINE * (np.abs(value) + np.abs(lower)))


def _mean(values: Floats, there: Bools) -> Floats:
    number = there.sum(axis=1, keepdims=True)
    total: Floats = np.where(there, values, 0.0).sum(axis=1, keepdims=True)
    return total / np.where(number > 0, number, np.nan)


def _median(values: Floats, there: Bools) -> Floats:
    number = there.sum(axis=1, keepdims=True)
    ordered = np.sort(np.where(there, values, np.inf), axis=1)
    low, high = (
        np.take_along_axis(ordered, np.maximum(at, 0), axis=1) for at in ((number - 1) // 2, np.maximum(number, 1) // 2)
    )
    return np.where(number > 0, (low + high) / 2, np.nan)
