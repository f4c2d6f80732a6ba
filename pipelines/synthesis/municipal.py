"""Care by the municipality: when home care and care homes begin, and the rows they leave.

Both begin at a yearly rate by age, conditions and whether one lives alone. What begins in a year acts on other hazards
from the next 1 January (a care home raises them), never within the year.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.synthesis.calendar import DAY, NEVER, Year, day_number
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import FIRST, People
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.shapes_services import OLDEST, Begins, by_age
from pipelines.synthesis.streams import Draws, Floats, hashed, nth, poisson, unit
from pipelines.synthesis.write import Columns, dates, words

Days = NDArray[np.int32]
Ints = NDArray[np.int64]
ADULT = 18


def begins_care(
    people: People,
    age: NDArray[np.integer],
    has: NDArray[np.bool_],
    home_care: Days,
    care_home: Days,
    u: Floats,
    year: Year,
    given: Parameters,
) -> tuple[Days, Days]:
    """Return the first days of home care and in a care home, after a year in which either may begin.

    `age` and `has` (people × conditions) are as of 1 January, `u` are four uniform numbers per person for the year.
    """
    rules = given.services
    factor = np.where(home_care <= year.first, rules.care_home.with_home_care, 1.0)
    moving = _rate(people, age, has, rules.care_home, given) * factor
    starting = _rate(people, age, has, rules.home_care, given)
    there = (people.entry < year.first + year.length) & (np.minimum(people.death, people.emigration) > year.first)
    found = []
    for rate, before, drawn, when in ((starting, home_care, u[:, 0], u[:, 1]), (moving, care_home, u[:, 2], u[:, 3])):
        day = np.maximum(year.first + np.floor(when * year.length), people.entry + 1)
        new = (before == NEVER) & there & (drawn < -np.expm1(-rate))
        found.append(np.where(new, day, before).astype(np.int32))
    home, moved = found
    home = np.where((home_care == NEVER) & (moved <= home), NEVER, home).astype(
        np.int32
    )  # a care home has its own help
    return home, moved


def cared_for_before(
    people: People, age: NDArray[np.integer], has: NDArray[np.bool_], draws: Draws, given: Parameters
) -> tuple[Days, Days]:
    """Return the first days of home care and in a care home of those who have either when the extract begins."""
    rules = given.services
    u = draws.uniforms("cared for before", 8)
    first = people.came == FIRST
    found: list[Days] = []
    for rule, at in ((rules.home_care, 0), (rules.care_home, 4)):
        rate = _rate(people, age, has, rule, given)
        if rule is rules.care_home:
            rate = rate * np.where(found[0] < NEVER, rules.care_home.with_home_care, 1.0)
        has_it = first & (u[:, at] < -np.expm1(-rate * rule.years))
        since = np.floor(-np.log1p(-u[:, at + 1]) * rule.years * 365.25)
        latest_birthday = people.birth + ADULT * 365.25
        found.append(np.where(has_it, np.maximum(people.entry - since, latest_birthday), NEVER).astype(np.int32))
    home, moved = found
    return home, moved


def _rate(people: People, age: NDArray[np.integer], has: NDArray[np.bool_], rule: Begins, given: Parameters) -> Floats:
    """Return the yearly rate at which a service begins."""
    adult = np.flatnonzero(age >= ADULT)
    base = by_age(rule.rate)[np.clip(age[adult], 0, OLDEST)]
    some = adult[base > 0]
    factor = np.where(people.partner[some] < 0, rule.alone, 1.0)
    mine = has[some]
    for name, ratio in rule.conditions.items():
        factor = factor * np.where(mine[:, given.index(name)], ratio, 1.0)
    rate = np.zeros(len(age))
    rate[some] = base[base > 0] * np.minimum(factor, rule.most)
    return rate


def aefv(scene: Scene, given: Parameters) -> Rows:
    """Return the hours of home care granted, one row per person and month: person, month (1-12), personal, practical.

    From the month home care begins to the month the person moves into a care home, away, or dies.
    """
    rule = given.services.home_care
    last_day = np.minimum(scene.ends, scene.care_home)
    first_day = np.maximum(scene.begins, scene.home_care)
    who = np.flatnonzero((first_day <= last_day) & scene.there())
    starts = np.array([day_number(date(scene.year.number, month, 1)) for month in range(1, 13)])
    first = np.searchsorted(starts, first_day[who], side="right") - 1
    last = np.searchsorted(starts, last_day[who], side="right") - 1
    count = last - first + 1
    person = np.repeat(who, count)
    month = np.arange(len(person)) - np.repeat(np.cumsum(count) - count - first, count)
    nought = np.zeros(len(who), np.int64)
    bits = hashed(scene.keys[who], "home care", nought)
    yearly = hashed(scene.keys[who], "home care granted", nought, scene.year.number)
    years = np.clip((scene.year.first - scene.home_care[who]) / 365.25, 0, 12)
    level = rule.growth**years * np.exp(0.15 * _normal(yearly))
    only_practical = unit(bits) < rule.only_practical * np.exp(-0.2 * years)
    personal = np.where(only_practical, 0.0, rule.personal * np.exp(rule.spread * _normal(bits, 1))) * level
    practical = rule.practical * np.exp(rule.spread / 2 * _normal(bits, 2)) * np.minimum(level, 1.5)
    return {
        "person": person,
        "month": (month + 1).astype(np.int8),
        "personal": np.repeat(np.round(np.minimum(personal, 60.0), 1), count),
        "practical": np.repeat(np.round(practical, 1), count),
    }


def aehjsp(scene: Scene, given: Parameters) -> Rows:
    """Return the home nurse's visits: person, day, imputed."""
    rule = given.services.nursing
    known = np.zeros(len(scene), bool)
    at_home = scene.there() & (scene.age >= ADULT) & (scene.care_home > scene.begins)
    home_care = scene.home_care <= scene.year.first + scene.year.length
    by_itself = by_age(rule.without)[np.clip(scene.age, 0, OLDEST)]
    old = np.flatnonzero(at_home & (by_itself > 0))
    known[old] = (scene.recognised[old] <= scene.year.first).any(axis=1)
    rate = np.where(home_care, rule.with_home_care, np.where(known, by_itself, 0.0))
    who = np.flatnonzero(at_home & (rate > 0))
    # a few need many visits: the rate itself varies between people and years
    bits = hashed(scene.keys[who], "nursing", np.zeros(len(who), int), scene.year.number)
    count = np.zeros(len(scene), np.int64)
    count[who] = poisson(unit(bits), rate[who] * -np.log1p(-unit(bits, 1)))
    person, bits = scene.events("nurse's visit", count)
    day = scene.any_day(bits)
    after, after_day, after_bits = _after_stays(scene, given)
    person, day = np.concatenate([person, after]), np.concatenate([day, after_day])
    bits = np.concatenate([bits, after_bits])
    keep = scene.within(person, day) & (day < scene.care_home[person])
    keep &= day > np.maximum(scene.until, scene.psych_until)[person] // DAY
    packed = ((person[keep] << 9) | (day[keep] - scene.year.first)) << 1
    packed |= unit(bits[keep], 3) < rule.imputed
    packed.sort()
    new = np.concatenate([[True], packed[1:] >> 1 != packed[:-1] >> 1])[: len(packed)]  # one visit a day is on record
    person, day, imputed = packed[new] >> 10, ((packed[new] >> 1) & 511) + scene.year.first, packed[new] & 1
    home = ~scene.in_hospital(person, day)
    return {"person": person[home], "day": day[home].astype(np.int32), "imputed": imputed[home].astype(np.int8)}


