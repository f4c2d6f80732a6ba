"""Counts as the value a target tells: a share, a rate for 1,000 years or a ratio, with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stratify.quality.cases import YEAR
from stratify.quality.intervals import Floats, Numbers, byar, wilson
from stratify.quality.parameters import Unit

PER = {"share": 1.0, "rate": 1000.0, "ratio": 1.0}  # what a value is told per


class Valued(NamedTuple):
    """Values with their 95 % intervals and denominators (people, years, or expected); NaN where there is nobody."""

    value: Floats
    low: Floats
    high: Floats
    denominator: Floats


def valued(unit: Unit, first: Numbers, second: Numbers) -> Valued:
    """Return the values of counts: yes and no of a share, events and days lived of a rate, observed and expected."""
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if unit == "share":
        whole = one + two
        low, high = wilson(one, whole)
        return Valued(one / np.where(whole > 0, whole, np.nan), low, high, whole)
    whole = two / YEAR if unit == "rate" else two
    low, high = byar(one, whole)
    per = PER[unit]
    return Valued(per * one / np.where(whole > 0, whole, np.nan), per * low, per * high, whole)


def difference(one: Valued, other: Valued) -> tuple[Floats, Floats, Floats]:
    """Return one minus the other with the interval made of both intervals (Newcombe's way, for rates too)."""
    gap = one.value - other.value
    low = gap - np.sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    high = gap + np.sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return gap, low, high
