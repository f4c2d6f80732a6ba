"""Returns whether what a unit achieved in a target is held, by the points that are served now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stratify.quality.proposing import latest_year
from stratify.quality.values import PER

MOST_HIDDEN = 0.2  # of a series' points, beyond which it says nothing; that of stratify.quality.series
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """A unit's series against a goal: points there are and needed, what does not hold, and a signal for the worse."""

    points: int
    needed: int
    not_yet: tuple[str, ...]
    concern: bool

    @property
    def held(self) -> bool:
        """Whether an action may close: the last points vary at random around the goal or better."""
        return not self.not_yet

    @property
    def alarm(self) -> bool:
        """Whether what was held has to be looked at."""
        return self.concern or not self.held


def standing_of(told: Told, level: str, unit: str, goal: float) -> Standing | None:
    """Return how a unit's series stands against a goal; None where it has none. See `stratify.quality.spc.held`."""
    line = told.get("series", {}).get(level, {}).get(unit)
    if line is None:
        return None
    from stratify.quality.spc import chart, holding

    numerator, denominator = (
        [float("nan") if one is None else one for one in line[name]] for name in ("numerator", "denominator")
    )
    over = [whole if whole > 0 else float("nan") for whole in denominator]
    drawn = chart(line["chart"]["kind"], numerator, over, multiply=PER[told["unit"]])
    found = holding(drawn, goal, told["direction"])
    concern = line["facts"]["variation"] == "concern"
    hidden = sum(line["hidden"])
    not_yet = [*_not_yet(found)]
    if found.at_goal is not None and hidden > MOST_HIDDEN * (found.points + hidden):
        not_yet.append(
            f"{hidden} points may not be shown, and those are the low or the high ones: the rest say nothing"
        )
    return Standing(found.points, found.needed, tuple(not_yet), concern)


def _not_yet(found: Any) -> Iterator[str]:
    if found.at_goal is None:
        yield f"there are {found.points} points that may be shown, {found.needed} are needed"
        return
    last = f"of the last {found.needed} points (there are {found.points})"
    if not found.at_goal:
        yield f"the median {last} is not at the goal yet"
    if not found.random:
        yield f"the order {last} is not random: a run is too long, or they cross their median too seldom"
    if not found.inside:
        yield f"one {last} lies outside the limits they make"


def value_of(told: Told, level: str, unit: str) -> tuple[float | None, str | None]:
    """Return the value of a unit in its latest whole year that may be shown, and that year."""
    row = latest_year(told, level, unit)
    return row.get("value"), row.get("period")
