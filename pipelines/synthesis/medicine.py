"""The drugs people buy and the laboratory tests they have in one year, following what they have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.lives import Health
from pipelines.synthesis.parameters import Drug, Parameters, Test
from pipelines.synthesis.people import People
from pipelines.synthesis.stays import Events
from pipelines.synthesis.streams import Streams

REGULAR = 2.0  # purchases per year above which a drug counts as in regular use
NUMBER, BELOW, ABOVE, NEGATIVE, CANCELLED = 0, 1, 2, 3, 4  # what a test's answer says


def users(people: People, health: Health, drug: Drug, number: int, day: int, streams: Streams) -> NDArray[np.bool_]:
    """Return who takes a drug on a day; once a condition's drug is taken, it is taken for good."""
    n = len(people)
    share = np.zeros(n)
    for condition, part in drug.users.items():
        share = np.maximum(share, part * (health.onset[:, condition] < day))
    part, first, last = drug.anyone
    if part:
        age = people.age(day)
        share = np.maximum(share, part * ((age >= first) & (age < last)))
    if drug.women_only:
        share = share * (people.sex == 2)
    return streams.at(f"drug {number}").random(n) < share


def drugs_in_use(
    people: People, health: Health, day: int, streams: Streams, parameters: Parameters
) -> NDArray[np.int32]:
    """Return how many drugs each person has in regular use on a day."""
    count = np.zeros(len(people), np.int32)
    for number, drug in enumerate(parameters.drugs):
        if drug.fills > REGULAR:
            count += users(people, health, drug, number, day, streams)
    return count


def purchases(
    people: People,
    health: Health,
    window: tuple[int, int, int],
    end_of_data: int,
    streams: Streams,
    parameters: Parameters,
) -> Events:
    """Return the year's purchases sorted by person, day and drug: day, the drug's number, packs, indication known."""
    year, first, length = window
    last_day = np.minimum(people.last_day(end_of_data), first + length - 1)
    there = people.entry < first
    parts = []
    for number, drug in enumerate(parameters.drugs):
        # those who fall ill in the year begin then
        who = np.flatnonzero(users(people, health, drug, number, first + length, streams) & there)
        rng = streams.at(f"purchases {number}", year)
        most = int(np.ceil(drug.fills)) + 1
        begin = np.full(len(who), first)
        if drug.users and not drug.anyone[0]:
            onsets = np.min([health.onset[who, condition] for condition in drug.users], axis=0)
            begin = np.maximum(begin, onsets)
        interval = 365.25 / drug.fills
        phase = rng.random(len(who)) * interval
        day = begin[:, None] + phase[:, None] + np.arange(most) * interval + 12 * (rng.random((len(who), most)) - 0.5)
        day = np.floor(np.maximum(day, begin[:, None])).astype(np.int64)
        bought = (day <= last_day[who][:, None]) & (rng.random(day.shape) < people.adherence[who][:, None])
        if drug.fills <= 1:
            bought[:, 1:] = False
            bought &= (rng.random(len(who)) < 0.6)[:, None]
        row, place = np.nonzero(bought)
        parts.append((who[row], day[row, place], np.full(len(row), number)))
    person, day, numbers = (np.concatenate([part[column] for part in parts]) for column in range(3))
    order = np.argsort((person * 2**16 + (day - first)) * 2**8 + numbers, kind="stable")
    rng = streams.at("packs", year)
    n = len(order)
    return {
        "person": person[order],
        "day": day[order],
        "drug": numbers[order],
        "packs": 1.0 + (rng.random(n) < 0.12) + (rng.random(n) < 0.02),
        "indication": rng.random(n) >= 0.15,
    }


def tests_of_year(
    people: People,
    health: Health,
    window: tuple[int, int, int],
    end_of_data: int,
    streams: Streams,
    parameters: Parameters,
) -> Events:
    """Return the year's laboratory answers sorted by person, day and analysis, with their kind and value in tenths."""
    year, first, length = window
    last_day = np.minimum(people.last_day(end_of_data), first + length - 1)
    age = people.age(first)
    parts = []
    for number, test in enumerate(parameters.tests):
        rng = streams.at(f"test {number}", year)
        rate = test.rate * (age >= test.first_age) * np.exp(0.25 * people.frailty)
        for condition, more in test.more.items():
            rate = rate + more * (health.onset[:, condition] < first)
        rate = rate + 0.8 * health.stays
        person = np.repeat(np.arange(len(people)), rng.poisson(rate * (people.entry < first)))
        day = first + np.floor(rng.random(len(person)) * length).astype(np.int64)
        keep = day <= last_day[person]
        person, day = person[keep], day[keep]
        kind, value = _answers(people, health, test, number, person, day, age, rng, streams)
        parts.append((person, day, np.full(len(person), number), kind, value))
    person, day, numbers, kind, value = (np.concatenate([part[column] for part in parts]) for column in range(5))
    order = np.lexsort((value, numbers, day, person))
    return {
        "person": person[order],
        "day": day[order],
        "test": numbers[order],
        "kind": kind[order],
        "tenths": value[order],
    }


def _answers(
    people: People,
    health: Health,
    test: Test,
    number: int,
    person: NDArray[np.int64],
    day: NDArray[np.int64],
    age: NDArray[np.int32],
    rng: np.random.Generator,
    streams: Streams,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return what kind of answer each test gives, and its value in tenths of the unit."""
    level = streams.at(f"level {number}").standard_normal(len(people))
    mean = test.mean + test.between * level[person]
    # the same condition weighs differently on different people, and frailty adds to it
    weight = np.exp(0.35 * level[person] + 0.15 * people.frailty[person])
    for condition, shift in test.shift.items():
        mean = mean + shift * weight * (health.onset[person, condition] <= day)
    if test.npu == "DNK35302":
        mean = mean - 0.6 * np.clip(age[person] - 45, 0, None)
    value = mean + test.within * rng.standard_normal(len(person))
    if test.npu == "NPU19748":
        value = value * np.exp(0.9 * rng.standard_normal(len(person)))
    kind = np.where(value <= test.low, BELOW, np.where(value >= test.high, ABOVE, NUMBER))
    draw = rng.random(len(person))
    kind = np.where(draw < 0.002, CANCELLED, np.where((draw < 0.006) & (kind == BELOW), NEGATIVE, kind))
    step = 1 if test.decimals else 10
    tenths = np.round(np.clip(value, test.low, test.high) * 10 / step).astype(np.int64) * step
    return kind.astype(np.int8), tenths
