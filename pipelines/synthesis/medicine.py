"""The drugs people buy in a year (`lmdb`), following what care knows of them.

Whether a person takes a drug when there is a reason, which product, how regularly and for how long are traits drawn
once for good: a purchase has its day whatever the year it is looked at from, so a treatment goes on over New Year.
Drugs bought now and then come as one Poisson count per person and year, spread over drugs by age and sex.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, NEVER, day_number
from pipelines.synthesis.medicine_tables import MedicineTables, medicine_tables
from pipelines.synthesis.opening import on_open_days
from pipelines.synthesis.parameters import OLDEST, Parameters
from pipelines.synthesis.scene import Days, Rows, Scene
from pipelines.synthesis.streams import Floats, Words, hashed, poisson
from pipelines.synthesis.write import Columns, dates, words

YEAR = 365.25
LANE = 1 / 65_536  # traits are numbers of 16 bits, four of them in one hash
DOSED = 0  # stands for the part of a pack that is handed out packed by dose
EARLIEST = 2**17  # days before 1970 that no birth lies before
LATER = 6  # days at most from a weekend to the purchase


Ints = NDArray[np.int64]
Traits = NDArray[np.uint16]


class Bought(NamedTuple):
    """Purchases, in no order."""

    person: Ints
    day: Ints
    product: Ints
    reason: Ints  # place of the indication
    bits: Words
    dosed: NDArray[np.bool_]


@dataclass(frozen=True)
class Uses:
    """Who takes what: one place per person and drug, sorted by both."""

    person: Ints
    drug: Ints
    start: Ints  # first possible day; the day of birth where no condition is the reason


def purchases(scene: Scene, given: Parameters, quirks: Set[str]) -> Rows:
    """Return the year's purchases sorted by person, day and product; `missing_indo` leaves some indications out."""
    tables = medicine_tables(given)
    parts = _regular(scene, uses(scene, given), tables), _acute(scene, tables, given)
    person, day, product, reason, bits, dosed = Bought(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    one, more = given.medicine.buying.packs
    draw = _lane(bits, 2)
    packs = np.where(dosed, DOSED, 1 + (draw < one + more).astype(np.int64) + (draw < more))
    missing = np.zeros(len(person), bool)
    if "missing_indo" in quirks:
        early = day < day_number(given.medicine.buying.early_until)
        chance = given.care.quirks.missing_indication * np.where(early, given.medicine.buying.early_missing, 1.0)
        missing = _lane(bits, 3) < chance
    key = person.astype(np.uint64) << np.uint64(9) | (day - scene.year.first).astype(np.uint64)
    for value, width in ((product, 10), (reason, 9), (missing, 1), (packs, 2)):
        key = key << np.uint64(width) | value.astype(np.uint64)
    key.sort()
    key = key[_first_of(key, 12)]  # a product is bought once a day
    return {
        "person": (key >> np.uint64(31)).astype(np.int64),
        "day": scene.year.first + _field(key, 22, 9),
        "product": _field(key, 12, 10),
        "indication": np.where(_field(key, 2, 1) == 1, -1, _field(key, 3, 9)),
        "packs": _field(key, 0, 2),
    }


def lmdb_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `lmdb`; `pnr` is that of each row."""
    tables = medicine_tables(given)
    product = rows["product"].astype(np.int64)
    return {
        "pnr": pnr,
        "eksd": dates(rows["day"]),
        "atc": words(product, tables.atc),
        "vnr": words(product, tables.vnr),
        "apk": pa.array(np.where(rows["packs"] == DOSED, tables.dosed_days / 100, rows["packs"])),
        "packsize": pa.array(tables.packsize[product]),
        "strnum": pa.array(tables.strength[product]),
        "volume": pa.array(tables.volume[product]),
        "indo": words(rows["indication"], tables.indications),
    }


def uses(scene: Scene, given: Parameters, only: NDArray[np.bool_] | None = None) -> Uses:
    """Return who takes which drug in the year; `only` names the drugs that are wanted."""
    tables = medicine_tables(given)
    wanted = np.ones(tables.drugs, bool) if only is None else only
    trait = _traits(scene.keys, wanted)
    reach = np.sqrt(scene.access)  # half of what is lost is lost at the start of a treatment, half at each purchase
    last = np.where(scene.there(), scene.ends, -EARLIEST)
    person, drug, start = _by_condition(scene, tables, wanted, trait, reach, last)
    others = _by_age(scene, tables, wanted, trait, reach, given)
    key = np.concatenate([_packed(person, drug, start), _packed(*others)])
    key.sort()
    key = key[_first_of(key, 19)]
    return Uses((key >> np.uint64(27)).astype(np.int64), _field(key, 19, 8), _field(key, 0, 19) - EARLIEST)


def taking(scene: Scene, given: Parameters, codes: Sequence[str]) -> dict[str, Days]:
    """Return, for each beginning of an ATC code, since when each person takes such a drug, NEVER if they do not.

    Pauses are left out of account.
    """
    tables = medicine_tables(given)
    only = np.zeros(tables.drugs, bool)
    for code in codes:
        only |= tables.of(code)
    using = uses(scene, given, only)
    product = _product(using, scene, tables)
    found = {}
    for code in codes:
        since = np.full(len(scene), NEVER, np.int32)
        chosen = np.array([atc.startswith(code) for atc in tables.atc])[product]
        np.minimum.at(since, using.person[chosen], using.start[chosen].astype(np.int32))
        found[code] = since
    return found


def _by_condition(
    scene: Scene, tables: MedicineTables, wanted: NDArray[np.bool_], trait: Traits, reach: Floats, last: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return person, drug and first day of the drugs for which a condition known by the end of the year is a reason."""
    place = np.flatnonzero(scene.recognised <= last[:, None])
    person, condition = np.divmod(place, scene.recognised.shape[1])
    known = scene.recognised.ravel()[place].astype(np.int64)
    entries = np.flatnonzero(wanted[tables.drug])
    first = np.searchsorted(entries, tables.first)
    many = (first[1:] - first[:-1])[condition]
    pair = np.repeat(np.arange(len(person)), many)
    entry = entries[np.arange(len(pair)) - np.repeat(np.cumsum(many) - many - first[condition], many)]
    person, drug = person[pair], tables.drug[entry]
    chance = tables.share[entry] * np.where(tables.everywhere[drug], 1.0, reach[person])
    fits = trait[drug, person] * LANE < chance
    fits &= (tables.sex[drug] == 0) | (tables.sex[drug] == scene.people.sex[person])
    rows = np.flatnonzero(fits)
    person, drug, day = person[rows], drug[rows], known[pair[rows]]
    bits = hashed(scene.keys[person], "first purchase", drug)
    late = np.floor(-tables.delay * np.log1p(-_lane(bits, 0)))
    spread = tables.since[drug] + np.floor(tables.spread * YEAR * _lane(bits, 1)).astype(np.int64)
    day = np.maximum(day + late.astype(np.int64), spread)
    grown = scene.people.birth[person] + np.ceil(tables.from_age[drug] * YEAR).astype(np.int64)
    return person, drug, np.maximum(day, grown)


def _by_age(
    scene: Scene, tables: MedicineTables, wanted: NDArray[np.bool_], trait: Traits, reach: Floats, given: Parameters
) -> tuple[Ints, Ints, Ints]:
    """Return person, drug and first day of the drugs that people of an age take whatever they have."""
    age = np.clip(scene.age, 0, OLDEST)
    buying, there = given.medicine.buying, scene.there()
    frail = np.exp(buying.frailty * scene.people.frailty - buying.frailty**2 / 2) / LANE
    frail = np.where(there, frail, 0.0)
    ordinary = frail * reach
    found = []
    drugs = np.flatnonzero(wanted & tables.by_age)
    for each in drugs:
        chance = tables.chance[each][age] * (frail if tables.everywhere[each] else ordinary)
        if tables.sex[each]:
            chance = np.where(scene.people.sex == tables.sex[each], chance, 0.0)
        found.append(np.flatnonzero(trait[each] < chance))
    drug = np.repeat(drugs, np.array([len(users) for users in found], np.int64))
    person = np.concatenate([np.zeros(0, np.int64), *found])
    start = scene.people.birth[person].astype(np.int64)
    late = np.flatnonzero(tables.since[drug] > start)
    bits = hashed(scene.keys[person[late]], "first purchase", drug[late])
    start[late] = tables.since[drug[late]] + np.floor(tables.spread * YEAR * _lane(bits, 1)).astype(np.int64)
    return person, drug, start


def _regular(scene: Scene, using: Uses, tables: MedicineTables) -> Bought:
    """Return the purchases of those who take a drug for months and years."""
    person, drug = using.person, using.drug
    traits = hashed(scene.keys[person], "use", drug)
    lifelong = using.start == scene.people.birth[person]
    dosed = _dosed(scene, tables)[person] & (tables.uneven[drug] <= tables.dosed_uneven)
    interval = np.where(dosed, float(tables.dosed_days), YEAR / tables.fills[drug])
    anchor = using.start + np.where(lifelong, _lane(traits, 0) * interval, 0.0)
    sway = tables.uneven[drug] * interval
    begins, ends = scene.begins[person].astype(np.int64), scene.ends[person].astype(np.int64)
    low = np.maximum(np.ceil((begins - LATER - sway / 2 - anchor) / interval), 0).astype(np.int64)
    high = np.floor((ends + 1 + sway / 2 - anchor) / interval).astype(np.int64)
    many = np.maximum(high - low + 1, 0)
    reach = np.where(tables.everywhere[drug], 1.0, np.sqrt(scene.access[person]))
    chance = scene.people.adherence[person] * reach
    row = np.repeat(np.arange(len(person)), many)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(many) - many - low, many)
    bits = hashed(scene.keys[person[row]], "purchase", drug[row] << 20 | turn)
    kept = np.flatnonzero(_lane(bits, 0) < chance[row])
    row, turn, bits = row[kept], turn[kept], bits[kept]
    day = np.floor(anchor[row] + turn * interval[row] + (_lane(bits, 1) - 0.5) * sway[row]).astype(np.int64)
    day = np.maximum(day, using.start[row])
    taken = _in_spell(day, row, using, traits, lifelong, tables)
    day = on_open_days(day, bits, tables.weekend)
    kept = np.flatnonzero(taken & (day >= begins[row]) & (day <= ends[row]))
    row, day, bits = row[kept], day[kept], bits[kept]
    return Bought(person[row], day, _product(using, scene, tables)[row], drug[row], bits, dosed[row])


