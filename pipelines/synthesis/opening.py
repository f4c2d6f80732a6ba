"""On which day of the week something is done whose own day falls on a weekend, when most places are shut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.streams import Words, hashed, unit

SATURDAY, SUNDAY = 5, 6
WORKING = 5
NOUGHT = np.zeros(1, np.int64)


def on_open_days(
    day: NDArray[np.int64], bits: Words, weekend: tuple[float, float], last: int | None = None
) -> NDArray[np.int64]:
    """Return the days, those on a weekend moved to any working day of the week after, all alike.

    `weekend` has the shares of Saturdays and of Sundays that stay where they are. A day that would come after `last` is
    moved to the same day of the week before. Each day depends on itself and its hashed bits alone.
    """
    found = day.copy()
    place = weekday(day)
    rows = np.flatnonzero(place >= SATURDAY)
    place = place[rows]
    stays = np.where(place == SATURDAY, *weekend)
    draw = unit(hashed(bits[rows], "open", NOUGHT))
    moved = np.flatnonzero(draw >= stays)
    rows, place, draw, stays = rows[moved], place[moved], draw[moved], stays[moved]
    chosen = np.floor((draw - stays) / (1.0 - stays) * WORKING).astype(np.int64)
    found[rows] += SUNDAY + 1 - place + chosen
    return found if last is None else np.where(found > last, found - 7, found)


def weekday(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 for Mondays to 6 for Sundays."""
    found: NDArray[np.int64] = (day + 3) % 7  # 1970-01-01 was a Thursday
    return found
