"""The charts of `stratify watch`, by the engine that draws the quality targets: what is asked of it is asked here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.drift import ALPHA
from models.table import Bools, Floats
from models.watch import LEAST_EXPECTED

if TYPE_CHECKING:
    from stratify.quality.spc import Kind

ENOUGH_MONTHS = 12


class OnChart(NamedTuple):
    """What the chart of O/E says: words for a signal in the latest month, and whether a run beside 1 is too long."""

    change: str
    beside_one: bool
    oe: float
    kind: Kind
    months: int


def on_chart(observed: Floats, expected: Floats) -> OnChart | None:
    """Return what O/E by month says on the quality targets' chart; None where there are too few months or events."""
    from stratify.quality.spc import anhoej, chart, choose, latest_signal

    if len(observed) < ENOUGH_MONTHS or float(np.mean(expected)) < LEAST_EXPECTED:
        return None
    kind, _ = choose(observed, expected, "u")
    found = chart(kind, observed, expected, target=1.0)
    latest = latest_signal(found)
    side = "" if latest is None else f"{latest.rule}, {'above' if latest.side > 0 else 'below'}"
    runs = anhoej(observed / expected, 1.0)
    return OnChart(
        side,
        bool(runs.longest > runs.longest_max),
        round(float(observed.sum() / expected.sum()), 3),
        kind,
        len(observed),
    )


def low_months(counts: Floats, days: Floats) -> tuple[Bools, Floats]:
    """Return which months lie below the lower limit of their chart, and that limit in events of the month."""
    from stratify.quality.spc import chart

    if len(counts) < ENOUGH_MONTHS:
        return np.zeros(len(counts), dtype=bool), np.full(len(counts), np.nan)
    first = chart("u_prime", counts, days)
    out = [int(nth) for nth in np.flatnonzero(first.outside)]  # what is out makes no limit
    found = chart("u_prime", counts, days, exclude=out) if 0 < len(out) < len(counts) // 3 else first
    lower = np.maximum(found.lower, 0.0)
    return np.asarray(counts / days < lower), lower * days


def expected_alarms(charts: Sequence[OnChart | None], drifting: int) -> dict[str, float]:
    """Return how many proposals come by chance: of level, for all together; of charts, by simulation; of drift."""
    from stratify.quality.spc import false_alarms

    told = [one for one in charts if one is not None]
    alarms = [false_alarms(one.months, "anhoej", one.kind).latest for one in told]
    runs = [false_alarms(one.months, "anhoej", "run").any for one in told]
    return {
        "level": 0.05,
        "charts": float(len(told)),
        "chart_latest": round(sum(alarms), 3),
        "chart_runs_beside_one": round(sum(runs), 3),
        "drift": round(ALPHA * drifting, 3),
    }