def _normal(bits: NDArray[np.uint64], place: int = 0) -> Floats:
    """Return standard normal numbers made of hashed bits."""
    found: Floats = ndtri(np.clip(unit(bits, place), 1e-9, 1 - 1e-9))
    return found


def _after_stays(scene: Scene, given: Parameters) -> tuple[Ints, Ints, NDArray[np.uint64]]:
    rule = given.services.nursing
    person = scene.stays["person"].astype(np.int64)
    start, end = scene.stays["start"].astype(np.int64), scene.stays["end"].astype(np.int64)
    bits = hashed(scene.keys[person], "nursing after stay", start, scene.year.number)
    some = (scene.age[person] >= rule.from_) & (unit(bits) < rule.after_stay)
    count = np.where(some, 1 + poisson(unit(bits, 1), np.full(len(bits), max(rule.after_visits - 1, 0.0))), 0)
    visitor = np.repeat(person, count)
    index = nth(count)
    detail = hashed(np.repeat(bits, count), "visit after stay", index)
    day = np.repeat(end // DAY + 1, count) + np.floor(unit(detail) * rule.after_days).astype(np.int64)
    inside = day < scene.year.first + scene.year.length
    return visitor[inside], day[inside], detail[inside]


def care_home_stays(
    people: People, care_home: Days, town: NDArray[np.integer], draws: Draws, last_day: int, given: Parameters
) -> Rows:
    """Return one row per stay in a care home until a day: person, moved_in, moved_out (NEVER: lives there), home.

    `town` is the place of each person's municipality among `given.places.municipality`; `home` counts all homes.
    """
    gone = np.minimum(people.death, people.emigration).astype(np.int64)
    who = np.flatnonzero((care_home <= last_day) & (care_home < gone) & (people.entry <= last_day))
    first, many = _homes(given)
    bits = hashed(draws.keys()[who], "which care home", np.zeros(len(who), int))
    home = first[town[who]] + np.floor(unit(bits) * many[town[who]]).astype(np.int64)
    out = np.where(gone[who] <= last_day, gone[who], NEVER)
    return {"person": who, "moved_in": care_home[who], "moved_out": out.astype(np.int32), "home": home.astype(np.int32)}


def _homes(given: Parameters) -> tuple[Ints, Ints]:
    """Return the place of each municipality's first care home and how many it has."""
    per_home = given.services.care_home.residents
    many = np.array([max(1, round(town.population / per_home)) for town in given.places.municipality])
    return np.cumsum(many) - many, many


def aefv_columns(rows: Rows, pnr: pa.Array, year: int) -> Columns:
    """Return the columns of `aefv`; the name of the month's column has a Danish letter, as in the register."""
    return {
        "pnr": pnr,
        "hænd_mdr": words(rows["month"] - 1, [f"{year}{month:02d}" for month in range(1, 13)]),
        "perpl_vis": pa.array(rows["personal"], pa.float64()),
        "prahj_vis": pa.array(rows["practical"], pa.float64()),
    }


def aehjsp_columns(rows: Rows, pnr: pa.Array) -> Columns:
    """Return the columns of `aehjsp`."""
    return {"pnr": pnr, "hjemsygep_dato": dates(rows["day"]), "imp_mark": words(rows["imputed"], ["0", "1"])}


def ophold_plejehjem_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `ophold_plejehjem`; names of homes are made of the municipality's and a number."""
    _, many = _homes(given)
    names = [
        f"Plejehjem {town.name} {number}"
        for town, count in zip(given.places.municipality, many, strict=True)
        for number in range(1, count + 1)
    ]
    return {
        "v_pnr": pnr,
        "d_tilflyt_dato": dates(rows["moved_in"]),
        "d_fraflyt_dato": dates(rows["moved_out"], rows["moved_out"] == NEVER),
        "plejehjemsnavn": words(rows["home"], names),
    }
