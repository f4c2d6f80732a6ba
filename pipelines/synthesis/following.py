"""The region's people followed without writing a register: what happens to whom, under a policy of offers or none.

`simulate` replays the same people, years and seed as `synthesise` does, so that it continues exactly the region whose
registers were written; from the policy's landmark on, offers change hazards and nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.codes import Codes
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.people import SHARD
from pipelines.synthesis.policy import Policy
from pipelines.synthesis.region import check_plan
from pipelines.synthesis.risk import OUTCOMES
from pipelines.synthesis.shard import BLOCK, Plan, live_year, start
from pipelines.synthesis.streams import Floats
from pipelines.synthesis.truth import realised
from stratify.errors import UsageError


@dataclass(frozen=True)
class Followed:
    """One row per person and year from the landmark on, for everyone resident on that 1 January."""

    number: NDArray[np.int64]  # the person's `pnr` as a number
    year: NDArray[np.int16]
    municipality: NDArray[np.str_]  # where the person lives, by name
    risks: dict[str, Floats]  # by outcome: the true 12-month cumulative incidence
    came: dict[str, NDArray[np.bool_]]  # by outcome: whether it came


def simulate(
    *,
    people: int,
    years: int,
    end: date,
    seed: int,
    landmark: date,
    policy: Policy | None = None,
    parameters: Path | None = None,
    block: int = BLOCK,
    fictitious_cpr: bool = False,
) -> Followed:
    """Return what truly happens from the landmark, a 1 January, to the end, under a policy or as things are."""
    plan = Plan(people, years, end, seed, date(end.year + 1, 1, 1), frozenset(), False, policy, block, fictitious_cpr)
    check_plan(plan)
    given = read_parameters(parameters)
    if not (date(plan.first_year, 1, 1) <= landmark <= end and (landmark.month, landmark.day) == (1, 1)):
        raise UsageError(f"landmark: a 1 January from {plan.first_year} to {end.year} is required, got {landmark}")
    if policy is not None:
        policy.check(given, end.year)
    codes, rows, everybody = Codes(given), [], []
    towns = np.array([town.name for town in given.places.municipality])
    for part, first in enumerate(range(0, people, SHARD)):
        life = start(part, min(SHARD, people - first), plan, given)
        numbers = life.numbers
        everybody.append(numbers)
        for number in range(plan.first_year, end.year + 1):
            place = 0
            for scene, risks, at_risk in live_year(life, given.year(number), plan, codes, given):
                who = np.flatnonzero(at_risk)
                if number >= landmark.year:
                    came = realised(scene)
                    home = towns[life.homes.town[life.people.household[place + who]]]
                    rows.append((numbers[place + who], np.full(len(who), number, np.int16), home,
                                 {name: risks[name][who] for name in OUTCOMES},
                                 {name: came[name][who] for name in OUTCOMES}))  # fmt: skip
                place += len(scene)
    if policy is not None:
        _all_are_people(policy, np.concatenate(everybody))
    return Followed(
        np.concatenate([row[0] for row in rows]),
        np.concatenate([row[1] for row in rows]),
        np.concatenate([row[2] for row in rows]),
        {name: np.concatenate([row[3][name] for row in rows]) for name in OUTCOMES},
        {name: np.concatenate([row[4][name] for row in rows]) for name in OUTCOMES},
    )


def _all_are_people(policy: Policy, numbers: NDArray[np.int64]) -> None:
    """Raise UsageError where a policy names people who never live in this region: they would silently have nothing."""
    strange = {
        offer: int((~np.isin(np.array([int(pnr) for pnr in people], np.int64), numbers)).sum())
        for offer, people in policy.offers.items()
    }
    told = [f"{offer}: {count} pnr are nobody's in this region" for offer, count in sorted(strange.items()) if count]
    if told:
        raise UsageError("The policy names people of another region: the same --people, --years and --seed?", told)
