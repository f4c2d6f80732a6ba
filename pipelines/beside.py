"""What stands beside a risk: that of people of the same age and sex, and what became of others given the same figure.

Both are of many people and lie in serving.db once, under `beside`; the service finds a person's own place in them.
peers    by outcome and sex, bands of age with the mean of the risks shown in the scored population
seen     by model, risks and the 95 % interval of what happened to held-out test people who were given that risk: the
         smooth calibration curve of the model's report, kept at promotion (`promote.CALIBRATION`)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import Bundle, Shown
from stratify.disclosure import SMALLEST_SHOWN
from stratify.features.kernel import Floats
from stratify.workspace import Workspace

CALIBRATION = "calibration"  # beside the bundles: of each, what became of held-out people along its models' risks
YEARS, ADULT = 5, 18  # a band's; the youngest who are scored
LEAST = 30  # people whose mean tells of their age and sex and of none of them: OURS, above SMALLEST_SHOWN
DIGITS = 6
SEXES = ("f", "m")


def beside_risks(
    work: Workspace, bundle: Bundle, shown: Mapping[str, Shown], ages: NDArray[np.int64], female: Floats
) -> dict[str, Any]:
    """Return what is kept beside the risks of a scored population: ages [n] in whole years, female [n] 1, 0 or NaN."""
    return {"peers": {outcome: peers(one, ages, female) for outcome, one in shown.items()}, "seen": seen(work, bundle)}


def peers(shown: Shown, ages: NDArray[np.int64], female: Floats) -> dict[str, list[dict[str, Any]]]:
    """Return by sex the bands of age, from youngest to oldest: first and last year, mean risk, people.

    A band of fewer than `LEAST` people is joined to the next older one, the oldest to the one before it; where there
    are fewer of a sex altogether, nothing is told of it. The oldest band has no last year.
    """
    return {sex: _bands(ages, shown.risk, (female == 1 - place) & ~np.isnan(shown.risk)) for place, sex in
            enumerate(SEXES)}  # fmt: skip


def _bands(ages: NDArray[np.int64], risk: Floats, whose: NDArray[np.bool_]) -> list[dict[str, Any]]:
    assert LEAST >= SMALLEST_SHOWN
    age, risk = ages[whose], risk[whose]
    starts: list[int] = []
    below = 0  # people in the bands that are made
    for start in range(0, int(age.max(initial=0)) + 1, YEARS):
        reached = int((age < start + YEARS).sum())
        if reached - below >= LEAST:
            starts.append(start)
            below = reached
    ends = [start + YEARS for start in starts[:-1]]
    found = []
    for low, high in zip([0, *ends], [*ends, None], strict=True) if starts else ():
        mine = (age >= low) & (age < (np.inf if high is None else high))
        told = {"from": max(low, ADULT), "to": None if high is None else high - 1}
        found.append({**told, "risk": round(float(risk[mine].mean()), DIGITS), "people": int(mine.sum())})
    return found


def seen(work: Workspace, bundle: Bundle) -> dict[str, dict[str, list[float]]]:
    """Return the intervals that were kept when the bundle was promoted; none where nothing was kept."""
    path = work.bundles / CALIBRATION / f"{bundle.version}.json"
    kept: dict[str, dict[str, list[float]]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {key: one for key, one in kept.items() if key in bundle.members}


def told_interval(curve: Mapping[str, list[float | None]] | None) -> dict[str, list[float]] | None:
    """Return a report's calibration curve as risks with the ends of their intervals, or None where there is none."""
    if curve is None:
        return None
    points = zip(curve["risk"], curve["low"], curve["high"], strict=True)
    kept = [(a, b, c) for a, b, c in points if a is not None and b is not None and c is not None]
    names = ("risk", "low", "high")
    return {name: [round(point[at], DIGITS) for point in kept] for at, name in enumerate(names)} if kept else None
