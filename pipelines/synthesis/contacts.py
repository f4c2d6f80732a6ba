"""The hospital contacts of a year: those that make the stays, and all others, each with its action diagnosis.

Columns: person, start and end (minutes), acute, psychiatric, setting, code, hospital, virtual, missed (nobody came),
withdrawn (reported by mistake), dead (death declared), condition (whose code it carries, -1), bits. Contacts that are
no outcome keep a day's distance from somatic stays, and from each other where they could be chained into an acute stay
that never was.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, day_number, workday
from pipelines.synthesis.codes import Codes, chosen
from pipelines.synthesis.happenings import ACSC, OTHER, PSYCH
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.streams import Words, events, hashed, nth, poisson, unit

Ints = NDArray[np.int64]
INPATIENT, OUTPATIENT, EMERGENCY = 0, 2, 3  # as in c_pattype before 2014
CHANGE = day_number(date(2019, 2, 3))  # first day of LPR_A
WEEKDAY = 40  # the place, among the numbers of a contact's bits, of the one that moves it off a weekend
BEFORE_NEW_YEAR = 5 * 60
STAYED = ("planned", "observation", "companion", "emergency")  # kinds of contacts that can be chained


def contacts_of_year(scene: Scene, town_hospital: Ints, codes: Codes, given: Parameters) -> Rows:
    """Return the year's contacts sorted by person, start and code. `town_hospital`: each person's own hospital."""
    parts = [*_of_stays(scene, town_hospital, codes, given), *_others(scene, town_hospital, codes, given)]
    parts += _visits(scene, town_hospital, codes, given)
    parts.append(_declared_dead(scene, town_hospital, codes, given))
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    minute = rows["start"] - scene.year.first * DAY  # below 2**20
    order = np.argsort((((rows["person"] << 20) + minute) << 12) + rows["code"], kind="stable")
    return {name: values[order] for name, values in rows.items()}


def stay_causes(scene: Scene, codes: Codes, given: Parameters) -> tuple[Ints, NDArray[np.int16]]:
    """Return for each stay of the scene the condition it is for (-1: none of the person's own) and its code."""
    stays = scene.stays
    person, kind, bits = stays["person"], stays["kind"], stays["bits"]
    sex, age = scene.people.sex[person], scene.age[person]
    has = scene.onset[person] <= (stays["start"] // DAY)[:, None]
    young = age < 12
    condition, code = np.full(len(person), -1), np.full(len(person), -1, np.int16)
    lists = {OTHER: ("stay_codes", "other"), ACSC: ("acsc_codes", "acsc"), PSYCH: ("psychiatric_codes", "psych")}
    for number, (name, cause) in lists.items():
        rows = np.flatnonzero(kind == number)
        weights = given.column(cause) * codes.has(name)
        own = chosen(weights, has[rows], getattr(given.admissions.other_causes, cause), unit(bits[rows], 5))
        brought = stays["condition"][rows]
        own = np.where((brought >= 0) & codes.has(name)[np.maximum(brought, 0)], brought, own)
        specific = codes.of_conditions(name, own, sex[rows], scene.keys[person[rows]], bits[rows])
        general = codes.any_of(cause, sex[rows], age[rows], bits[rows])
        if number != PSYCH:
            child = codes.any_of(f"child_{cause}", sex[rows], age[rows], bits[rows])
            general = np.where(young[rows], child, general)
        condition[rows], code[rows] = own, np.where(specific >= 0, specific, general)
    return condition, code


def seen_in_hospital(keys: Words, condition: Ints, given: Parameters) -> NDArray[np.bool_]:
    """Return whether each person's condition is followed in hospital at all; else general practice alone sees to it."""
    trait = unit(hashed(keys, "seen in hospital", condition))
    found: NDArray[np.bool_] = trait < given.column("hospital")[condition]
    return found


def _of_stays(scene: Scene, town_hospital: Ints, codes: Codes, given: Parameters) -> list[Rows]:
    """The contacts a stay is made of: through the emergency department, on the ward, at another hospital."""
    stays, care = scene.stays, given.care.contacts
    condition, code = stay_causes(scene, codes, given)
    psychiatric = stays["kind"] == PSYCH
    ward = _rows(stays["person"], stays["start"], stays["end"], code, stays["bits"], acute=True,
                 psychiatric=psychiatric, condition=condition)  # fmt: skip
    ward["hospital"] = _hospitals(ward, town_hospital, given)
    parts = [ward]
    bits, start, end = ward["bits"], ward["start"].copy(), ward["end"].copy()
    new = (start // DAY >= CHANGE) & ~psychiatric
    through = np.flatnonzero(new & (unit(bits, 9) < care.through_emergency))
    first = _take(ward, through)
    middle = start[through] + 120 + np.floor(unit(bits[through], 10) * 420).astype(np.int64)
    first["end"], first["setting"] = middle, np.full(len(through), EMERGENCY, np.int8)
    first["bits"] = hashed(bits[through], "emergency", np.zeros(len(through), np.int64))
    ward["start"][through] = middle
    parts.append(first)
    splits = ~psychiatric & (end - start > 2 * DAY) & (unit(bits, 11) < care.transfer)
    splits &= (end // DAY < CHANGE) | (start // DAY >= CHANGE)
    moved = np.flatnonzero(splits)
    second = _take(ward, moved)
    middle = start[moved] + ((end[moved] - start[moved]) * (0.4 + 0.4 * unit(bits[moved], 12))).astype(np.int64)
    second["start"] = middle + 30 + np.floor(unit(bits[moved], 13) * 180).astype(np.int64)
    second["hospital"] = np.where(second["hospital"] == 0, 1 + np.floor(unit(bits[moved], 14) * 4), 0).astype(np.int8)
    second["bits"] = hashed(bits[moved], "transfer", np.zeros(len(moved), np.int64))
    ward["end"][moved] = middle
    parts.append(second)
    return parts


def _others(scene: Scene, town_hospital: Ints, codes: Codes, given: Parameters) -> list[Rows]:
    """Emergency contacts of some hours, planned and obstetric stays, observation, companions."""
    care, age, people = given.care.contacts, scene.age, scene.people
    burden = np.exp(0.30 * people.frailty - 0.08 * people.resources)
    older = 1 + 0.02 * np.clip(age - 40, 0, 45)
    level = given.drift("other", scene.year.number)
    rates = {  # per year; hours from, hours to; acute
        "planned": (care.planned * burden * older * level, 13, 96, False),
        "observation": (care.observation * burden * older, 13, 30, True),
        "companion": (care.companion * ((age >= 20) & (age <= 50)), 14, 60, True),
        "emergency": (care.emergency * burden * (1 + 0.8 * (age < 20)) * level, 0.5, 8, True),
    }
    u = scene.uniforms("other contacts", 8)
    parts = [_births(scene, codes, given)]
    for place, kind in enumerate(STAYED):
        rate, shortest, longest, acute = rates[kind]
        person, bits = scene.events(kind, poisson(u[:, place], np.where(scene.there() & (age >= 0), rate, 0.0)))
        day = scene.any_day(bits)
        if kind == "planned":
            day = workday(day, bits, WEEKDAY, scene.begins[person])
        hour = 24 * unit(bits, 1) if acute else 7 + 3 * unit(bits, 1)
        start = day * DAY + np.floor(hour * 60).astype(np.int64)
        end = start + np.floor((shortest + (longest - shortest) * unit(bits, 2) ** 2) * 60).astype(np.int64)
        code = codes.any_of(kind, people.sex[person], age[person], bits)
        part = _rows(person, start, end, code, bits, acute=acute,
                     setting=EMERGENCY if kind == "emergency" else INPATIENT)  # fmt: skip
        parts.append(part)
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows = _take(rows, np.lexsort((rows["bits"], rows["start"], rows["person"])))
    rows = _take(rows, np.flatnonzero(scene.within(rows["person"], rows["start"] // DAY) & _apart(rows)
                                      & ~_near_stay(scene, rows, psychiatric=False)))  # fmt: skip
    rows["end"] = np.minimum(rows["end"], (scene.ends[rows["person"]].astype(np.int64) + 1) * DAY - 1)
    new_year = (scene.year.first + scene.year.length) * DAY - BEFORE_NEW_YEAR  # nothing here reaches next year's stays
    rows = _take(rows, np.flatnonzero((rows["end"] > rows["start"]) & (rows["end"] < new_year)))
    rows["hospital"] = _hospitals(rows, town_hospital, given)
    return [rows]


def _births(scene: Scene, codes: Codes, given: Parameters) -> Rows:
    """The stays of women who give birth in hospital, from some hours before."""
    person, day = scene.births["person"], scene.births["day"]
    bits = hashed(scene.keys[person], "birth", day)
    inside = unit(bits) < given.care.contacts.birth_in_hospital
    person, day, bits = person[inside], day[inside], bits[inside]
    start = day * DAY + np.floor(unit(bits, 1) * (DAY - 1)).astype(np.int64)
    end = start + 60 * (18 + np.floor(54 * unit(bits, 2) ** 2)).astype(np.int64)
    code = codes.any_of("obstetric", scene.people.sex[person], scene.age[person], bits)
    return _rows(person, start, end, code, bits, acute=True)


def _visits(scene: Scene, town_hospital: Ints, codes: Codes, given: Parameters) -> list[Rows]:
    """Outpatient contacts: for recognised conditions, after psychiatric discharge, and for anything else."""
    care, year, sex = given.care.contacts, scene.year, scene.people.sex
    last = year.first + year.length
    parts: list[tuple[Ints, Ints, NDArray[np.int16], Words, NDArray[np.bool_], Ints]] = []
    for column, condition in enumerate(given.conditions):
        if not condition.codes or not condition.visits:
            continue
        known = scene.recognised[:, column]
        people = np.flatnonzero((known < last) & scene.there())
        if len(people) == 0:
            continue
        people = people[seen_in_hospital(scene.keys[people], np.full(len(people), column), given)]
        since = np.maximum(known[people], scene.begins[people])
        reach = 1.0 if condition.psychiatric else scene.access[people]
        new = known[people] >= year.first
        mean = (
            condition.visits / max(condition.hospital, 0.05) * reach * np.where(new, (last - since) / year.length, 1.0)
        )
        bits = hashed(scene.keys[people], "visits", np.full(len(people), column), year.number)
        counts = poisson(unit(bits), mean) + new  # the first visit is where it was found
        person, bits = events(people, counts, scene.keys, f"visit {column}", year.number)
        since = np.maximum(scene.recognised[person, column], year.first)
        index = nth(counts)
        wait = np.where(new.repeat(counts) & (index == 0), 0.03, unit(bits))
        day = since + np.floor(wait * (last - since)).astype(np.int64)
        psychiatric = unit(bits, 1) < condition.psychiatric_care
        day = workday(day, bits, WEEKDAY, np.maximum(since, scene.begins[person]))
        code = codes.of_conditions("codes", np.full(len(person), column), sex[person], scene.keys[person], bits)
        parts.append((person, day, code, bits, psychiatric, np.full(len(person), column)))
    parts += _after_discharge(scene, codes, given)
    rate = care.outpatient_other * np.exp(0.25 * scene.people.frailty) * (1 + 0.012 * np.clip(scene.age - 30, -30, 50))
    u = scene.uniforms("outpatient", 4)
    counts = poisson(u[:, 0], np.where(scene.there(), rate * (0.5 + 0.5 * scene.access), 0.0))
    person, bits = scene.events("outpatient", counts)
    day = workday(scene.any_day(bits), bits, WEEKDAY, scene.begins[person])
    code = codes.any_of("outpatient", sex[person], scene.age[person], bits)
    parts.append((person, day, code, bits, np.zeros(len(person), bool), np.full(len(person), -1)))
    person, day, code, bits, psychiatric, cause = (
        np.concatenate([part[column] for part in parts]) for column in range(6)
    )
    start = day * DAY + 8 * 60 + np.floor(unit(bits, 2) * 7 * 60).astype(np.int64)
    missed = unit(bits, 5) < np.minimum(care.no_show / np.maximum(scene.access[person], 0.3) ** 2, 0.4)
    end = start + np.where(missed, 1, 15 + np.floor(unit(bits, 3) * 46).astype(np.int64))
    rows = _rows(person, start, end, code, bits, acute=False, psychiatric=psychiatric, setting=OUTPATIENT,
                 condition=cause)  # fmt: skip
    more = 1.0 if year.number < 2020 else 2.2
    rows["virtual"] = unit(bits, 4) < care.virtual * more
    rows["missed"] = missed
    rows["withdrawn"] = (unit(bits, 6) < given.care.quirks.withdrawn) & (cause < 0)
    free = ~_near_stay(scene, rows, psychiatric=False) | psychiatric
    free &= ~_near_stay(scene, rows, psychiatric=True) | ~psychiatric
    rows = _take(rows, np.flatnonzero(free & scene.within(person, day)))
    rows["hospital"] = _hospitals(rows, town_hospital, given)
    return [rows]


def _declared_dead(scene: Scene, town_hospital: Ints, codes: Codes, given: Parameters) -> Rows:
    """The contacts at which a hospital declares somebody dead who did not die in it; LPR2 has none of the kind."""
    year, death = scene.year, scene.people.death.astype(np.int64)
    dies = (death >= np.maximum(year.first, CHANGE)) & (death < year.first + year.length)
    person = np.flatnonzero(dies)
    bits = hashed(scene.keys[person], "declared dead", np.zeros(len(person), np.int64), year.number)
    chosen_ones = (unit(bits) < given.care.contacts.declared_dead) & ~scene.in_hospital(person, death[person])
    chosen_ones &= np.maximum(scene.until, scene.psych_until)[person] // DAY < death[person]
    person, bits = person[chosen_ones], bits[chosen_ones]
    start = death[person] * DAY + np.floor(unit(bits, 1) * (DAY - 60)).astype(np.int64)
    code = codes.any_of("dead", scene.people.sex[person], scene.age[person], bits)
    rows = _rows(person, start, start + 30, code, bits, acute=True, setting=OUTPATIENT)
    rows["dead"] = np.ones(len(person), bool)
    rows["hospital"] = _hospitals(rows, town_hospital, given)
    return rows


def _after_discharge(
    scene: Scene, codes: Codes, given: Parameters
) -> list[tuple[Ints, Ints, NDArray[np.int16], Words, NDArray[np.bool_], Ints]]:
    """Psychiatric contacts after psychiatric stays: often within 7 days, sometimes later, or none."""
    care, stays = given.care.contacts, scene.stays
    mine = stays["kind"] == PSYCH
    lately = np.flatnonzero(scene.psych_until >= (scene.year.first - 31) * DAY)  # of a stay of the year before
    person = np.concatenate([lately, stays["person"][mine]]).astype(np.int64)
    end = np.concatenate([scene.psych_until[lately], stays["end"][mine]]).astype(np.int64)
    bits = hashed(scene.keys[person], "follow-up", end)
    draw = unit(bits, 20)
    soon, later = draw < care.followup7, draw < care.followup7 + care.followup30
    wait = np.where(soon, 1 + np.floor(unit(bits, 21) * 7), 8 + np.floor(unit(bits, 21) * 23)).astype(np.int64)
    has = scene.onset[person] <= (end // DAY)[:, None]
    weights = given.column("psych") * codes.has("psychiatric_codes")
    own = chosen(weights, has, given.admissions.other_causes.psych, unit(bits, 22))
    sex = scene.people.sex[person]
    code = codes.of_conditions("psychiatric_codes", own, sex, scene.keys[person], bits)
    code = np.where(code >= 0, code, codes.any_of("psych", sex, scene.age[person], bits))
    n, left = int(later.sum()), end // DAY
    day = workday(left + wait, bits, WEEKDAY, left + np.where(soon, 1, 8))
    return [(person[later], day[later], code[later], bits[later], np.ones(n, bool), np.full(n, -1))]


def _rows(
    person: Ints,
    start: Ints,
    end: Ints,
    code: NDArray[np.int16],
    bits: Words,
    *,
    acute: bool,
    psychiatric: NDArray[np.bool_] | None = None,
    setting: int = INPATIENT,
    condition: Ints | None = None,
) -> Rows:
    n = len(person)
    no = np.zeros(n, bool)
    return {
        "person": person,
        "start": start.copy(),
        "end": end.copy(),
        "acute": np.full(n, acute),
        "psychiatric": no if psychiatric is None else psychiatric,
        "setting": np.full(n, setting, np.int8),
        "code": code.astype(np.int16),
        "hospital": np.zeros(n, np.int8),
        "virtual": no,
        "missed": no,
        "withdrawn": no,
        "dead": no,
        "condition": np.full(n, -1) if condition is None else condition,
        "bits": bits,
    }


def _take(rows: Rows, chosen_rows: NDArray[np.generic]) -> Rows:
    return {name: values[chosen_rows] for name, values in rows.items()}


def _hospitals(rows: Rows, town_hospital: Ints, given: Parameters) -> NDArray[np.int8]:
    """Return the hospital (or the psychiatry that serves its people): mostly the own one, else Aarhus, else any."""
    rules = given.places.aarhus
    draw = unit(rows["bits"], 15)
    anywhere = np.floor(unit(rows["bits"], 16) * len(given.places.hospital))
    found = np.where(draw < rules.referred, 0, np.where(draw < rules.referred + rules.elsewhere, anywhere,
                                                        town_hospital[rows["person"]]))  # fmt: skip
    return np.where(rows["psychiatric"], town_hospital[rows["person"]], found).astype(np.int8)


def _near_stay(scene: Scene, rows: Rows, *, psychiatric: bool) -> NDArray[np.bool_]:
    """Return which contacts fall on, or on the day beside, one of the person's acute stays of one care."""
    stays = scene.stays
    mine = (stays["kind"] == PSYCH) == psychiatric
    person, first, last = stays["person"][mine], stays["start"][mine] // DAY - 1, stays["end"][mine] // DAY + 1
    before = scene.psych_until if psychiatric else scene.until  # a stay that began in the year before
    found = rows["start"] // DAY <= before[rows["person"]] // DAY + 1
    if len(person) == 0:
        return found
    span = np.int64(2**20)
    opens, closes = person * span + first, np.maximum.accumulate(person * span + last)
    spent_last = rows["person"].astype(np.int64) * span
    at = np.searchsorted(opens, spent_last + rows["end"] // DAY, side="right") - 1
    inside: NDArray[np.bool_] = (at >= 0) & (closes[np.maximum(at, 0)] >= spent_last + rows["start"] // DAY)
    return inside | found


def _apart(rows: Rows) -> NDArray[np.bool_]:
    """Return which contacts, sorted by person and start, begin more than a day after all earlier ones of the person."""
    person, n = rows["person"].astype(np.int64), len(rows["person"])
    if n == 0:
        return np.zeros(0, bool)
    span = np.int64(2**36)
    reach = np.maximum.accumulate(person * span + rows["end"])
    earlier = np.concatenate([[-1], reach[:-1]])
    found: NDArray[np.bool_] = (earlier // span != person) | ((earlier % span) // DAY + 1 < rows["start"] // DAY)
    return found