def _dosed(scene: Scene, tables: MedicineTables) -> NDArray[np.bool_]:
    """Return whose regular drugs the pharmacy packs by dose, for a few weeks at a time."""
    home, moved = scene.home_care < scene.year.first, scene.care_home < scene.year.first
    draw = _lane(hashed(scene.keys, "packed by dose", np.zeros(1, np.int64)), 0)
    return draw < np.where(moved, tables.dosed[1], np.where(home, tables.dosed[0], 0.0))


def _in_spell(
    day: Ints,
    row: Ints,
    using: Uses,
    traits: Words,
    lifelong: NDArray[np.bool_],
    tables: MedicineTables,
) -> NDArray[np.bool_]:
    """Return whether each purchase falls into a spell of taking; spells and pauses of one's own length take turns."""
    within = np.ones(len(day), bool)
    spelled = tables.spell[using.drug]
    rows = np.flatnonzero(spelled[row] > 0)
    of = row[rows]
    on = spelled * YEAR * (0.15 - 0.85 * np.log1p(-_lane(traits, 1)))
    length = on + tables.pause[using.drug] * YEAR * (0.15 - 0.85 * np.log1p(-_lane(traits, 2)))
    shift = np.where(lifelong, _lane(traits, 3) * length, 0.0) - using.start
    turns = (day[rows] + shift[of]) / np.maximum(length, 1.0)[of]
    within[rows] = (turns - np.floor(turns)) * length[of] < on[of]
    return within


