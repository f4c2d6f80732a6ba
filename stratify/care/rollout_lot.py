"""The lot of a rollout: which step each unit or person is in, drawn by the design's seed and by who they are alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from stratify.care.rollout import Design
from stratify.disclosure import SMALLEST_SHOWN
from stratify.errors import UsageError

Ints = NDArray[np.int64]
MANY = {"municipality": "municipalities", "hospital": "hospitals", "person": "people"}


@dataclass(frozen=True)
class Assignment:
    """For each unit or person, in the order they were given, the step in which it is offered; the days of the steps."""

    step: Ints
    begins: tuple[date, ...]

    def offered(self, day: date) -> NDArray[np.bool_]:
        """Return who is offered it on a day."""
        return np.asarray(self.step <= sum(one <= day for one in self.begins))


def assign(design: Design, ids: Sequence[str], strata: Sequence[int] | NDArray[np.integer] | None = None) -> Assignment:
    """Return the step of each unit or person, drawn by the seed, whatever the order in which they are given.

    strata int[n]: of each, as the level of need; every stratum is spread over the steps as all are, to a few people,
    and nobody is likelier than another to be in a step. The places of each step are filled, the last has the rest; of
    `steps`, or where fewer than 5 people would be left for the last, all are alike. Raises UsageError where the steps
    that are needed do not fit, where there is room for all at once, and where too few would be in a step for anything
    to be learned.
    """
    n = len(ids)
    if len(set(ids)) != n:
        raise ValueError("each unit or person may stand here once")
    steps = design.steps or -(-n // (design.places or n))
    problem = _room(design, n, steps)
    if problem:
        raise UsageError("The order cannot be drawn:", [problem])
    lots = np.array([_lot(design, one) for one in ids], np.uint64)
    order = np.lexsort((lots, np.asarray(np.zeros(n) if strata is None else strata)))
    step = np.empty(n, np.int64)
    step[order] = _evenly(_sizes(design, n, steps), np.random.default_rng(design.seed))
    return Assignment(step, tuple(design.begins(nth) for nth in range(1, steps + 1)))


def _sizes(design: Design, n: int, steps: int) -> list[int]:
    """Return how many there are in each step; where they cannot be alike, the earlier steps have one more."""
    rest = n - (steps - 1) * (design.places or n)
    if design.places and rest >= _fewest(design):
        return [design.places] * (steps - 1) + [rest]
    return [n // steps + (nth < n % steps) for nth in range(steps)]


def _evenly(sizes: Sequence[int], draws: np.random.Generator) -> Ints:
    """Return the steps in a drawn order in which each comes at even distances, begun at a drawn place."""
    steps = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    at = np.concatenate([(np.arange(size) + draws.random(size)) / size for size in sizes])
    return np.roll(steps[np.argsort(at)], draws.integers(len(at)))


def _fewest(design: Design) -> int:
    return SMALLEST_SHOWN if design.units == "person" else 1


def _room(design: Design, n: int, steps: int) -> str | None:
    fewest = _fewest(design) * max(steps, 2)
    if n and steps == 1:
        return "places: there is room for all in the first step, so nobody has to wait: offer it to all"
    if n < fewest:
        return f"{max(steps, 2)} steps need {fewest} {MANY[design.units]} at least, and there are fewer"
    if steps > design.most_steps:
        needed = -(-n // design.most_steps)
        return (
            f"places: with {design.places} a step somebody would wait beyond {design.latest}; {design.most_steps} "
            f"steps fit, so {needed} places a step would do, or shorter steps"
        )
    return None


def _lot(design: Design, one: str) -> int:
    text = f"{design.seed}|{design.offer}|{one}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
