"""How many houses and where: need-weighted ways of the scored population, with the equity split; home beside house.

Places are those of a region that is simulated: the towns of `places.toml`. Where everybody lives in a town, the way is
from town to town, and within a town its own spread. What a visit at home costs is the same way, gone by staff.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.coverage import groups_of
from pipelines.data_steps import Progress
from pipelines.scored import scored_people
from pipelines.synthesis.parameters import read_parameters
from stratify.care.logic import Judge
from stratify.care.people import NO, Flags, Floats, People
from stratify.care.siting import Siting, p_median
from stratify.care.weigh import OPEN, Given, Weigher
from stratify.catalogue import Catalogue
from stratify.disclosure import SMALLEST_SHOWN
from stratify.errors import DataError, UsageError
from stratify.registers.clock import day_of
from stratify.strata import levels, places
from stratify.workspace import Workspace

KINDS = ("health", "psychiatry")
FAR = 30.0  # km


def siting(
    work: Workspace, catalogue: Catalogue, progress: Progress, houses: int, kind: str = "health"
) -> dict[str, Any]:
    """Return where `houses` houses of a kind would stand, the ways to them for all and by group, and offers at home.

    Need weighs a person's way: the level of need, so that somebody without any need draws no house. A psychiatry house
    is for those with a psychiatric condition. Raises UsageError for a kind or number that cannot be.
    """
    if kind not in KINDS:
        raise UsageError(f"no such kind of house: {kind}; there are {', '.join(KINDS)}")
    towns = read_parameters(None).places.municipality
    if not 1 <= houses <= len(towns):
        raise UsageError(f"--places needs 1 to {len(towns)} houses, one town each at most; got {houses}")
    scored = scored_people(work, catalogue)
    if "municipality" not in scored.groups:
        raise DataError("where people live is not known here: no residence in this source")
    progress(f"placing {houses} houses")
    at = {town.name: place for place, town in enumerate(towns)}
    home = np.array([at.get(name, -1) for name in scored.groups["municipality"].tolist()], np.int64)
    level = np.array([one.level for one in levels(catalogue, "need")])
    weight = level[places(Judge(scored.people), catalogue, "need")].astype(np.float64)
    if kind == "psychiatry":
        weight = np.where(scored.people.columns["n_psychiatric"].values > 0, weight, 0.0)
    lives = home >= 0
    positions = np.array([town.at for town in towns])
    km = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    km[np.diag_indices(len(towns))] = [town.spread for town in towns]
    demand = np.asarray(np.bincount(home[lives], weight[lives], len(towns)), np.float64)
    found = p_median(km, demand, houses)
    way = np.where(lives, found.distance(km)[home], np.nan)
    return {
        "kind": kind,
        "towns": [towns[site].name for site in found.sites],
        "way": _ways(way, weight),
        "split": {name: _split(way, weight, which) for name, which in groups_of(scored, catalogue).items()},
        "fewer_and_more": {
            n: _ways(_way_with(km, demand, n, home, lives), weight) for n in _around(houses, len(towns))
        },
        "at_home": _at_home(scored.people, catalogue, day_of(scored.landmark), way, f"{kind}_house"),
    }


def _around(houses: int, most: int) -> list[int]:
    return [n for n in (houses - 1, houses, houses + 1, houses + 2) if 1 <= n <= most]


def _way_with(km: Floats, demand: Floats, houses: int, home: NDArray[np.int64], lives: Flags) -> Floats:
    found: Siting = p_median(km, demand, houses)
    return np.where(lives, found.distance(km)[home], np.nan)


def _ways(way: Floats, weight: Floats) -> dict[str, float] | None:
    """Return the need-weighted mean way and the share of need that is more than 30 km away; None of few people."""
    told = ~np.isnan(way) & (weight > 0)
    if told.sum() < SMALLEST_SHOWN:
        return None
    far = float(weight[told][way[told] > FAR].sum() / weight[told].sum())
    return {"mean_km": float(np.average(way[told], weights=weight[told])), "far": far}


def _split(way: Floats, weight: Floats, which: Flags) -> dict[str, Any]:
    return {"group": _ways(way[which], weight[which]), "others": _ways(way[~which], weight[~which])}


def _at_home(people: People, catalogue: Catalogue, day: date, way: Floats, house: str) -> dict[str, Any]:
    """Return, for each offer given in such a house and at home, whom home would spare what way, staff going it."""
    found = {}
    for one in Weigher(people, catalogue, Given(day)).all():
        ways = {bridge: catalogue.bridges[bridge].adds_places for need in one.offer.needs for bridge in need.bridges}
        home = "home" in one.offer.places or any("home" in added for added in ways.values())
        open_to = np.isin(one.answer, OPEN) & ~np.isnan(way)
        if not home or house not in one.offer.places or open_to.sum() < SMALLEST_SHOWN:
            continue
        hard = np.zeros(people.n, bool)
        for met in one.needs:
            hard |= met.hard | (met.met == NO)
        found[one.offer.id] = {
            "people": int(open_to.sum()),
            "km_there_and_back": float(2 * way[open_to].mean()),
            "seems_hard_to_come": float(hard[open_to].mean()),
        }
    return found


def lines(told: dict[str, Any]) -> list[str]:
    """Return what was found in words."""
    found = [
        f"{len(told['towns'])} {told['kind']} houses: {', '.join(told['towns'])}; positions of towns are from memory",
        f"way of need: {_told(told['way'])}",
        *(f"    with {n}: {_told(way)}" for n, way in told["fewer_and_more"].items()),
        *(f"{name}: {_told(one['group'])}; others {_told(one['others'])}" for name, one in told["split"].items()),
    ]
    for offer, one in told["at_home"].items():
        found.append(
            f"at home instead, {offer}: {one['people']} people spared {one['km_there_and_back']:.0f} km there and "
            f"back, which staff go; for {one['seems_hard_to_come']:.0%} coming seems hard"
        )
    return found


def _told(one: dict[str, float] | None) -> str:
    if one is None:
        return "too few to tell"
    return f"{one['mean_km']:.1f} km on average, {one['far']:.0%} above {FAR:.0f} km"