def _acute(scene: Scene, tables: MedicineTables, given: Parameters) -> Bought:
    """Return the purchases of drugs bought now and then."""
    buying = given.medicine.buying
    kind = (scene.people.sex.astype(np.int64) - 1) * (OLDEST + 1) + np.clip(scene.age, 0, OLDEST)
    frail = np.exp(buying.frailty_acute * scene.people.frailty - buying.frailty_acute**2 / 2)
    mean = np.where(scene.there(), tables.acute_rate[kind] * frail * np.sqrt(scene.access), 0.0)
    person, bits = scene.events("acute drugs", poisson(scene.uniforms("acute drugs", 4)[:, 0], mean))
    which = np.searchsorted(tables.acute_shares, kind[person] + _lane(bits, 0), side="right")
    which -= kind[person] * tables.acute
    day = scene.year.minute((bits >> np.uint64(16) & np.uint64(2**20 - 1)) / 2.0**20) // DAY
    day = on_open_days(day, bits, tables.weekend, scene.year.first + scene.year.length - 1)
    kept = np.flatnonzero(scene.within(person, day))
    which = which[kept]
    none = np.zeros(len(kept), bool)
    return Bought(person[kept], day[kept], tables.acute_first + which, tables.drugs + which, bits[kept], none)


def _traits(keys: Words, wanted: NDArray[np.bool_]) -> Traits:
    """Return a number of 16 bits per drug and person: who of those with a reason takes the drug."""
    found = np.zeros((-(-len(wanted) // 4) * 4, len(keys)), np.uint16)
    for place in range(0, len(wanted), 4):
        if wanted[place : place + 4].any():
            bits = hashed(keys, "takes", np.array([place]))
            for lane in range(4):
                found[place + lane] = bits >> np.uint64(16 * lane) & np.uint64(0xFFFF)
    return found


def _product(using: Uses, scene: Scene, tables: MedicineTables) -> Ints:
    """Return which product each user takes in the year."""
    draw = _lane(hashed(scene.keys[using.person], "product", using.drug), 0)
    chosen = np.searchsorted(tables.choices, using.drug + draw, side="right")
    return tables.standing(scene.year.number)[chosen]


def _packed(person: Ints, drug: Ints, start: Ints) -> Words:
    key = person << 8 | drug
    return (key << 19 | np.minimum(start + EARLIEST, 2**19 - 1)).astype(np.uint64)


def _first_of(key: Words, bits: int) -> NDArray[np.bool_]:
    """Return which sorted keys differ from the one before in more than their last bits."""
    head = key >> np.uint64(bits)
    found = np.ones(len(key), bool)
    found[1:] = head[1:] != head[:-1]
    return found


def _field(key: Words, place: int, width: int) -> Ints:
    return (key >> np.uint64(place) & np.uint64(2**width - 1)).astype(np.int64)


def _lane(bits: Words, lane: int) -> Floats:
    """One of four numbers in [0, 1) from the bits of a hash."""
    found: Floats = (bits >> np.uint64(16 * lane) & np.uint64(0xFFFF)).astype(np.float64) * LANE
    return found
