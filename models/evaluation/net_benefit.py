"""What acting above a threshold is worth, and who is in the top when there are only so many places.

Net benefit at threshold t is the share with the event that is found, less t / (1 - t) for each found without it, of
all (Vickers and Elkin, Medical Decision Making 2006). A row is found when its risk is t or more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.table import Floats


def net_benefit(found: Floats, wrongly: Floats, total: Floats | float, threshold: Floats | float) -> Floats:
    """Return the net benefit of weights found with and without the event among all; at threshold 1 there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found / total - wrongly / total * (threshold / (1 - np.asarray(threshold))))


def flagged(y: Floats, risk: Floats, weight: Floats, cuts: Floats) -> tuple[Floats, Floats]:
    """Return the weights with and without the event whose risk is the cut or more, of rows sorted by risk."""
    from_here = np.searchsorted(risk, cuts, side="left")
    having = np.append(np.cumsum((weight * y)[::-1])[::-1], 0.0)
    without = np.append(np.cumsum((weight * (1 - y))[::-1])[::-1], 0.0)
    return having[from_here], without[from_here]


def capacity_cuts(risk: Floats, weight: Floats, shares: Sequence[float]) -> Floats:
    """Return for each share of places the lowest risk at which no more than that share is found; NaN where none.

    Rows are sorted by risk; those of equal risk are found together or not at all.
    """
    first: NDArray[np.intp] = np.append(0, np.flatnonzero(np.diff(risk)) + 1)
    from_here = np.cumsum(weight[::-1])[::-1][first]
    allowed = np.asarray(shares)[:, None] * from_here[0] * (1 + 1e-12)
    fits = from_here[None, :] <= allowed
    place = np.argmax(fits, axis=1)
    return np.where(fits.any(axis=1), risk[first][place], np.nan)
