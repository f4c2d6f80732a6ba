"""Tables about schooling, work, income and rights: `udda`, `akm`, `faik`, `digital_post`, `tolk` and `tvang`.

What people live on is made in `standing.py`, week by week benefits in `dream.py`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.synthesis.calendar import DAY, Year, day_number
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import FIRST, People
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.shapes import KINDS
from pipelines.synthesis.shapes_services import STANDINGS
from pipelines.synthesis.standing import PLACE, Days, completed, disability_pension, standing
from pipelines.synthesis.streams import Draws, Words, hashed, nth, poisson, unit
from pipelines.synthesis.truth import family_ids
from pipelines.synthesis.write import Columns, dates, people_column, words

if TYPE_CHECKING:
    from pipelines.synthesis.shard import Life

PSYCHIATRIC_STAY = KINDS.index("psych")
ADULT = 18
IMMIGRANT = 2  # of the first generation, in `People.origin`
STATUS = (9, 30)  # month and day whose state `udda` of a year tells, as in docs/registers.md
LONG_HERE = 5 * 365.25  # mean days for which first residents have been in need of an interpreter


def year_end_tables(life: Life, pnr: pa.Array, year: Year, given: Parameters) -> dict[str, Columns]:
    """Return `udda`, `akm` and `faik` of a shard at the end of a year; `pnr` has a place per person of the shard."""
    people, day, number = life.people, year.first + year.length - 1, year.number
    studies = completed(people, life.keys, given)
    pension = disability_pension(people, life.state.recognised, life.keys, given)
    found = standing(people, life.state.recognised, pension, studies[2], life.draws, year, given)
    schooling, work = udda(people, studies, life.keys, year, given), akm(people, found, life.keys, day, given)
    income = faik(people, found, life.draws, year, given)
    return {
        "udda": udda_columns(schooling, people_column(pnr, schooling["person"]), number, given),
        "akm": akm_columns(work, people_column(pnr, work["person"]), number),
        "faik": faik_columns(income, family_ids(life.addresses[income["household"]]), number),
    }


def udda(people: People, studies: tuple[Days, Days, Days], keys: Words, year: Year, given: Parameters) -> Rows:
    """Return the highest education, completed by 30 September, of those resident at the end of the year.

    Those still at school that day have no row, nor have immigrants whose education nobody knows. `studies` is
    `completed(...)`. Columns: person, level (place in `given.education.levels`), since.
    """
    levels, study = given.education.levels, given.social.study
    school, upper, highest = studies
    day = day_number(date(year.number, *STATUS))
    draw = unit(hashed(keys, "education unknown", np.zeros(1, np.int64)))
    unknown = (people.origin == IMMIGRANT) & (draw < study.immigrants_unknown)
    who = np.flatnonzero(people.resident(year.first + year.length - 1) & (school <= day) & ~unknown)
    done, half = highest[who] <= day, upper[who] <= day
    on_the_way = np.where(half, levels.index(study.upper), levels.index(study.school))
    since = np.where(done, highest[who], np.where(half, upper[who], school[who]))
    level = np.where(done, people.education[who], on_the_way)
    return {"person": who, "level": level.astype(np.int8), "since": since.astype(np.int32)}


def akm(people: People, found: NDArray[np.int8], keys: Words, day: int, given: Parameters) -> Rows:
    """Return what those resident at the end of a year live on: person, socio (code of socio13).

    `found` is `standing(...)` of the year that ends with `day`.
    """
    work = given.social.work
    who = np.flatnonzero(people.resident(day))
    code = np.array([given.social.socio.get(name, 0) for name in STANDINGS])[found]
    employed = np.flatnonzero(found == PLACE["employee"])
    bits = hashed(keys[employed], "socio13", np.zeros(len(employed), np.int64))
    lists = [work.employees[level] for level in given.education.levels]
    longest = max(len(codes) for codes in lists)
    table = np.array([(*codes, *([0] * (longest - len(codes)))) for codes in lists])
    many = np.array([len(codes) for codes in lists])
    level = people.education[employed]
    code[employed] = table[level, np.floor(unit(bits) * many[level]).astype(np.int64)]
    return {"person": who, "socio": code[who].astype(np.int16)}


def faik(people: People, found: NDArray[np.int8], draws: Draws, year: Year, given: Parameters) -> Rows:
    """Return the year's income of each household with a resident at its end, over a whole shard.

    `found` is `standing(...)` of the year. Columns: household, income (equivalised and disposable, DKK), group (socio13
    of the member whose standing comes first in STANDINGS, 0 where no adult lives there).
    """
    rule = given.social.income
    day = year.first + year.length - 1
    resident = people.resident(day)
    household = np.flatnonzero(np.bincount(people.household[resident], minlength=len(people)))
    adults = np.flatnonzero(resident & (people.age(day) >= ADULT))
    place = people.household[adults]
    rank = np.clip(people.income[adults], 1e-6, 1 - 1e-6)
    factor = np.array([rule.factor.get(name, 1.0) for name in STANDINGS])[found[adults]]
    earned = rule.median * np.exp(rule.spread * ndtri(rank)) * factor
    total = np.bincount(place, weights=earned, minlength=len(people))[household]
    many = np.bincount(place, minlength=len(people))[household]
    mean = np.where(many > 0, total / np.maximum(many, 1), rule.median * 0.5)
    noise = ndtri(np.clip(draws.uniforms("income", 4, year.number)[household, 0], 1e-9, 1 - 1e-9))
    income = mean * np.exp(rule.noise * noise) * rule.growth ** (year.number - rule.year)
    order = np.lexsort((found[adults], place))
    leads = np.concatenate([[True], place[order][1:] != place[order][:-1]])[: len(order)]
    group = np.zeros(len(people), np.int16)
    codes = np.array([given.social.socio.get(name, EMPLOYEE) for name in STANDINGS], np.int16)
    group[place[order][leads]] = codes[found[adults[order][leads]]]
    return {"household": household, "income": np.round(income), "group": group[household]}


EMPLOYEE = 139  # socio13 of employees without a level


def digital_post(people: People, pnr: pa.Array, last_day: int) -> Columns:
    """Return `digital_post` of a shard: who is exempt by a day, and since when."""
    gone = np.minimum(people.death, people.emigration)
    since = people.digital_exempt
    who = np.flatnonzero((since <= last_day) & (since < gone) & (people.entry <= last_day))
    return {"pnr": people_column(pnr, who), "fritaget_fra": dates(since[who])}


def tolk(people: People, keys: Words, pnr: pa.Array, last_day: int, given: Parameters) -> Columns:
    """Return `tolk` of a shard: who needs an interpreter, in which language, and since when that is on record."""
    gone = np.minimum(people.death, people.emigration)
    who = np.flatnonzero((people.language >= 0) & (people.entry <= last_day))
    wait = -np.log1p(-unit(hashed(keys[who], "interpreter", np.zeros(len(who), np.int64))))
    before = np.maximum(people.entry[who] - np.floor(wait * LONG_HERE), people.birth[who])
    after = people.entry[who] + np.floor(wait * given.social.interpreter_days)
    since = np.where(people.came[who] == FIRST, before, after)
    known = (since <= last_day) & (since < gone[who])
    return {
        "pnr": people_column(pnr, who[known]),
        "sprog": words(people.language[who[known]], given.contact.languages),
        "fra_dato": dates(since[known]),
    }


def coercion(scene: Scene, given: Parameters) -> Rows:
    """Return coercive measures in psychiatric stays: person, day, kind (place in `given.social.coercion.kinds`)."""
    rule = given.social.coercion
    mine = scene.stays["kind"] == PSYCHIATRIC_STAY
    person, start, end = (scene.stays[name][mine].astype(np.int64) for name in ("person", "start", "end"))
    bits: Words = hashed(scene.keys[person], "coercion", start, scene.year.number)
    coerced = unit(bits) < given.care.contacts.coercion * np.where(scene.severe[person], rule.severe, 1.0)
    count = np.where(coerced, 1 + poisson(unit(bits, 1), np.full(len(bits), rule.measures - 1)), 0)
    stay = np.repeat(np.arange(len(person)), count)
    index = nth(count)
    detail = hashed(bits[stay], "measure", index)
    kind = np.searchsorted(np.cumsum(rule.shares)[:-1], unit(detail), side="right")
    first, last = start[stay] // DAY, end[stay] // DAY
    day = first + np.floor(unit(detail, 1) * (last - first + 1)).astype(np.int64)
    day = np.where(kind == rule.kinds.index(rule.at_start), first, day)
    inside = scene.within(person[stay], day)
    packed = ((person[stay] << 9 | np.where(inside, day - scene.year.first, 0)) << 4 | kind)[inside]
    packed = np.unique(packed)  # a kind once a day
    return {
        "person": packed >> 13,
        "day": ((packed >> 4 & 511) + scene.year.first).astype(np.int32),
        "kind": (packed & 15).astype(np.int8),
    }


def udda_columns(rows: Rows, pnr: pa.Array, year: int, given: Parameters) -> Columns:
    """Return the columns of `udda`."""
    return {
        "pnr": pnr,
        "aar": _years(year, len(rows["level"])),
        "hfaudd": words(rows["level"], given.education.levels),
        "hf_vfra": dates(rows["since"]),
    }


def akm_columns(rows: Rows, pnr: pa.Array, year: int) -> Columns:
    """Return the columns of `akm`."""
    return {"pnr": pnr, "aar": _years(year, len(rows["socio"])), "socio13": pa.array(rows["socio"], pa.int16())}


def faik_columns(rows: Rows, familie_id: pa.Array, year: int) -> Columns:
    """Return the columns of `faik`; `familie_id` is that of `bef` for the household of each row."""
    return {
        "familie_id": familie_id,
        "aar": _years(year, len(rows["income"])),
        "famaekvivadisp_13": pa.array(rows["income"], pa.float64()),
        "famsociogrup_13": pa.array(rows["group"], pa.int16(), mask=rows["group"] == 0),
    }


def tvang_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `tvang`."""
    return {"pnr": pnr, "dato": dates(rows["day"]), "art": words(rows["kind"], given.social.coercion.kinds)}


def _years(year: int, rows: int) -> pa.Array:
    return pa.array(np.full(rows, year, np.int16), pa.int16())
