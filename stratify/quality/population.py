"""The people of one bucket on each 1 January: who belongs to which target, where they live, and what they are cut by.

All is as it was known on that day. Education, income and origin are there for counts of many alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stratify.care.fill import of_conditions
from stratify.care.logic import Judge
from stratify.care.people import NO, YES, Column, People
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Target
from stratify.catalogue.offers import Rule
from stratify.cohort import residents, spells, years_old
from stratify.definitions import DEFINITIONS, PSYCHIATRIC_SOMATIC_DEFINITION
from stratify.features.conditions import Told, present, told_of
from stratify.features.kernel import Rows
from stratify.quality.cases import Bools, Days
from stratify.registers.clock import day_number
from stratify.store.read import Store
from stratify.store.records import Columns

DRUG_DAYS = 120
NOT_LASTING = ("J01", "D", "S", "R01A", "A01")  # ATC: antibiotics, and what is used on skin, eyes, ears, nose, mouth


@dataclass(frozen=True)
class Bucket:
    """What is read of one bucket: its people, by place = number // buckets."""

    store: Store
    catalogue: Catalogue
    number: int
    years: tuple[int, ...]  # the 1 January of each is a row of all that follows

    @cached_property
    def people(self) -> Columns:
        """Person numbers and their sex, birth and death; one row each."""
        return self.store.persons(self.number)

    @cached_property
    def residence(self) -> Columns:
        """Stretches of residence."""
        return self.store.residence(self.number)

    @cached_property
    def days(self) -> Days:
        """The 1 January of each year."""
        return np.array([day_number(date(year, 1, 1)) for year in self.years], dtype=np.int64)

    @cached_property
    def size(self) -> int:
        """How many places there are."""
        person = self.people["person"]
        return int(person.max()) // self.store.buckets + 1 if len(person) else 0

    def place(self, person: NDArray[np.integer]) -> Days:
        """Return each person's place."""
        return np.asarray(person, dtype=np.int64) // self.store.buckets

    def number_of(self, place: NDArray[np.integer]) -> Days:
        """Return the person at each place."""
        return np.asarray(place, dtype=np.int64) * self.store.buckets + self.number

    @cached_property
    def by_place(self) -> dict[str, NDArray[np.float64]]:
        """Sex, birth and death by place; NaN where a number is nobody's."""
        at = self.place(self.people["person"])
        found = {}
        for name in ("sex", "birth", "death"):
            found[name] = np.full(self.size, np.nan)
            found[name][at] = self.people[name]
        return found

    @cached_property
    def adults(self) -> Rows:
        """The adults resident on each 1 January."""
        nobody = np.isnan(self.by_place["birth"])
        everyone = {**self.by_place, "birth": np.where(nobody, np.inf, self.by_place["birth"])}
        lived = spells({**self.residence, "person": self.place(self.residence["person"])})
        found = residents(everyone, lived, self.days.tolist())
        return Rows(self.number_of(found.person), found.day)

    @cached_property
    def year_of_adult(self) -> Days:
        """The row of each adult's day."""
        return np.searchsorted(self.days, self.adults.day)

    @cached_property
    def facts(self) -> People:
        """What targets' rules ask of each adult, as known on the day."""
        told = {}
        if self.store.has("drug") and self.store.measurable.get("drug_codes", True):
            told["n_drugs_lasting"] = Column(self._drugs(self.adults), "number")
        return self.facts_of(self.adults).with_facts(told)

    @cached_property
    def _told(self) -> Told:
        """What conditions are told from, read once."""
        return told_of(self.store, self.catalogue, self.number)

    def facts_of(self, rows: Rows) -> People:
        """Return people's age and what follows from conditions, on days; rows sorted by person and day."""
        found = present(self.store, rows, self.catalogue, self.number, self._told)
        both = np.where(found.holds(DEFINITIONS[PSYCHIATRIC_SOMATIC_DEFINITION]), YES, NO)
        truths = zip(found.condition_ids, np.where(found.conditions, YES, NO).T, strict=True)
        measurable = set(self.store.measurable["conditions"])
        birth = self.by_place["birth"][self.place(rows.person)].astype(np.int64)
        told = {"age": Column(years_old(birth, rows.day).astype(np.float64), "number")}
        return of_conditions(dict(truths), self.catalogue, measurable, both).with_facts(told)

    def _drugs(self, rows: Rows) -> NDArray[np.float64]:
        """How many different lasting medicines (ATC, fifth level) were redeemed in the days before."""
        drugs = self.store.slice("drug", self.number)
        code = drugs.coded("code")
        lasting = [len(one) == 7 and not one.startswith(NOT_LASTING) for one in code.values]
        which = np.array([*lasting, False])[code.place]
        day, landmarks = drugs.ints("day"), np.unique(rows.day)
        ahead = np.append(landmarks, np.iinfo(np.int32).max)[np.searchsorted(landmarks, day, side="right")]
        near = np.flatnonzero(which & (day >= ahead - DRUG_DAYS))  # what the next landmark does not see, none sees
        day, known = day[near], drugs.ints("known")[near]
        pair = self.place(drugs.ints("person")[near]) * len(code.values) + code.place[near]
        found = np.zeros(len(rows))
        for landmark in landmarks.tolist():
            use = (day >= landmark - DRUG_DAYS) & (day < landmark) & (known < landmark)
            times = np.bincount(np.unique(pair[use]) // len(code.values), minlength=self.size).astype(np.float64)
            on = rows.day == landmark
            found[on] = times[self.place(rows.person[on])]
        return found

    def holds(self, rule: Rule) -> Bools:
        """Return for whom a rule holds on each 1 January, bool[years, places]; unknown is not in."""
        found = np.zeros((len(self.years), self.size), dtype=bool)
        yes = self._judge.rule(rule) == YES
        found[self.year_of_adult[yes], self.place(self.adults.person[yes])] = True
        return found

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.facts)

    def flags(self, column: Callable[[People], NDArray[np.float64]]) -> NDArray[np.int8]:
        """Return a fact of the adults as int8[years, places]; -1 where it is unknown or they are none."""
        found = np.full((len(self.years), self.size), -1, dtype=np.int8)
        values = column(self.facts)
        told = ~np.isnan(values)
        found[self.year_of_adult[told], self.place(self.adults.person[told])] = values[told]
        return found


