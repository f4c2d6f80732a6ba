"""Weights for people who left the region before anything happened: whoever was seen longer stands for them too.

Censoring is leaving alone (`FollowUp` LEFT). Death is an outcome and keeps its weight. Rows that are OPEN at the
delivery are so by the calendar alone, whoever they are: they take no part, and nobody stands for them. Weights are
right where, within a stratum, who leaves is not otherwise sicker or healthier than who stays; strata are the caller's
(age band by landmark, say). Sources: Robins & Rotnitzky 1992; how little or much it matters at one year, Reps et al.
2021, so `treatments` gives three ways side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.table import Floats
from stratify.outcomes import LEFT, OPEN, FollowUp

TRUNCATE_AT = 0.99
LEAST = 50


@dataclass(frozen=True)
class Treatment:
    """Labels float64[n], NaN where a row takes no part, and weights float64[n], 0 there."""

    y: Floats
    weight: Floats

    @property
    def share(self) -> float:
        """The weighted share of events; NaN where nobody takes part."""
        known = self.weight > 0
        total = self.weight[known].sum()
        return float(self.y[known] @ self.weight[known] / total) if total > 0 else float("nan")


def censoring_weights(
    follow: FollowUp, strata: NDArray[np.integer], *, truncate_at: float = TRUNCATE_AT, least: int = LEAST
) -> Floats:
    """Return a weight for each row, float64[n]: 1 / G(days-) where it was seen to the end, 0 where LEFT or OPEN.

    G is the Kaplan-Meier estimate of not having left, within each stratum; G(days-) is its value just before. On one
    day, whoever had the event or died did so before others left, as in the follow-up. Strata int[n] with fewer than
    `least` rows that take part join the next higher one, the last the one before. Weights above their `truncate_at`
    quantile are cut to it; 1 cuts nothing: then the weights sum to the rows that take part, unless the last ones of a
    stratum left. ValueError where the arrays do not fit or the parameters are no shares and counts.
    """
    if strata.shape != follow.state.shape:
        raise ValueError(f"needs a stratum for each of {follow.state.shape} rows, got {strata.shape}")
    if not 0 < truncate_at <= 1 or least < 1:
        raise ValueError(f"needs truncate_at in (0, 1] and least of 1 or more, got {truncate_at} and {least}")
    weight = np.zeros(len(follow.state))
    taking_part = np.flatnonzero(follow.state != OPEN)
    group = _merged(strata[taking_part], least)
    for one in np.unique(group):
        rows = taking_part[group == one]
        weight[rows] = _weights(follow.days[rows], follow.state[rows] == LEFT)
    given = weight > 0
    if given.any():
        weight[given] = np.minimum(weight[given], np.quantile(weight[given], truncate_at, method="higher"))
    return weight


def complete_case(follow: FollowUp) -> Treatment:
    """Return labels and weights where whoever left before anything happened is dropped."""
    y = follow.y
    return Treatment(y, (~np.isnan(y)).astype(np.float64))


def left_as_none(follow: FollowUp) -> Treatment:
    """Return labels and weights where whoever left before anything happened counts as without the event."""
    y = np.where(follow.state == LEFT, 0.0, follow.y)
    return Treatment(y, (~np.isnan(y)).astype(np.float64))


def weighted(
    follow: FollowUp, strata: NDArray[np.integer], *, truncate_at: float = TRUNCATE_AT, least: int = LEAST
) -> Treatment:
    """Return labels with their censoring weights."""
    return Treatment(follow.y, censoring_weights(follow, strata, truncate_at=truncate_at, least=least))


def treatments(follow: FollowUp, strata: NDArray[np.integer]) -> dict[str, Treatment]:
    """Return the three ways to treat who left, for a table that tells them side by side."""
    return {
        "dropped": complete_case(follow),
        "left_as_none": left_as_none(follow),
        "weighted": weighted(follow, strata),
    }


def _merged(strata: NDArray[np.integer], least: int) -> NDArray[np.intp]:
    """Number strata so that each has at least `least` rows, or all rows are one."""
    _, place, counts = np.unique(strata, return_inverse=True, return_counts=True)
    number, held = np.zeros(len(counts), dtype=np.intp), 0
    current = 0
    for one, count in enumerate(counts.tolist()):
        number[one] = current
        held += count
        if held >= least:
            current, held = current + 1, 0
    if held > 0 and current > 0:
        number[number == current] = current - 1
    return number[place]


def _weights(days: Floats, left: NDArray[np.bool_]) -> Floats:
    """The inverse of the chance of not having left before each row's last day; 0 for who left."""
    day, place = np.unique(days, return_inverse=True)
    leaving = np.bincount(place, weights=left, minlength=len(day))
    ended = np.bincount(place, minlength=len(day)) - leaving
    here = len(days) - np.cumsum(leaving + ended) + leaving  # after the day's events and deaths, before it is left
    stays = 1 - np.divide(leaving, here, out=np.zeros(len(day)), where=here > 0)
    before = np.concatenate([[1.0], np.cumprod(stays)[:-1]])
    return np.where(left, 0.0, 1 / np.where(left, 1.0, before[place]))
