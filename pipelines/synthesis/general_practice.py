"""The year's services of general practice and of specialists outside hospital: who, in which week, what, paid how much.

Contacts come at a rate by age, sex, known conditions and the person's habit, each by one of several ways (visit, phone,
e-mail …); check-ups, talks and specialists follow conditions known to care; blood samples go with visits. A person and
a service decide the provider and the fee, so rows need no more than person, day, service and whose number it is on:
they are sorted as one whole number each.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.synthesis.calendar import DAY, Year, day_number
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.shapes_services import OLDEST, Lockdown, Practice, Treatment, Way, by_age
from pipelines.synthesis.streams import Floats, Words, hashed, poisson, unit
from pipelines.synthesis.write import Columns, digits, words

Ints = NDArray[np.int64]
CHILD, ADULT, OLD, CARED_FOR = range(4)  # who differ in how they meet their practice
OLD_FROM = 70
FINE, STEPS = 10, 1 << 10  # bits that choose among ways, and so many steps of their shares
SERVICE_BITS, DAY_BITS = 6, 9
FIRST_NUMBER, NUMBER_STEP = 10_003, 137  # of practices' numbers; those of specialists begin with their specialty


def services(scene: Scene, given: Parameters, practice: NDArray[np.int32]) -> Rows:
    """Return the year's rows of `sssy`, sorted by person, week and service.

    `practice` is the place of each person's general practice in the region's list. Columns: person, day, service (place
    in `given.services.services`), child (on a parent's number), group (sikgrup), provider, fee.
    """
    rules = given.services
    known = scene.recognised <= scene.year.first + scene.year.length // 2
    there = scene.there()
    traits = scene.draws.uniforms("practice traits", 4)
    parts = [
        _contacts(scene, given, known, there, traits[:, 0]),
        _after_stays(scene, given),
        _children(scene, given, there),
        *(_treatment(scene, given, known, there, place) for place in range(len(rules.treatment))),
    ]
    person, day, service, child = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    discharged = np.maximum(scene.until, scene.psych_until) // DAY  # from a stay of the year before
    keep = (day >= np.maximum(scene.begins, discharged + 1)[person]) & (day <= scene.ends[person])
    stayed = np.zeros(len(scene), bool)
    stayed[scene.stays["person"].astype(np.int64)] = True
    lying = np.flatnonzero(stayed[person] & keep)
    keep[lying] = ~scene.in_hospital(person[lying], day[lying])
    packed = (person[keep] << DAY_BITS) | (day[keep] - scene.year.first)
    packed = (((packed << SERVICE_BITS) | service[keep]) << 1) | child[keep]
    packed, contacts = _by_week(packed, scene.year.first)
    who, what = packed >> (DAY_BITS + SERVICE_BITS + 1), (packed >> 1) & ((1 << SERVICE_BITS) - 1)
    group = np.where(traits[:, 1] < rules.practice.second_group, 2, 1).astype(np.int8)
    return {
        "person": who,
        "day": (((packed >> (SERVICE_BITS + 1)) & ((1 << DAY_BITS) - 1)) + scene.year.first).astype(np.int32),
        "service": what.astype(np.int8),
        "child": (packed & 1).astype(np.int8),
        "group": group[who],
        "contacts": contacts,
        "provider": _providers(given, practice.astype(np.int64), who, what),
        "fee": _fees(given, scene.year.number)[what],
    }


def sssy_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `sssy`; `pnr` is the person's of each row."""
    week, names = iso_weeks(rows["day"])
    return {
        "pnr": pnr,
        "speciale": words(rows["service"], [each.speciale for each in given.services.services]),
        "honuge": words(week, names),
        "barnmak": pa.array(rows["child"], pa.int8()),
        "sikgrup": pa.array(rows["group"], pa.int8()),
        "ydernr": digits(rows["provider"].astype(np.int64), 6),
        "kontakt": pa.array(rows["contacts"], pa.int16()),
        "bruhon": pa.array(rows["fee"] * rows["contacts"], pa.float64()),
    }


def _by_week(packed: Ints, first: int) -> tuple[Ints, NDArray[np.int16]]:
    """Return one packed row per person, week and service, its day the first of them, and how many it stands for.

    The register settles by week: services that only differ by day are one row with a number of contacts.
    """
    day_bits = ((1 << DAY_BITS) - 1) << (SERVICE_BITS + 1)
    week = (((packed & day_bits) >> (SERVICE_BITS + 1)) + first + 3) // 7 - (first + 3) // 7
    by_week = (packed & ~day_bits) | (week << (SERVICE_BITS + 1))
    order = np.argsort(by_week * (1 << DAY_BITS) + ((packed & day_bits) >> (SERVICE_BITS + 1)), kind="stable")
    by_week, packed = by_week[order], packed[order]
    leads = np.flatnonzero(np.concatenate([[True], by_week[1:] != by_week[:-1]])[: len(by_week)])
    counts = np.diff(np.append(leads, len(by_week)))
    return packed[leads], counts.astype(np.int16)


def iso_weeks(day: NDArray[np.generic]) -> tuple[Ints, list[str]]:
    """Return each day's ISO week as a place in a list, and the list: year and week as YYWW."""
    monday = (day.astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    if len(monday) == 0:
        return monday, ["0000"]
    first = int(monday.min())
    weeks = range(first, int(monday.max()) + 1)
    return monday - first, [(date(1970, 1, 1) + timedelta(days=7 * week)).strftime("%g%V") for week in weeks]


def _contacts(
    scene: Scene, given: Parameters, known: NDArray[np.bool_], there: NDArray[np.bool_], habit: Floats
) -> tuple[Ints, ...]:
    """Return contacts with the own practice, each by its way, and the blood samples taken at consultations."""
    rules, rule = given.services, given.services.practice
    age = np.clip(scene.age, 0, OLDEST)
    rate = by_age(rule.contacts)[age] * np.where(scene.people.sex == 2, by_age(rule.women)[age], 1.0)
    rate = rate + rule.known * np.count_nonzero(known, axis=1)
    person_s = rule.habit * ndtri(np.clip(habit, 1e-9, 1 - 1e-9)) + rule.frailty * scene.people.frailty
    rate = rate * np.exp(person_s - (rule.habit**2 + rule.frailty**2) / 2)
    rate = rate * (1 - rule.thinner * (1 - scene.access)) * rule.growth ** (scene.year.number - rule.year)
    u = scene.uniforms("practice", 4)
    person, bits = scene.events("practice", poisson(u[:, 0], np.where(there, rate, 0.0)))
    place = _day_places(scene.year, rule.months)[bits >> np.uint64(48)]
    stage, kept = _lockdowns(scene.year, rules.lockdown)
    keep = _field(bits, 28, 10) < kept[place]
    person, bits, place = person[keep], bits[keep], place[keep]
    kind = _kinds(scene) * (len(rules.lockdown) + 1)
    way = _ways(scene.year.number, rules.way, rules.lockdown, rule.year)[
        (kind[person] + stage[place]) * STEPS + _field(bits, 38, FINE)
    ].astype(np.int64)
    chance = np.floor(by_age(rule.sample)[age] * 2**16).astype(np.int64)
    rest = next(index for index, each in enumerate(rules.way) if each.share is None)
    sampled = (way == rest) & (_field(bits, 12, 16) < chance[person])
    day = place + scene.year.first
    n, extra = len(person), int(np.count_nonzero(sampled))
    return (
        np.concatenate([person, person[sampled]]),
        np.concatenate([day, day[sampled]]),
        np.concatenate([way, np.full(extra, len(rules.way))]),
        np.zeros(n + extra, np.int64),
    )


def _after_stays(scene: Scene, given: Parameters) -> tuple[Ints, ...]:
    """Return a consultation in the days after some hospital stays."""
    rule = given.services.practice
    person = scene.stays["person"].astype(np.int64)
    bits = hashed(scene.keys[person], "after stay", scene.stays["start"].astype(np.int64), scene.year.number)
    day = scene.stays["end"] // DAY + 1 + np.floor(unit(bits, 1) * rule.discharge_days).astype(np.int64)
    day = day + np.array([0, 0, 0, 0, 0, 2, 1])[(day + 3) % 7]  # not at a weekend
    chosen = unit(bits) < rule.discharge * (1 - rule.thinner * (1 - scene.access[person]))
    chosen &= day < scene.year.first + scene.year.length
    n = int(np.count_nonzero(chosen))
    rest = next(index for index, each in enumerate(given.services.way) if each.share is None)
    return person[chosen], day[chosen], np.full(n, rest), np.zeros(n, np.int64)


def _children(scene: Scene, given: Parameters, there: NDArray[np.bool_]) -> tuple[Ints, ...]:
    """Return consultations of children that stand on their mother's number, as many as she has children."""
    rule = given.services.practice
    first, last = rule.mothers
    women = there & (scene.people.sex == 2) & (scene.age >= first) & (scene.age <= last)
    u = unit(hashed(scene.keys, "children", np.zeros(len(scene), np.int64), scene.year.number))
    person, bits = scene.events("child", poisson(u, np.where(women, rule.children * scene.children, 0.0)))
    day = _day_places(scene.year, rule.months)[bits >> np.uint64(48)] + scene.year.first
    rest = next(index for index, each in enumerate(given.services.way) if each.share is None)
    return person, day, np.full(len(person), rest), np.ones(len(person), np.int64)


def _treatment(
    scene: Scene, given: Parameters, known: NDArray[np.bool_], there: NDArray[np.bool_], place: int
) -> tuple[Ints, ...]:
    """Return the services of one treatment, and the blood samples that go with it."""
    rules = given.services
    treatment: Treatment = rules.treatment[place]
    rate = np.zeros(len(scene))
    for name, of in treatment.users.items():
        had = known[:, given.index(name)]
        if treatment.yearly:
            np.maximum(rate, of, out=rate, where=had)
        else:
            np.add(rate, of, out=rate, where=had)
    first, last = treatment.ages
    who = np.flatnonzero((rate > 0) & there & (scene.age >= first) & (scene.age <= last))
    mean = rate[who] * scene.access[who]
    u = unit(hashed(scene.keys[who], f"treatment {treatment.speciale}", np.zeros(len(who), int), scene.year.number))
    count = (u < mean).astype(np.int64) if treatment.yearly else poisson(u, mean)
    counts = np.zeros(len(scene), np.int64)
    counts[who] = count
    person, bits = scene.events(f"treatment {treatment.speciale}", counts)
    day = _day_places(scene.year, rules.practice.months)[bits >> np.uint64(48)] + scene.year.first
    sampled = _field(bits, 12, 16) < int(treatment.samples * 2**16)
    code = len(rules.way) + 1 + place
    extra = int(np.count_nonzero(sampled))
    return (
        np.concatenate([person, person[sampled]]),
        np.concatenate([day, day[sampled]]),
        np.concatenate([np.full(len(person), code), np.full(extra, len(rules.way))]),
        np.zeros(len(person) + extra, np.int64),
    )


def _field(bits: Words, first: int, width: int) -> Ints:
    """Return a whole number made of some of the bits."""
    return ((bits >> np.uint64(first)) & np.uint64((1 << width) - 1)).astype(np.int64)


def _kinds(scene: Scene) -> Ints:
    """Return who differs in how they meet their practice: CHILD … CARED_FOR, plus 4 where exempt from Digital Post."""
    cared_for = (scene.home_care <= scene.year.first) | (scene.care_home <= scene.year.first)
    kind = np.where(scene.age < 18, CHILD, np.where(cared_for, CARED_FOR, np.where(scene.age < OLD_FROM, ADULT, OLD)))
    found: Ints = kind + 4 * (scene.people.digital_exempt <= scene.year.first)
    return found


@lru_cache(maxsize=64)
def _ways(year: int, ways: tuple[Way, ...], lockdowns: tuple[Lockdown, ...], base: int) -> NDArray[np.int8]:
    """Return the way of each (kind, lock-down or none, step of the share), flat: the shares cut into equal steps."""
    rest = next(index for index, way in enumerate(ways) if way.share is None)
    phone = next(index for index, way in enumerate(ways) if way.telephone)
    table = np.empty((8, len(lockdowns) + 1, STEPS), np.int8)
    for kind in range(8):
        for stage in range(len(lockdowns) + 1):
            shares = np.zeros(len(ways))
            for index, way in enumerate(ways):
                if way.share is not None and year >= way.since:
                    share = way.share[kind % 4] * way.growth ** (year - base)
                    share *= lockdowns[stage - 1].distant if stage and way.distant else 1.0
                    shares[phone if way.digital and kind >= 4 else index] += share
            shares *= min(1.0, 0.95 / max(float(np.sum(shares)), 1e-9))  # someone is always seen
            shares[rest] = 1 - float(np.sum(shares))
            bounds = np.round(np.cumsum(shares) * STEPS).astype(int)
            table[kind, stage] = np.searchsorted(bounds, np.arange(STEPS), side="right").clip(0, len(ways) - 1)
    return table.ravel()


@lru_cache(maxsize=64)
def _day_places(year: Year, months: tuple[float, ...]) -> Ints:
    """Return a table of 2**16 days of the year, counted from 1 January: working days only, weighted by month."""
    days = np.arange(year.length)
    month = (np.datetime64("1970-01-01") + (year.first + days)).astype("datetime64[M]").astype(int) % 12
    weight = np.array(months)[month] * ((year.first + days + 3) % 7 < 5)
    bounds = np.round(np.cumsum(weight) / weight.sum() * 2**16).astype(int)
    return np.searchsorted(bounds, np.arange(2**16), side="right").astype(np.int64)


@lru_cache(maxsize=64)
def _lockdowns(year: Year, lockdowns: tuple[Lockdown, ...]) -> tuple[Ints, Ints]:
    """Return of each day of the year which lock-down it lies in (0: none) and how many of 1024 contacts are kept."""
    stage, kept = np.zeros(366, np.int64), np.full(366, STEPS, np.int64)
    days = np.arange(366) + year.first
    for index, each in enumerate(lockdowns, 1):
        inside = (days >= day_number(each.first)) & (days <= day_number(each.last))
        stage[inside], kept[inside] = index, round(each.kept * STEPS)
    return stage, kept


def _providers(given: Parameters, practice: Ints, person: Ints, service: Ints) -> NDArray[np.int32]:
    """Return the number of the provider of each row: the person's practice, or the specialist near it."""
    rules = given.services
    own = np.zeros(len(rules.services), np.int64)
    for place, treatment in enumerate(rules.treatment, len(rules.way) + 1):
        own[place] = treatment.providers
    first = np.array([int(each.speciale[:2]) * 10_000 + 11 for each in rules.services])
    many = own[service]
    nearest = first[service] + practice[person] % np.maximum(many, 1)
    return np.where(many > 0, nearest, FIRST_NUMBER + NUMBER_STEP * practice[person]).astype(np.int32)


def _fees(given: Parameters, year: int) -> Floats:
    rule: Practice = given.services.practice
    fees = np.array([each.fee for each in given.services.services])
    return np.round(fees * rule.prices ** (year - rule.year), 2)
