"""Where households live, who moves, who finds a partner or parts, who leaves the region; and how far care is.

A household has the number of its first member. Everything here is drawn without regard to health, so that an offer that
keeps somebody alive moves nobody's house.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.synthesis.calendar import DAY, Year
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import BORN, People, give_mothers, pair
from pipelines.synthesis.streams import Draws, Floats

SITES = ("akuthospital", "praksis", "sundhedshus", "psykiatri")


@dataclass
class Homes:
    """One place per household number."""

    town: NDArray[np.int16]  # index of the municipality
    x: Floats  # km east and north of Aarhus
    y: Floats
    practice: NDArray[np.int32]  # number of the general practice, over the whole region


def build_homes(draws: Draws, given: Parameters) -> Homes:
    """Return a home for every household there may ever be."""
    u = draws.uniforms("homes", 4)
    weights = np.cumsum([town.population for town in given.places.municipality])
    town = np.minimum(np.searchsorted(weights, u[:, 0] * weights[-1], side="right"), len(weights) - 1)
    n = len(town)
    homes = Homes(np.zeros(n, np.int16), np.zeros(n), np.zeros(n), np.zeros(n, np.int32))
    _settle_in(homes, np.arange(n), town, u[:, 1], u[:, 2], u[:, 3], given)
    return homes


def practices(given: Parameters) -> NDArray[np.int64]:
    """Return how many general practices there are in each municipality."""
    size = given.places.aarhus.practice_size
    return np.array([max(1, round(town.population / size)) for town in given.places.municipality], np.int64)


def move_and_part(people: People, homes: Homes, draws: Draws, year: Year, done: int, given: Parameters) -> None:
    """Let the grown leave home, singles find each other, couples part and households move, all on 1 January."""
    u = draws.uniforms("family", 12, year.number)
    own = np.arange(len(people))
    here = (people.entry < year.first) & (people.emigration >= year.first)  # whoever died meanwhile moves nobody
    age = (year.first - people.birth) / 365.25
    due = (people.came == BORN) & (people.birth >= year.first) & (people.birth < year.first + year.length)
    women = np.flatnonzero(here & (people.sex == 2) & (age > 15) & (age < 47))
    give_mothers(people, np.flatnonzero(due), women, year.first + year.length // 2, float(u[0, 11]))
    with_mother = (people.mother >= 0) & (people.household == people.household[people.mother])
    grown = (people.leaves_home <= age) & (people.household != own) & (people.partner < 0)
    leaving = np.flatnonzero(grown & with_mother & here)
    from_parents = homes.town[people.household[leaving]]
    people.household[leaving] = leaving
    near = leaving[u[leaving, 0] < 0.6]
    town = from_parents[u[leaving, 0] < 0.6]
    _settle_in(homes, near, town, u[near, 1], u[near, 2], u[near, 3], given)
    if done:  # the first residents are as they are
        couple = (people.partner >= 0) & (own < people.partner)
        apart = np.flatnonzero(couple & (u[:, 4] < given.population.parting) & (age < 75))
        for half in (apart, people.partner[apart]):
            alone = half[people.household[half] != half]
            people.household[alone] = alone
        other = people.partner[apart].copy()
        for half in (apart, other):
            people.partner[half], people.married[half] = -1, False
        single = here & (people.partner < 0) & (age >= 20) & (age < 45) & (people.household == own)
        pair(people, np.flatnonzero(single & (u[:, 5] < given.population.pairing)), age, u[:, 6])
    young = (people.mother >= 0) & (people.leaves_home > age) & (people.partner < 0)
    with_her = np.flatnonzero(young & (people.emigration >= year.first))
    with_her = with_her[people.emigration[people.mother[with_her]] >= year.first]
    people.household[with_her] = people.household[people.mother[with_her]]
    wed = np.flatnonzero((people.partner >= 0) & (own < people.partner) & (u[:, 7] < 0.06) & (age > 24))
    people.married[wed] = people.married[people.partner[wed]] = True
    moving = np.flatnonzero(u[:, 8] < given.places.aarhus.move)
    weights = np.cumsum([town.population for town in given.places.municipality])
    new = np.minimum(np.searchsorted(weights, u[moving, 9] * weights[-1], side="right"), len(weights) - 1)
    _settle_in(homes, moving, new, u[moving, 10], u[moving, 11], u[moving, 3], given)


def leave_region(
    people: People, draws: Draws, year: Year, until: NDArray[np.int64], given: Parameters
) -> NDArray[np.bool_]:
    """Return who is to move out in the year, with the household; who is in hospital follows after discharge."""
    u = draws.uniforms("emigration", 4, year.number)
    age = (year.first - people.birth) / 365.25
    rate = given.population.emigration * np.where(age < 40, given.population.emigration_young, 0.6)
    goes = (u[:, 0] < rate)[people.household] & people.resident(year.first - 1)
    day = year.first + 1 + np.floor(u[people.household, 1] * (year.length - 1)).astype(np.int32)
    day = np.maximum(day, (until // DAY + 2).astype(np.int32))
    goes &= day < year.first + year.length
    people.emigration[goes] = day[goes]
    return goes


def distances(homes: Homes, household: NDArray[np.int32], given: Parameters) -> dict[str, Floats]:
    """Return the km, as the crow flies, from each person's home to the nearest of each kind of site (SITES)."""
    places = given.places
    sites = {
        "akuthospital": [hospital.at for hospital in places.hospital],
        "sundhedshus": [(x, y) for _, x, y in places.houses.health],
        "psykiatri": [unit.at for unit in places.psychiatry] + [(x, y) for _, x, y in places.houses.psychiatry],
    }
    x, y = homes.x[household], homes.y[household]
    found = {}
    for name, points in sites.items():
        nearest = np.full(len(x), np.inf)
        for east, north in points:
            nearest = np.minimum(nearest, np.hypot(x - east, y - north))
        found[name] = nearest
    town = homes.town[household]
    centre = np.array([town.at for town in places.municipality])[town]
    # a practice lies on the way to the town's centre, the farther out the farther
    found["praksis"] = 0.4 + 0.45 * np.hypot(x - centre[:, 0], y - centre[:, 1])
    return {name: found[name] for name in SITES}


def _settle_in(
    homes: Homes, rows: NDArray[np.int64], town: NDArray[np.integer], one: Floats, two: Floats, three: Floats,
    given: Parameters,
) -> None:  # fmt: skip
    """Give households a home in their municipality and a practice of it."""
    towns = given.places.municipality
    centre, spread = np.array([each.at for each in towns]), np.array([each.spread for each in towns])
    counts = practices(given)
    first = np.cumsum(counts) - counts
    homes.town[rows] = town
    away = spread[town]
    homes.x[rows] = centre[town, 0] + away * 0.7 * ndtri(np.clip(one, 1e-9, 1 - 1e-9))
    homes.y[rows] = centre[town, 1] + away * 0.7 * ndtri(np.clip(two, 1e-9, 1 - 1e-9))
    homes.practice[rows] = first[town] + np.floor(three * counts[town]).astype(np.int64)
