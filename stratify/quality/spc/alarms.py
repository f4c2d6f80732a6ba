"""How often a chart of a stable process signals all the same, so that the page can say what to expect.

The figures are simulated: `python benchmarks/spc.py --table` prints the file beside this module. Per kind of chart, for
data the chart is made for: normal (run, xmr), binomial (p), Poisson (u), both with extra variation (p'), exponential
times (t).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stratify.quality.spc.chart import Rules
from stratify.quality.spc.limits import KINDS, Kind

_SAME: dict[Kind, Kind] = {"c": "u", "u_prime": "p_prime"}


class FalseAlarms(NamedTuple):
    """The expected share of stable series with a false signal anywhere, and of those whose latest point has one."""

    any: float
    latest: float


def false_alarms(n_points: int, rules: Rules = "anhoej", kind: Kind = "xmr") -> FalseAlarms:
    """Return the false alarms of a chart of so many points, interpolated; beyond 12 to 60 points those of the ends.

    >>> 0.01 < false_alarms(24, "anhoej", "run").any < 0.05 < false_alarms(24, "nhs", "xmr").any
    True
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    found = _table().get((_SAME.get(kind, kind), rules))
    if found is None:
        raise ValueError(f"rules must be 'anhoej' or 'nhs', got {rules!r}")
    at = [row[0] for row in found]
    return FalseAlarms(*(float(np.interp(n_points, at, [row[column] for row in found])) for column in (1, 2)))


@cache
def _table() -> dict[tuple[str, str], list[tuple[float, float, float]]]:
    rows: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    with Path(__file__).with_name("false_alarms.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            figures = (float(row["points"]), float(row["any"]), float(row["latest"]))
            rows.setdefault((row["kind"], row["rules"]), []).append(figures)
    return rows