@dataclass(frozen=True)
class Yearly:
    """Who belongs to a population by the 1 January of each year; see `members.Members`."""

    bucket: Bucket
    held: Bools  # years × places
    found: Mapping[int, tuple[Days, Days]]  # by year: who came to belong in it, and from which day (rates alone)

    @staticmethod
    def of(bucket: Bucket, target: Target, onsets: bool) -> Yearly:
        """Return a target's population; with onsets, of those in whom a condition is found in the course of a year."""
        held = bucket.holds(target.population)
        return Yearly(bucket, held, onset_days(bucket, target.population, held) if onsets else {})

    def among(self, person: Days, day: Days) -> Bools:
        """Return which of these people belong on these days."""
        year = np.searchsorted(self.bucket.days, day, side="right") - 1
        place = self.bucket.place(person)
        inside = (year >= 0) & (place < self.bucket.size)
        return inside & self.held[np.maximum(year, 0), np.minimum(place, max(self.bucket.size - 1, 0))]

    def on(self, day: int) -> Days:
        """Return who belongs on a day, ascending."""
        year = int(np.searchsorted(self.bucket.days, day, side="right")) - 1
        return self.bucket.number_of(np.flatnonzero(self.held[year])) if year >= 0 else np.zeros(0, np.int64)

    def at_risk(self, start: int, end: int) -> tuple[Days, Days, Days]:
        """Return stretches in [start, end), one for each person and year."""
        person, begins, ends = [], [], []
        after = np.append(self.bucket.days[1:], np.iinfo(np.int64).max)
        for year, (first, last) in enumerate(zip(self.bucket.days.tolist(), after.tolist(), strict=True)):
            lo, hi = max(first, start), min(last, end)
            if lo >= hi:
                continue
            mine = self.bucket.number_of(np.flatnonzero(self.held[year]))
            new, day = self.found.get(year, (np.zeros(0, np.int64), np.zeros(0, np.int64)))
            person += [mine, new]
            begins += [np.full(len(mine), lo), np.maximum(day, lo)]
            ends += [np.full(len(mine) + len(new), hi)]
        if not person:
            return (np.zeros(0, np.int64),) * 3
        return np.concatenate(person), np.concatenate(begins).astype(np.int64), np.concatenate(ends).astype(np.int64)


def onset_days(bucket: Bucket, rule: Rule, held: Bools) -> dict[int, tuple[Days, Days]]:
    """Return by year the adults of its 1 January who came to meet a rule in the course of it, and the day after.

    A rule of conditions can come to hold on the day after something was known: a diagnosis, or medicine redeemed.
    """
    named = {one for test in rule.tests() if test.fact == "conditions" for one in test.any_of}
    if not named:
        return {}
    days: list[Days] = []
    who: list[Days] = []
    for person, known in _told(bucket, named):
        who.append(person)
        days.append(known + 1)
    person, day = np.concatenate(who), np.concatenate(days)
    year = np.searchsorted(bucket.days, day, side="right") - 1
    place = bucket.place(person)
    adult = np.zeros((len(bucket.years), bucket.size), dtype=bool)
    adult[bucket.year_of_adult, bucket.place(bucket.adults.person)] = True
    inside = (year >= 0) & (place < bucket.size)
    inside[inside] &= adult[year[inside], place[inside]] & ~held[year[inside], place[inside]]
    rows = np.unique(np.stack([person[inside], day[inside]], axis=1), axis=0)
    if not len(rows):
        return {}
    asked = Rows(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64))
    yes = Judge(bucket.facts_of(asked)).rule(rule) == YES
    person, day = asked.person[yes], asked.day[yes]
    year = np.searchsorted(bucket.days, day, side="right") - 1
    first = np.ones(len(person), dtype=bool)
    first[1:] = (person[1:] != person[:-1]) | (year[1:] != year[:-1])
    found = {}
    for one in np.unique(year[first]).tolist():
        mine = first & (year == one)
        found[int(one)] = (person[mine], day[mine])
    return found


def _told(bucket: Bucket, named: set[str]) -> list[tuple[Days, Days]]:
    """Who something became known of that may make one of these conditions true, and when."""
    since = int(bucket.days[0])
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    if bucket.store.has("condition"):
        rows = bucket.store.slice("condition", bucket.number)
        which = rows.coded("code").among(*named) & (rows.ints("known") >= since)
        found.append((rows.ints("person")[which].astype(np.int64), rows.ints("known")[which].astype(np.int64)))
    classes = [
        prefix
        for one in named
        for rule in bucket.catalogue.conditions[one].drugs
        for drug_class in rule.classes
        for prefix in drug_class.atc
    ]
    if classes and bucket.store.has("drug"):
        drugs = bucket.store.slice("drug", bucket.number)
        which = drugs.coded("code").begins(tuple(classes)) & (drugs.ints("known") >= since)
        found.append((drugs.ints("person")[which].astype(np.int64), drugs.ints("known")[which].astype(np.int64)))
    return found
