"""The risks that are shown: of all members that speak of a person, one for each outcome, and none above its whole.

A person in several populations is shown the number of the one declared first: whoever is ill in mind and body gets that
model's. A risk that is a part of another (admission for an ambulatory care sensitive condition, of any acute one) is
shown as no more than the whole. NumPy only: batch and service share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle, member_key

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
INSIDE = "psychiatric_somatic"  # the population whose people are the stratum of every calibration


@dataclass(frozen=True)
class Shown:
    """One outcome's risks, float64[n], NaN where no model is for the person; which population's model each is of."""

    risk: Floats
    population: NDArray[np.int64]  # place in `populations`, -1 where there is no model
    populations: tuple[str, ...]
    capped: Bools  # whether the risk was lowered to that of the whole it is part of


def shown_risks(
    bundle: Bundle, x: Floats, belongs: Mapping[str, Bools], order: Sequence[str], part_of: Mapping[str, str]
) -> dict[str, Shown]:
    """Return what is shown of each outcome for rows x[n, k] with the bundle's columns.

    belongs: for each population who is in it; order: populations, the one that is shown first where somebody belongs
    to several; part_of: the outcome that contains another.
    """
    outcomes = sorted({str(entry["outcome"]) for entry in bundle.manifest["members"].values()})
    found = {outcome: _of_outcome(bundle, outcome, x, belongs, order) for outcome in outcomes}
    for outcome in _wholes_first(outcomes, part_of):
        for whole in _wholes(outcome, part_of):
            if whole in found:
                found[outcome] = _capped(found[outcome], found[whole])
    return found


def _of_outcome(bundle: Bundle, outcome: str, x: Floats, belongs: Mapping[str, Bools], order: Sequence[str]) -> Shown:
    inside = belongs.get(INSIDE, np.zeros(len(x), dtype=np.bool_))
    risk, of = np.full(len(x), np.nan), np.full(len(x), -1, dtype=np.int64)
    for place, population in enumerate(order):
        key = member_key(outcome, population)
        if key in bundle.members and population in belongs:
            mine = belongs[population] & (of < 0)
            rows = np.flatnonzero(mine)
            cells = np.ascontiguousarray(x[rows][:, bundle.places(key)])
            risk[rows] = bundle.members[key].risk(cells, inside[rows])
            of[rows] = place
    return Shown(risk, of, tuple(order), np.zeros(len(x), dtype=np.bool_))


def _capped(part: Shown, whole: Shown) -> Shown:
    lower = whole.risk < part.risk  # never where either is missing
    return Shown(np.where(lower, whole.risk, part.risk), part.population, part.populations, part.capped | lower)


def _wholes(outcome: str, part_of: Mapping[str, str]) -> list[str]:
    """Return every outcome that contains this one, the nearest first: that between may have no model for a person."""
    return [part_of[outcome], *_wholes(part_of[outcome], part_of)] if outcome in part_of else []


def _wholes_first(outcomes: Sequence[str], part_of: Mapping[str, str]) -> list[str]:
    """Return the outcomes so that what contains another comes before it."""
    return sorted(outcomes, key=lambda outcome: len(_wholes(outcome, part_of)))
