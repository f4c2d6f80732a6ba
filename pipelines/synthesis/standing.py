"""What people live on: study, work, a benefit or a pension, in each year.

Nothing is carried from year to year: a person's leaning is drawn once, and most years go by it, so that standing lasts.
A disability pension follows illness known to care; its first day is made of days alone, so every year sees the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import NEVER, Year
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.shapes_services import STANDINGS, Study
from pipelines.synthesis.streams import Draws, Floats, Words, hashed, unit

Days = NDArray[np.int32]
PLACE = {name: index for index, name in enumerate(STANDINGS)}


def disability_pension(people: People, recognised: Days, keys: Words, given: Parameters) -> Days:
    """Return the first day on disability pension, NEVER for those who get none.

    Each condition known to care brings one with its own chance, after a wait, and so does what the region does not
    model, at any working age; the first day counts.
    """
    rule = given.social.disability
    youngest, oldest = (people.birth + np.floor(age * 365.25) for age in (rule.ages[0], rule.ages[1] + 1))
    bits = hashed(keys, "disability", np.zeros(len(people), np.int64))
    found = np.where(
        unit(bits) < rule.otherwise, youngest + np.floor(unit(bits, 1) * (oldest - youngest)), NEVER
    ).astype(np.int32)
    for name, chance in rule.chance.items():
        known = recognised[:, given.index(name)]
        rows = np.flatnonzero(known < NEVER)
        bits = hashed(keys[rows], f"disability {name}", np.zeros(len(rows), np.int64))
        odds = chance / (1 - min(chance, 0.999)) * np.exp(-rule.resources * people.resources[rows])
        day = np.maximum(known[rows] + np.floor(-np.log1p(-unit(bits, 1)) * rule.wait * 365.25), youngest[rows])
        gets = (unit(bits) < odds / (1 + odds)) & (day < oldest[rows])
        found[rows[gets]] = np.minimum(found[rows[gets]], day[gets].astype(np.int32))
    return found


def completed(people: People, keys: Words, given: Parameters) -> tuple[Days, Days, Days]:
    """Return the day everybody leaves school, completes upper secondary school, and completes the highest education.

    Those who do not go through upper secondary school have NEVER there.
    """
    rule: Study = given.social.study
    late = unit(hashed(keys, "completed", np.zeros(len(people), np.int64)))
    levels = given.education.levels
    ages = np.array([rule.completed[level] for level in levels])[people.education] + rule.spread * late
    school = rule.completed[rule.school] + 0.5 * late
    through = np.array([level in rule.through for level in levels])[people.education]
    upper = np.where(through, people.birth + np.floor((rule.completed[rule.upper] + 0.8 * late) * 365.25), NEVER)
    return (
        (people.birth + np.floor(school * 365.25)).astype(np.int32),
        upper.astype(np.int32),
        (people.birth + np.floor(np.maximum(ages, school) * 365.25)).astype(np.int32),
    )


def standing(
    people: People, recognised: Days, pension: Days, studied: Days, draws: Draws, year: Year, given: Parameters
) -> NDArray[np.int8]:
    """Return each person's place in STANDINGS on 31 December, whether or not they are there.

    `pension` is the first day on disability pension, `studied` the day the highest education is completed.
    """
    rule = given.social.work
    day = year.first + year.length - 1
    age = people.age(day)
    found = np.full(len(people), PLACE["employee"], np.int8)
    working = np.flatnonzero((age >= rule.adult) & (age < rule.pension))
    life, now = draws.uniforms("standing", 4)[working], draws.uniforms("standing", 4, year.number)[working]
    leaning = np.where(now[:, 0] < rule.lasting, life[:, 0], now[:, 1])
    ill = (recognised[working][:, np.flatnonzero(given.psychiatric)] <= year.first).any(axis=1)
    mine = np.where(life[:, 1] < rule.self_employed, PLACE["self_employed"], PLACE["employee"]).astype(np.int8)
    mine[(age[working] >= rule.early_from) & (life[:, 2] < rule.early)] = PLACE["early"]
    below = np.zeros(len(working))
    few = -people.resources[working]
    lower: dict[str, Floats] = {}
    for name, (share, slope, factor) in (("cash", rule.cash), ("unemployed", rule.unemployed), ("sick", rule.sick)):
        below = below + share * np.exp(slope * few) * np.where(ill, factor, 1.0)
        lower[name] = np.minimum(below, 0.85)
    mine[leaning < np.minimum(below, 0.85) + rule.other] = PLACE["other"]
    for name in ("sick", "unemployed", "cash"):
        mine[leaning < lower[name]] = PLACE[name]
    mine[studied[working] > day] = PLACE["student"]
    mine[pension[working] <= day] = PLACE["disability"]
    found[working] = mine
    found[age < rule.adult] = PLACE["child"]
    found[age >= rule.pension] = PLACE["old_age"]
    return found
