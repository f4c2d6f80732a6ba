"""What signals now among the charts of the page, and how much of that chance alone would bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.report.targets.drawn import Told, is_chart, periods
from models.report.targets.words import REST

GAP = "gap"


@dataclass(frozen=True)
class Watched:
    """A chart with points enough, what it shows at its latest mature point, and how often chance alone would."""

    target: str
    part: str
    level: str
    unit: str
    variation: str
    rule: str  # "" where the latest point shows nothing
    side: str
    period: str
    chance: float

    @property
    def signals(self) -> bool:
        """Whether the latest point signals."""
        return bool(self.rule)


@dataclass(frozen=True)
class Expected:
    """How many charts are watched, how many signal, and how many would if nothing had changed, with 95 % of cases."""

    charts: int
    signals: int
    mean: float
    low: int
    high: int
    too_few: int


def watch(told: Mapping[str, Told]) -> tuple[list[Watched], int]:
    """Return the charts of the page, and how many series have too few points for one."""
    found, few = [], 0
    for key, target, part, level, unit, line in lines(told):
        if not is_chart(line):
            few += 1
            continue
        found.append(_watched(key, part, level, unit, line, periods(line, target)))
    return found, few


def lines(told: Mapping[str, Told]) -> Iterator[tuple[str, Told, str, str, str, Told]]:
    """Yield what is followed over time: target, what is told of it, part, level, unit and its line."""
    for key, target in told.items():
        for part, said in [("", target), *parts_of(target).items()]:
            for level, units in said.get("series", {}).items():
                yield from ((key, target, part, level, unit, one) for unit, one in units.items() if unit not in REST)
        yield from ((key, target, name, GAP, "", one) for name, one in target.get("over_time", {}).items())


def parts_of(target: Told) -> dict[str, Any]:
    """Return the parts of a target that are shown; a single part is the target itself and is not shown twice."""
    parts: dict[str, Any] = target.get("parts", {})
    return parts if len(parts) > 1 or "series" not in target else {}


def expect(watched: list[Watched], too_few: int = 0) -> Expected:
    """Return how many of these charts would signal if nothing had changed; 95 % of cases lie from low to high.

    The number of signals among charts that each signal by chance with a probability of its own is Poisson-binomial: its
    distribution is worked out exactly, as if the charts were independent of each other.
    """
    among = np.array([1.0])
    for one in watched:
        among = np.convolve(among, [1 - one.chance, one.chance])
    up_to = np.cumsum(among)
    low, high = (int(np.searchsorted(up_to, tail)) for tail in (0.025, 0.975))
    mean = float(sum(one.chance for one in watched))
    return Expected(len(watched), sum(one.signals for one in watched), mean, low, high, too_few)


def _watched(key: str, part: str, level: str, unit: str, line: Told, names: list[str]) -> Watched:
    facts = line["facts"]
    signal, chance = facts["signal"], facts["false_alarms"]["latest"]
    if signal is None:
        return Watched(key, part, level, unit, facts["variation"], "", "", "", chance)
    when = names[signal["at"]]
    return Watched(key, part, level, unit, facts["variation"], signal["rule"], signal["side"], when, chance)
