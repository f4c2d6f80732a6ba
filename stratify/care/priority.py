"""What an offer to a person counts for when places are few, as `priority.toml` declares it: points, each with a reason.

Equal need counts equally: points come from the level of need, from the offer (a window of time, how well a benefit is
known) and from a declared extra for few resources. A risk counts only through the level of need it leads to.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from stratify.care.people import Flags
from stratify.care.recommend import weight
from stratify.catalogue.offers import Offer
from stratify.catalogue.shapes import Shape

FILE = Path(__file__).with_name("priority.toml")
Points = NDArray[np.float32]
Levels = NDArray[np.integer[Any]]


class Weight(Shape):
    """Points, and why."""

    points: int
    reason: str = Field(min_length=20)


class ByLevel(Weight):
    """Points for a level of need, or from a level of resources on."""

    level: int = Field(ge=0)


class Priority(Shape):
    """All points there are. Time comes before need, and need before what is known of the offer and the extra."""

    provenance: Literal["OURS"]
    need: tuple[ByLevel, ...] = Field(min_length=1)
    window: Weight
    evidence: Weight
    few_resources: ByLevel
    bare: Weight

    @model_validator(mode="after")
    def _time_then_need_then_the_rest(self) -> Priority:
        points = [one.points for one in self.need]
        steps = np.diff(points)
        if [one.level for one in self.need] != list(range(len(points))) or points[0] <= 0 or (steps <= 0).any():
            raise ValueError("need: levels from 0 on, each with more points than the one below, the lowest above 0")
        rest = self.evidence.points * MOST_KNOWN + self.few_resources.points
        if min(self.evidence.points, self.few_resources.points) < 0 or rest >= steps.min(initial=rest + 1):
            raise ValueError("evidence and few_resources together stay below one step of need")
        if self.window.points <= points[-1] - points[0] + rest:
            raise ValueError("window: more points than the span of need with all the rest")
        if not -min(self.evidence.points, self.few_resources.points) < self.bare.points < 0:
            raise ValueError("bare: below 0, and less than what else decides")
        return self


MOST_KNOWN = 3  # the highest that `recommend.weight` gives


@lru_cache(maxsize=1)
def priority() -> Priority:
    """Return the declared points."""
    return Priority.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))


def points(declared: Priority, offer: Offer, need: Levels, extra: Flags, bare: Flags) -> Points:
    """Return what giving an open offer counts for, float32[n], of levels of need, who has the extra, and who goes bare.

    Of a level above those declared the highest declared one counts.
    """
    by_level = np.array([one.points for one in declared.need], np.float32)
    found = by_level[np.minimum(need, len(by_level) - 1)]
    found += declared.evidence.points * weight(offer)
    if offer.window is not None:
        found += declared.window.points
    found += np.where(extra, declared.few_resources.points, 0).astype(np.float32)
    found += np.where(bare, declared.bare.points, 0).astype(np.float32)
    return found
