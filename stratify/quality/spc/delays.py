"""How many points a chart takes to show that something has changed, by the size of the change.

Simulated (`python benchmarks/spc.py --delays`): 54 stable points of a share, then a lasting shift; the limits come from
all points, as on the charts of targets; found at the first point that alerts when it is the latest one.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

LONGEST = 36  # points after which the simulation ended


class Delay(NamedTuple):
    """Points until half of such shifts are found, and until nine in ten are; None for more than 36."""

    median: int | None
    most: int | None


def delay(sigma: float) -> Delay:
    """Return the delay for a shift of so many standard deviations of a point; of the next smaller one in the table.

    >>> delay(6.0).median, delay(0.1)
    (1, Delay(median=None, most=None))
    """
    found = Delay(None, None)
    for size, middle, late in _table():
        if size <= sigma:
            found = Delay(*(None if at > LONGEST else at for at in (middle, late)))
    return found


@cache
def _table() -> list[tuple[float, int, int]]:
    with Path(__file__).with_name("delays.csv").open(encoding="utf-8", newline="") as stream:
        return [(float(row["sigma"]), int(row["median"]), int(row["most"])) for row in csv.DictReader(stream)]
