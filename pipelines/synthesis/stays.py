"""The hospital stays of one year: acute ones from the hazards, readmissions after them, planned ones in between.

Rules that keep the truth exact (see `lives`): the acute stays of a year are the points of a Poisson process with the
hazard of 1 January; readmissions follow an acute stay within the same year, so they never come first; nothing else may
touch or cover an acute stay of the same domain (a gap of more than 4 hours on both sides, or it is left out).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.lives import Hazards
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.streams import Streams

DAY = 1440  # minutes
GAP = 241  # minutes: one more than what chains two contacts into one stay
Minutes = NDArray[np.int64]
Events = dict[str, NDArray[Any]]  # columns of equal length


@dataclass
class Busy:
    """Until when, in minutes, each person's last stay of a domain lasts: carried over New Year."""

    somatic: Minutes
    psychiatric: Minutes


@dataclass
class Taken:
    """Stays of one domain that are settled, sorted by person and start; they do not overlap."""

    person: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    start: Minutes = field(default_factory=lambda: np.zeros(0, np.int64))
    end: Minutes = field(default_factory=lambda: np.zeros(0, np.int64))

    def free(self, person: NDArray[np.int64], start: Minutes, end: Minutes) -> NDArray[np.bool_]:
        """Return which intervals keep clear of every settled stay of the same person."""
        if len(self.person) == 0:
            return np.ones(len(person), bool)
        span = 2**36  # more minutes than any date has
        at = np.searchsorted(self.person * span + self.start, person * span + end + GAP, side="right") - 1
        before = np.maximum(at, 0)
        clear: NDArray[np.bool_] = (at < 0) | (self.person[before] != person) | (self.end[before] + GAP <= start)
        return clear

    def add(self, person: NDArray[np.int64], start: Minutes, end: Minutes) -> None:
        """Settle more stays."""
        person, start, end = (
            np.concatenate([self.person, person]),
            np.concatenate([self.start, start]),
            np.concatenate([self.end, end]),
        )
        order = np.lexsort((start, person))
        self.person, self.start, self.end = person[order], start[order], end[order]


