"""The tables of who lives in the region at the end of a year, who came, who left and who died, and how far care is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import Year, whole_years
from pipelines.synthesis.homes import SITES, Homes, distances
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import INTO_REGION, People
from pipelines.synthesis.streams import hashed, unit
from pipelines.synthesis.truth import family_ids
from pipelines.synthesis.write import Columns, dates, people_column, words

LINGER = 14  # days a death takes to reach the civil register's snapshot, where that quirk is on


def bef(
    people: People, homes: Homes, addresses: NDArray[np.int64], pnr: pa.Array, day: int, given: Parameters,
    quirks: frozenset[str],
) -> Columns:  # fmt: skip
    """Return who lives in the region at the end of a day, as Statistics Denmark's snapshot has it."""
    here = people.resident(day)
    if "dead_in_snapshot" in quirks:
        here |= (
            (people.death <= day) & (people.death > day - LINGER) & (people.emigration > day) & (people.entry <= day)
        )
    who = np.flatnonzero(here)
    age = whole_years(people.birth[who], day)
    household, partner = people.household[who], people.partner[who]
    together = np.bincount(people.household[here], minlength=len(people))
    widowed = (partner >= 0) & (people.death[partner] <= day)
    parted = (partner >= 0) & ~widowed & (people.emigration[partner] <= day)
    trait = unit(hashed(addresses[who].astype(np.uint64), "single", people.birth[who]))
    once = np.clip((age - 28) / 45, 0, 0.75)  # share of those alone who were married: divorced, or widowed when old
    single = np.where(trait < once, np.where(trait < once * np.clip((age - 55) / 35, 0, 0.8), 3, 2), 0)
    married = people.married[who]
    status = np.where(partner < 0, single, np.where(married, 1, 0))
    status = np.where(married & widowed, 3, np.where(married & parted, 2, status))
    town = homes.town[household]
    codes = np.array([int(each.code) for each in given.places.municipality], np.int16)
    return {
        "pnr": people_column(pnr, who),
        "koen": pa.array(people.sex[who], pa.int8()),
        "foed_dag": dates(people.birth[who]),
        "alder": pa.array(age.astype(np.int16), pa.int16()),
        "referencetid": dates(np.full(len(who), day)),
        "reg": words(np.zeros(len(who), int), ["82"]),
        "kom": pa.array(codes[town], pa.int16()),
        "civst": words(status, ["U", "G", "F", "E"]),
        "familie_id": family_ids(addresses[household]),
        "opr_land": pa.array(people.country[who], pa.int16()),
        "ie_type": pa.array(people.origin[who], pa.int8()),
        "antpersh": pa.array(together[household].astype(np.int16), pa.int16()),
    }


def vnds(people: People, pnr: pa.Array, year: Year) -> Columns:
    """Return the year's moves into and out of the country."""
    first, last = year.first, year.first + year.length - 1
    came = np.flatnonzero((people.came == INTO_REGION) & (people.entry >= first) & (people.entry <= last))
    went = np.flatnonzero((people.emigration >= first) & (people.emigration <= last))
    person = np.concatenate([came, went])
    day = np.concatenate([people.entry[came], people.emigration[went]])
    way = np.concatenate([np.zeros(len(came), int), np.ones(len(went), int)])
    order = np.lexsort((day, person))
    country = np.where(people.country == 5100, 5180, people.country)
    return {
        "pnr": people_column(pnr, person[order]),
        "indud_kode": words(way[order], ["I", "U"]),
        "haend_dato": dates(day[order]),
        "indud_land": pa.array(country[person[order]], pa.int16()),
    }


def dod(people: People, pnr: pa.Array, year: Year) -> Columns:
    """Return the year's deaths in the region."""
    dead = np.flatnonzero((people.death >= year.first) & (people.death < year.first + year.length))
    return {"pnr": people_column(pnr, dead), "doddato": dates(people.death[dead])}


def afstand(people: People, homes: Homes, pnr: pa.Array, year: Year, given: Parameters) -> Columns:
    """Return the km from each resident's home to the nearest of each kind of site, at the end of the year."""
    who = np.flatnonzero(people.resident(year.first + year.length - 1))
    km = distances(homes, people.household[who], given)
    base = {"pnr": people_column(pnr, who), "aar": pa.array(np.full(len(who), year.number, np.int16))}
    return base | {f"km_{site}": pa.array(np.round(km[site], 1)) for site in SITES}
