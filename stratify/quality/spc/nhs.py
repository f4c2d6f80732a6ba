"""The four rules of NHS England's charts (Making Data Count), by name, for those who ask for them.

They find a shift sooner than Anhøj's and give several times as many false alarms: `false_alarms` says how many.
Source: the package NHSRplotthedots (MIT), whose unit vectors the tests hold these against.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stratify.quality.spc.packed import Bools, Floats, Ints, Packed, lengths, sides

PRIORITY = ("outside", "trend", "two_of_three", "run", "seven")  # the rule a point is said to break, first to last
SEVEN = 7


def seven_one_side(side: Ints) -> tuple[Bools, Bools]:
    """Return where the seventh or a later point of one side stands, and all points of such runs; (series, points).

    A point on the line has side 0 and breaks a run.
    """
    whole, so_far = lengths(side)
    return so_far >= SEVEN, whole >= SEVEN


def seven_trend(value: Floats) -> tuple[Bools, Bools]:
    """Return where the seventh or a later of points that only rise or only fall stands, and all points of such."""
    step = np.zeros(value.shape, dtype=np.int64)
    step[:, 1:] = sides(value[:, 1:], value[:, :-1])
    whole, so_far = lengths(step)
    every = whole >= SEVEN - 1
    every[:, :-1] |= every[:, 1:]  # the point that the first step starts from
    return so_far >= SEVEN - 1, every


def two_in_three(close: Bools, side: Ints) -> Bools:
    """Return the points beyond 2/3 of the limit that have another such among three in a row on one side."""
    found = np.zeros(close.shape, dtype=bool)
    if close.shape[1] < 3:
        return found
    one_side = np.abs(side[:, :-2] + side[:, 1:-1] + side[:, 2:]) == 3
    near = close.astype(np.int64)
    whole = one_side & (near[:, :-2] + near[:, 1:-1] + near[:, 2:] >= 2)
    for start in range(3):
        found[:, start : start + whole.shape[1]] |= whole
    return found & close


def nhs_rules(value: Floats, centre: Floats, lower95: Floats, upper95: Floats, used: Bools) -> dict[str, Bools]:
    """Return the points that break each rule but `outside`; what is not used is passed over as if it were not there."""
    packed = Packed(used)
    side = np.where(packed.there, packed.front(sides(value, centre)), 0)
    ordered = np.where(packed.there, packed.front(value), np.nan)
    close = packed.front((sides(value, upper95) > 0) | (sides(value, lower95) < 0)) & packed.there
    return {
        "trend": packed.back(seven_trend(ordered)[1]),
        "two_of_three": packed.back(two_in_three(close, side)),
        "seven": packed.back(seven_one_side(side)[1]),
    }


def first_rule(flagged: Mapping[str, Bools]) -> tuple[str | None, ...]:
    """Return of each point the first rule it breaks: outside, then trend, two of three, a run that is too long, seven.

    >>> first_rule({"seven": np.array([True, True, False]), "outside": np.array([False, True, False])})
    ('seven', 'outside', None)
    """
    present = [rule for rule in PRIORITY if rule in flagged]
    points = len(next(iter(flagged.values()))) if flagged else 0
    return tuple(next((rule for rule in present if flagged[rule][nth]), None) for nth in range(points))