def clear_of_each_other(person: NDArray[np.int64], start: Minutes, end: Minutes) -> NDArray[np.bool_]:
    """Return which of the intervals, sorted by person and start, begin after all earlier ones of the person ended."""
    if len(person) == 0:
        return np.zeros(0, bool)
    span = 2**36
    reach = np.maximum.accumulate(person * span + end)  # never below the person's own earlier ends
    earlier = np.concatenate([[-1], reach[:-1]])
    clear: NDArray[np.bool_] = (earlier // span != person) | (earlier % span + GAP <= start)
    return clear


def acute_stays(
    people: People,
    hazard: NDArray[np.float64],
    busy: Minutes,
    taken: Taken,
    window: tuple[int, int, int],
    streams: Streams,
    parameters: Parameters,
    *,
    psychiatric: bool,
) -> Events:
    """Return the acute stays of one domain in a year, readmissions among them; they are settled in `taken`.

    `window` is the year, its 1 January as a day, and its length in days.
    """
    year, first, length = window
    domain = "psychiatric" if psychiatric else "somatic"
    acute = parameters.acute
    rng = streams.at(f"acute {domain}", year)
    person = np.repeat(np.arange(len(people)), rng.poisson(hazard))
    start = first * DAY + np.floor(rng.random(len(person)) * length * DAY).astype(np.int64)
    order = np.lexsort((start, person))
    person, start = person[order], start[order]
    end = start + _length(rng, len(person), acute, psychiatric=psychiatric)
    keep = (start // DAY <= people.last_day(first + length)[person]) & (start >= busy[person] + GAP)
    person, start, end = person[keep], start[keep], end[keep]
    keep = clear_of_each_other(person, start, end)
    person, start, end = person[keep], start[keep], end[keep]
    taken.add(person, start, end)

    rng = streams.at(f"readmission {domain}", year)
    share = acute["readmission_psychiatric" if psychiatric else "readmission"]
    back = rng.random(len(person)) < share * np.exp(0.3 * people.frailty[person])
    who, after = person[back], end[back]
    begin = after + DAY // 2 + np.floor(rng.random(len(who)) ** 1.5 * 29 * DAY).astype(np.int64)
    finish = begin + _length(rng, len(who), acute, psychiatric=psychiatric)
    keep = (begin // DAY <= people.last_day(first + length - 1)[who]) & taken.free(who, begin, finish)
    who, begin, finish = who[keep], begin[keep], finish[keep]
    order = np.lexsort((begin, who))  # readmissions after different stays may come near each other
    who, begin, finish = who[order], begin[order], finish[order]
    keep = clear_of_each_other(who, begin, finish)
    who, begin, finish = who[keep], begin[keep], finish[keep]
    taken.add(who, begin, finish)

    n = len(person) + len(who)
    return {
        "person": np.concatenate([person, who]),
        "start": np.concatenate([start, begin]),
        "end": np.concatenate([end, finish]),
        "acute": np.ones(n, bool),
        "psychiatric": np.full(n, psychiatric),
    }


def _length(rng: np.random.Generator, n: int, acute: Mapping[str, float], *, psychiatric: bool) -> Minutes:
    """Return lengths of stay in minutes, all above 13 hours, at most 300 days."""
    median = acute["psychiatric_hours_median" if psychiatric else "hours_median"]
    hours = 13 + median * np.exp(acute["hours_spread"] * rng.standard_normal(n))
    minutes: Minutes = np.floor(np.minimum(hours, 7200) * 60).astype(np.int64)
    return minutes


def other_stays(
    people: People,
    at_risk: NDArray[np.bool_],
    busy: Minutes,
    taken: Taken,
    window: tuple[int, int, int],
    streams: Streams,
    parameters: Parameters,
) -> dict[str, Events]:
    """Return somatic stays that are no acute illness, by kind, emergency contacts of some hours among them."""
    year, first, length = window
    age = people.age(first)
    contacts = parameters.contacts
    burden = np.exp(0.35 * people.frailty) * (1 + 0.02 * np.clip(age - 40, 0, 45))
    women = (people.sex == 2) & (age >= 20) & (age <= 42)
    rates = {  # per year; hours from, hours to; share acute
        "obstetric": (contacts["obstetric"] * women, 18, 72, 1.0),
        "planned": (contacts["planned"] * burden, 13, 96, 0.0),
        "observation": (contacts["observation"] * burden, 13, 30, 1.0),
        "companion": (contacts["companion"] * ((age >= 20) & (age <= 50)), 14, 60, 1.0),
        "emergency": (contacts["emergency"] * burden * (1 + 0.8 * (age < 20)), 0.5, 8, 1.0),
    }
    found: dict[str, Events] = {}
    for kind, (rate, shortest, longest, share) in rates.items():
        rng = streams.at(kind, year)
        person = np.repeat(np.arange(len(people)), rng.poisson(rate * at_risk))
        n = len(person)
        day = first + np.floor(rng.random(n) * length).astype(np.int64)
        hour = 7 + 3 * rng.random(n) if share == 0 else 24 * rng.random(n)
        start = day * DAY + np.floor(hour * 60).astype(np.int64)
        end = start + np.floor((shortest + (longest - shortest) * rng.random(n) ** 2) * 60).astype(np.int64)
        order = np.lexsort((start, person))
        person, start, end = person[order], start[order], end[order]
        keep = (start // DAY <= people.last_day(first + length)[person]) & (start >= busy[person] + GAP)
        keep &= taken.free(person, start, end)
        person, start, end = person[keep], start[keep], end[keep]
        keep = clear_of_each_other(person, start, end)
        person, start, end = person[keep], start[keep], end[keep]
        taken.add(person, start, end)
        found[kind] = {
            "person": person,
            "start": start,
            "end": end,
            "acute": np.full(len(person), share > 0),
            "psychiatric": np.zeros(len(person), bool),
        }
    return found


def stays_of_year(
    people: People, hazard: Hazards, busy: Busy, window: tuple[int, int, int], streams: Streams, parameters: Parameters
) -> tuple[dict[str, Events], Taken, Taken]:
    """Return a year's stays by kind, and what is taken in somatic and in psychiatric care; brings `busy` forward."""
    somatic, psychiatric = Taken(), Taken()
    kinds = {
        "acute": acute_stays(
            people, hazard.somatic, busy.somatic, somatic, window, streams, parameters, psychiatric=False
        ),
        "psychiatric": acute_stays(
            people, hazard.psychiatric, busy.psychiatric, psychiatric, window, streams, parameters, psychiatric=True
        ),
    }
    kinds.update(other_stays(people, hazard.at_risk, busy.somatic, somatic, window, streams, parameters))
    for until, taken in ((busy.somatic, somatic), (busy.psychiatric, psychiatric)):
        np.maximum.at(until, taken.person, taken.end)
    return kinds, somatic, psychiatric
