"""What a chart says: how it varies now, whether the process can meet the target, and whether an action may close.

Three separate answers, never one traffic light. An alert is only what the latest mature point shows: what lies further
back was told when it was new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from stratify.quality.spc.chart import Chart, Direction, chart
from stratify.quality.spc.nhs import PRIORITY

Assurance = Literal["consistently_meets", "hit_or_miss", "consistently_fails", "none"]
Variation = Literal["improvement", "concern", "common_cause", "too_few"]

ENOUGH = 12  # used points of the latest part below which nothing is said


@dataclass(frozen=True)
class Latest:
    """The latest used point, the first rule it breaks, and the side it breaks it on: 1 above or rising, −1 below."""

    index: int
    rule: str
    side: int


def latest_signal(chart: Chart) -> Latest | None:
    """Return what the latest used point shows: it is outside, or a run or trend that is too long ends there."""
    used = np.flatnonzero(chart.used)
    if not len(used):
        return None
    at = int(used[-1])
    rule = next((rule for rule in PRIORITY if rule in chart.flagged and chart.flagged[rule][at]), None)
    if rule is None:
        return None
    before = chart.value[used[-2]] if rule == "trend" else chart.centre[at]
    return Latest(at, rule, 1 if chart.value[at] > before else -1)


def variation(chart: Chart, direction: Direction | None = None, *, at_least: int = ENOUGH) -> Variation:
    """Return whether the latest point signals, and if it does whether that is for the better.

    too_few: fewer than `at_least` used points in the latest point's part. direction: the chart's own unless given.
    """
    better = _direction(direction or chart.direction)
    if better is None:
        raise ValueError("variation needs a direction: which way is better")
    if _in_last_part(chart) < at_least:
        return "too_few"
    latest = latest_signal(chart)
    if latest is None:
        return "common_cause"
    return "improvement" if latest.side == better else "concern"


def assurance(
    chart: Chart, target: float | None = None, direction: Direction | None = None, *, at_least: int = ENOUGH
) -> Assurance:
    """Return whether the target lies beyond the limits of the latest used point, so that it is always met or missed.

    none: no target or direction, no limits (a run chart), or fewer than `at_least` used points in its part. Target and
    direction are the chart's own unless given.
    """
    target = chart.target if target is None else target
    better = direction or chart.direction
    used = np.flatnonzero(chart.used)
    if target is None or better is None or _in_last_part(chart) < at_least:
        return "none"
    return assured(float(chart.lower[used[-1]]), float(chart.upper[used[-1]]), target, better)


def assured(lower: float, upper: float, target: float, direction: Direction) -> Assurance:
    """Return what two limits say of a target; none where a limit is not known.

    >>> assured(1, 3, 4, "higher"), assured(5, 7, 4, "higher"), assured(1, 5, 4, "higher")
    ('consistently_fails', 'consistently_meets', 'hit_or_miss')
    """
    better = _direction(direction)
    if np.isnan(lower) or np.isnan(upper):
        return "none"
    if lower <= target <= upper:
        return "hit_or_miss"
    return "consistently_meets" if (target < lower) == (better == 1) else "consistently_fails"


def held(
    found: Chart | Sequence[float] | npt.ArrayLike,
    target: float | None = None,
    direction: Direction | None = None,
    at_least: int = ENOUGH,
) -> bool:
    """Return whether an improvement is achieved and held, so that its action may close.

    The rule: take the last `at_least` used points (of values: those that are not NaN), wherever parts start. They must
    be there; their median must be at the target or better; Anhøj's rules on them, around their own median, must not
    signal; and none may lie outside 3-sigma limits made of these points alone, of the chart's kind (XmR of values and
    of run charts), on whichever side. Source: anhoej.net, "forbedring opnået og fastholdt".
    """
    return holding(found, target, direction, at_least).held


@dataclass(frozen=True)
class Holding:
    """What the rule of `held` says, part by part: how many points there are, and what of it holds.

    With too few points nothing else is said (None).
    """

    points: int
    needed: int
    at_goal: bool | None = None
    random: bool | None = None
    inside: bool | None = None

    @property
    def held(self) -> bool:
        """Whether all of it holds."""
        return bool(self.at_goal and self.random and self.inside)


def holding(
    found: Chart | Sequence[float] | npt.ArrayLike,
    target: float | None = None,
    direction: Direction | None = None,
    at_least: int = ENOUGH,
) -> Holding:
    """Return the rule of `held`, part by part: median at the target or better, no run too long, none outside."""
    if at_least < 1:
        raise ValueError(f"at_least must be 1 or more, got {at_least}")
    if isinstance(found, Chart):
        target, direction = found.target if target is None else target, direction or found.direction
        points = int(found.used.sum())
    else:
        points = int((~np.isnan(np.asarray(found, dtype=np.float64))).sum())
    better = _direction(direction)
    if target is None or better is None:
        raise ValueError("whether an improvement is held needs a target and a direction")
    own = _last(found, at_least)
    if own is None:
        return Holding(points, at_least)
    around = chart("run", own.value)
    near_enough = better * (float(around.centre[0]) - target) >= -1e-12 * abs(target)
    return Holding(points, at_least, near_enough, not around.runs[0].signal, not own.outside.any())


def _last(found: Chart | Sequence[float] | npt.ArrayLike, points: int) -> Chart | None:
    """The chart of so many last used points alone; None where there are not so many."""
    if not isinstance(found, Chart):
        value = np.asarray(found, dtype=np.float64)
        value = value[~np.isnan(value)][-points:]
        return chart("xmr", value) if len(value) == points else None
    last = np.flatnonzero(found.used)[-points:]
    if len(last) < points:
        return None
    over = None if found.denominator is None else found.denominator[last]
    return chart("xmr" if found.kind == "run" else found.kind, found.numerator[last], over, multiply=found.multiply)


def _in_last_part(chart: Chart) -> int:
    used = chart.part[chart.used]
    return int((used == used[-1]).sum()) if len(used) else 0


def _direction(direction: str | None) -> int | None:
    if direction is not None and direction not in get_args(Direction):
        raise ValueError(f"direction must be 'higher' or 'lower', got {direction!r}")
    return None if direction is None else 1 if direction == "higher" else -1
