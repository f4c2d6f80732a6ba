"""Returns whether what a unit achieved in a target is held, by the points that are served now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stratify.quality.proposing import latest_year
from stratify.quality.values import PER

MOST_HIDDEN = 0.2  # of a series' points, beyond which it says nothing; that of stratify.quality.series
Told = Mapping[str, Any]


WHY = {  # an action cannot close yet, by name
    "few": "there are {points} points that may be shown, {needed} are needed",
    "median": "the median of the last {needed} points (there are {points}) is not at the goal yet",
    "order": "the order of the last {needed} points (there are {points}) is not random: a run is too long, or they"
    " cross their median too seldom",
    "outside": "one of the last {needed} points (there are {points}) lies outside the limits they make",
    "hidden": "{hidden} points may not be shown, and those are the low or the high ones: the rest say nothing",
}


@dataclass(frozen=True)
class Standing:
    """A unit's series against a goal: points there are, hidden and needed, what does not hold (of `WHY`), a concern."""

    points: int
    needed: int
    hidden: int
    why: tuple[str, ...]
    concern: bool

    @property
    def figures(self) -> dict[str, str]:
        """What the reasons are filled in with."""
        return {name: str(getattr(self, name)) for name in ("points", "needed", "hidden")}

    @property
    def not_yet(self) -> tuple[str, ...]:
        """What does not hold, in words."""
        return tuple(WHY[one].format(**self.figures) for one in self.why)

    @property
    def held(self) -> bool:
        """Whether an action may close: the last points vary at random around the goal or better."""
        return not self.why

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
    why = [*_why(found)]
    if found.at_goal is not None and hidden > MOST_HIDDEN * (found.points + hidden):
        why.append("hidden")
    return Standing(found.points, found.needed, hidden, tuple(why), concern)


def _why(found: Any) -> Iterator[str]:
    if found.at_goal is None:
        yield "few"
        return
    holds = {"median": found.at_goal, "order": found.random, "outside": found.inside}
    yield from (name for name, there in holds.items() if not there)


def value_of(told: Told, level: str, unit: str) -> tuple[float | None, str | None]:
    """Return the value of a unit in its latest whole year that may be shown, and that year."""
    row = latest_year(told, level, unit)
    return row.get("value"), row.get("period")
