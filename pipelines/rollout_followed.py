"""A rollout drawn and followed on the simulated region: what the offer truly does, and what the analysis tells of it.

The region is lived through twice on the same drawn numbers, as it is and with the offer from each one's step on. The
true effect is the ratio of the exact risks of those offered it, with it and without; the analysis sees only who was
offered it when, and what came. People are those of the first step's day, and the unit of that day stays theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.rollout_analysis import Effect, analyse
from pipelines.synthesis import Policy, simulate
from pipelines.synthesis.following import Followed
from stratify.care.rollout import Design
from stratify.care.rollout_lot import assign
from stratify.units import municipalities

LEVELS = (0.5, 0.8, 0.95)  # shares of people below each further level of need, here by the true risk

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Recovered:
    """The true ratio, and what the analysis tells of it."""

    true: float
    told: Effect

    @property
    def held(self) -> bool:
        """Whether the truth lies in the interval."""
        return self.told.low <= self.true <= self.told.high


def follow(
    region: Mapping[str, Any], design: Design, outcome: str = "acute_admission", parameters: Path | None = None
) -> Recovered:
    """Return what a rollout whose steps begin on 1 January would do in a region, truly and as it would be told.

    region: people, years, end and seed, as `simulate` takes them; a year before the first step is needed, too.
    """
    landmark = date(design.start.year - 1, 1, 1)
    usual = simulate(**region, landmark=landmark, parameters=parameters)
    there = np.flatnonzero(usual.year == design.start.year)
    there = there[np.argsort(usual.number[there], kind="stable")]
    number = usual.number[there]
    unit, begins = _drawn(design, usual, there, outcome)
    pnr = [f"{one:012d}" for one in number.tolist()]
    since = {one: date(year, 1, 1) for one, year in zip(pnr, begins.tolist(), strict=True)}
    policy = Policy(design.start, {design.offer: pnr}, since={design.offer: since})
    offered = simulate(**region, landmark=landmark, policy=policy, parameters=parameters)
    true = _risk(offered, outcome, number, begins) / _risk(usual, outcome, number, begins)
    rows, at = _rows(offered, number)
    if design.design == "random_order":
        rows, at = (one[offered.year[rows] >= design.start.year] for one in (rows, at))
    year = offered.year[rows]
    stratum = _level(usual, there, outcome)[at] if design.design == "random_order" else None
    return Recovered(
        true, analyse(design.design, offered.came[outcome][rows], year >= begins[at], year, unit[at], stratum=stratum)
    )


def _drawn(design: Design, usual: Followed, there: Ints, outcome: str) -> tuple[NDArray[Any], Ints]:
    """Return each person's unit, and the year in which it begins to be offered it."""
    if design.units == "person":
        unit: NDArray[Any] = usual.number[there]
        lot = assign(design, [str(one) for one in unit.tolist()], _level(usual, there, outcome))
        step = lot.step
    else:
        unit = usual.municipality[there]
        if design.units == "hospital":
            hospital = {town.name: town.hospital for town in municipalities().values()}
            unit = np.array([hospital[name] for name in unit.tolist()])
        names, place = np.unique(unit, return_inverse=True)
        lot = assign(design, names.tolist())
        step = lot.step[place]
    return unit, np.array([one.year for one in lot.begins])[step - 1]


def _level(usual: Followed, there: Ints, outcome: str) -> Ints:
    risk = usual.risks[outcome][there]
    return np.searchsorted(np.quantile(risk, LEVELS), risk)


def _rows(found: Followed, number: Ints) -> tuple[Ints, Ints]:
    """Return the rows of these people, whose numbers ascend, and which of them each row is of."""
    rows = np.flatnonzero(np.isin(found.number, number))
    return rows, np.searchsorted(number, found.number[rows])


def _risk(found: Followed, outcome: str, number: Ints, begins: Ints) -> float:
    """Return the mean exact risk of those who are offered it, over the years in which others wait."""
    rows, at = _rows(found, number)
    year = found.year[rows]
    return float(found.risks[outcome][rows][(year >= begins[at]) & (year < begins.max())].mean())
