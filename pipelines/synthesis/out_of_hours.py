"""Calls when the practice is closed and alarms to the ambulance service: `laegevagt` and `praehospital`, both optional.

Both come at a rate by age, and before many acute stays; ambulances also before emergency contacts.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, Year
from pipelines.synthesis.contacts import EMERGENCY
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.shapes_services import OLDEST, OutOfHours, by_age
from pipelines.synthesis.streams import Floats, Words, hashed, poisson, unit
from pipelines.synthesis.write import Columns, moments, words

Ints = NDArray[np.int64]
OLD_FROM = 70
WEEK = 7 * 24  # hours


def out_of_hours(scene: Scene, given: Parameters) -> Rows:
    """Return the calls to the out-of-hours doctor: person, minute, form (place in the parameters' `forms`)."""
    rule = given.services.out_of_hours
    open_hours = _open_hours(rule)
    person, bits = _calls(scene, "out of hours", by_age(rule.calls))
    slot = _slots(scene.year, rule)[bits >> np.uint64(48)]  # an hour of the year when the doctor is on call
    minute = scene.year.first * DAY + slot * 60 + np.floor(unit(bits, 1) * 60).astype(np.int64)
    patient, start = scene.stays["person"].astype(np.int64), scene.stays["start"].astype(np.int64)
    detail = hashed(scene.keys[patient], "out of hours before stay", start, scene.year.number)
    before = start - 20 - np.floor(unit(detail, 1) * 700).astype(np.int64)
    called = (unit(detail) < rule.before_stay) & open_hours[_hour_of_week(before)]
    old = scene.age >= OLD_FROM
    cuts = np.cumsum(_forms(rule, scene.year.number), axis=1)[:, :-1]

    def form(who: Ints, found: Words) -> Ints:
        u, place = unit(found, 2), np.zeros(len(who), np.int64)
        for low, high in cuts.T:
            place += u >= np.where(old[who], high, low)
        return place

    rows = ((person, minute, form(person, bits)), (patient[called], before[called], form(patient, detail)[called]))
    who, when, what = (np.concatenate(columns) for columns in zip(*rows, strict=True))
    who, when, what, _ = _sorted(scene, who, when, what, np.zeros(len(who), np.int64))
    return {"person": who, "minute": when, "form": what.astype(np.int8)}


def ambulances(scene: Scene, contacts: Rows, given: Parameters) -> Rows:
    """Return the alarms: person, minute, urgency, outcome (places in `urgency` and `outcomes` of the parameters).

    Who is brought to hospital is brought to an acute stay, or to an emergency contact of `contacts`.
    """
    rule = given.services.ambulance
    age = np.clip(scene.age, 0, OLDEST)
    person, bits = _calls(scene, "ambulance", by_age(rule.calls))
    minute = scene.any_day(bits, 1) * DAY + np.floor(unit(bits, 2) * DAY).astype(np.int64)
    patient, start = scene.stays["person"].astype(np.int64), scene.stays["start"].astype(np.int64)
    detail = hashed(scene.keys[patient], "ambulance before stay", start, scene.year.number)
    seen = np.flatnonzero((contacts["setting"] == EMERGENCY) & ~np.isin(_moment(contacts), _moment(scene.stays)))
    visitor, arrival = contacts["person"][seen].astype(np.int64), contacts["start"][seen].astype(np.int64)
    arrives = hashed(scene.keys[visitor], "ambulance before emergency", arrival, scene.year.number)
    parts = [(person, minute, _chosen(rule.without_stay, unit(bits, 3)), 2 + _chosen(rule.ends, unit(bits, 4)))]
    for outcome, who, at, found, share, shares in (
        (0, patient, start, detail, rule.before_stay, rule.with_stay),
        (1, visitor, arrival, arrives, rule.before_emergency, rule.without_stay),
    ):
        brought = unit(found) < by_age(share)[age[who]]
        before = at - 15 - np.floor(unit(found, 1) * 75).astype(np.int64)
        urgency = _chosen(shares, unit(found, 3))
        parts.append((who[brought], before[brought], urgency[brought], np.full(int(brought.sum()), outcome)))
    who, when, how, end = _sorted(scene, *(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return {"person": who, "minute": when, "urgency": how.astype(np.int8), "outcome": end.astype(np.int8)}


def laegevagt_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `laegevagt`."""
    forms = given.services.out_of_hours.forms
    return {
        "pnr": pnr,
        "kontakttidspunkt": moments(rows["minute"].astype(np.int64)),
        "form": words(rows["form"], forms),
    }


def praehospital_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `praehospital`."""
    rule = given.services.ambulance
    return {
        "pnr": pnr,
        "alarmtidspunkt": moments(rows["minute"].astype(np.int64)),
        "hastegrad": words(rows["urgency"], rule.urgency),
        "udfald": words(rows["outcome"], rule.outcomes),
    }


def _moment(rows: Rows) -> Ints:
    """Return person and first minute in one number."""
    return rows["person"].astype(np.int64) << 32 | rows["start"].astype(np.int64)


def _calls(scene: Scene, purpose: str, rate: Floats) -> tuple[Ints, Words]:
    """Return the person and bits of calls at a rate by age."""
    u = unit(hashed(scene.keys, f"{purpose} calls", np.zeros(len(scene), np.int64), scene.year.number))
    mean = np.where(scene.there(), rate[np.clip(scene.age, 0, OLDEST)], 0.0)
    return scene.events(purpose, poisson(u, mean))


def _sorted(scene: Scene, person: Ints, minute: Ints, one: Ints, two: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the rows in the person's part of the year and out of hospital, by person, minute and the rest."""
    begins = scene.year.first * DAY
    day = minute // DAY
    left = np.maximum(scene.until, scene.psych_until)
    keep = scene.within(person, day) & (minute > left[person])
    stay, start, end = (scene.stays[name].astype(np.int64) for name in ("person", "start", "end"))
    stayed = np.zeros(len(scene), bool)
    stayed[stay] = True
    maybe = np.flatnonzero(keep & stayed[person])
    keep[maybe] = ~_during(stay, start, end, person[maybe], minute[maybe])
    packed = (((person[keep] << 20 | (minute[keep] - begins)) << 4 | one[keep]) << 4) | two[keep]
    packed.sort()
    return packed >> 28, (packed >> 8 & (1 << 20) - 1) + begins, packed >> 4 & 15, packed & 15


def _during(stay: Ints, start: Ints, end: Ints, person: Ints, minute: Ints) -> NDArray[np.bool_]:
    """Return which minutes lie within one of the person's stays."""
    span = np.int64(2**32)
    order = np.argsort(stay * span + start, kind="stable")
    reach = np.maximum.accumulate(stay[order] * span + end[order])
    at = np.searchsorted((stay * span + start)[order], person * span + minute, side="right") - 1
    inside: NDArray[np.bool_] = (at >= 0) & (reach[np.maximum(at, 0)] >= person * span + minute)
    return inside


def _chosen(shares: tuple[float, ...], u: Floats) -> Ints:
    return np.searchsorted(np.cumsum(shares)[:-1], u, side="right")


def _forms(rule: OutOfHours, year: int) -> Floats:
    """Return the shares of the forms by age group; before there was video, its share goes to the first form."""
    shares = np.array(rule.shares)
    if year < rule.video_since and "video" in rule.forms:
        video = rule.forms.index("video")
        shares[:, 0] += shares[:, video]
        shares[:, video] = 0.0
    return shares


def _hour_of_week(minute: Ints) -> Ints:
    """Return the hour of the week, Monday midnight 0."""
    return (minute // 60 + 3 * 24) % WEEK  # 1970-01-01 was a Thursday


def _open_hours(rule: OutOfHours) -> NDArray[np.bool_]:
    """Return the hours of the week when the doctor is on call."""
    hours = np.arange(WEEK)
    return (hours >= 5 * 24) | (hours % 24 >= rule.opens) | (hours % 24 < rule.closes)


@lru_cache(maxsize=64)
def _slots_of(first: int, length: int, hours: tuple[float, ...], on_call: bytes) -> Ints:
    hour = np.arange(length * 24)
    weight = np.array(hours)[hour % 24] * np.frombuffer(on_call, bool)[_hour_of_week((first * 24 + hour) * 60)]
    bounds = np.round(np.cumsum(weight) / np.cumsum(weight)[-1] * 2**16).astype(int)
    return np.searchsorted(bounds, np.arange(2**16), side="right").astype(np.int64)


def _slots(year: Year, rule: OutOfHours) -> Ints:
    """Return a table of 2**16 hours of the year, each as often as calls come in it."""
    return _slots_of(year.first, year.length, rule.hours, _open_hours(rule).tobytes())
