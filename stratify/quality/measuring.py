"""All targets measured on one bucket of the store: cases found, counted by unit, group and month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.care.people import YES, Members
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Target
from stratify.quality.case_mix import Risks, bands, outcome_of
from stratify.quality.cases import AtRisk, Cases, Days
from stratify.quality.columns import Held, Tables
from stratify.quality.counting import AGES, LEVELS, OTHER, Ground, Tally, count_at_risk, count_cases
from stratify.quality.cuts import Grouping, Thirds, groupings, homes
from stratify.quality.indicator import cases, of_each
from stratify.quality.months import Months
from stratify.quality.parameters import OF_PEOPLE, MortalityParameters
from stratify.quality.population import Bucket, Yearly
from stratify.quality.rates import ended
from stratify.quality.tables import read_tables
from stratify.store.read import Store
from stratify.units import hospitals

FIVE_YEARS = np.arange(18, 111, 5)  # bands of age that mortality is compared in
REGION = "region"


@dataclass
class Measured:
    """What a bucket, or all of them, came to.

    tallies: by target (or `target.part`) and grouping. deaths: by target, int64[years, 2, 2, ages, 2]: the others and
    those exposed, men and women, days lived and deaths. populations: adults under each definition by year.
    """

    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    deaths: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    populations: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def add(self, other: Measured) -> None:
        """Add what another bucket came to."""
        for key, by in other.tallies.items():
            mine = self.tallies.setdefault(key, {})
            for name, tally in by.items():
                mine[name] = mine[name].add(tally) if name in mine else tally
        for kept, theirs in ((self.deaths, other.deaths), (self.populations, other.populations)):
            for key, values in theirs.items():
                kept[key] = kept[key] + values if key in kept else values


@dataclass(frozen=True)
class Measuring:
    """One bucket, the targets to measure, and the months to measure them in."""

    store: Store
    catalogue: Catalogue
    number: int
    months: Months
    thirds: Thirds
    targets: Sequence[Target]
    scored: Mapping[int, Risks] = field(default_factory=dict)

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket on each 1 January, from the year before the first month."""
        years = self.months.years
        return Bucket(self.store, self.catalogue, self.number, (years[0] - 1, *years))

    @cached_property
    def cuts(self) -> dict[str, Grouping]:
        """What people are cut by."""
        return groupings(self.bucket, self.thirds)

    @cached_property
    def homes(self) -> dict[str, Grouping]:
        """Where people live, and their practice."""
        return homes(self.bucket)

    @cached_property
    def tables(self) -> Tables:
        """The rows that targets read."""
        found = dict(read_tables(self.store, self.number, self.targets, self.months.start))
        return Held({**found, "persons": self.bucket.people, "residence": self.bucket.residence})

    @cached_property
    def ground(self) -> Ground:
        """What counts stand on: strata of sex and age."""
        bucket = self.bucket
        group = np.full((len(bucket.years), bucket.size), -1, dtype=np.int16)
        sex, birth = bucket.by_place["sex"], bucket.by_place["birth"]
        known = ~np.isnan(birth)
        for year, day in enumerate(bucket.days.tolist()):
            age = (day - birth[known]) / 365.25
            band = np.searchsorted(np.array(AGES), age, side="right") - 1
            group[year, known] = np.where(band < 0, -1, band * 2 + (sex[known] == 2))
        labels = tuple(f"{age}+ {sex}" for age in AGES for sex in ("male", "female"))
        return Ground(self.months, bucket.days, Grouping(labels, group), 1, compared=LEVELS)

    @cached_property
    def grounds(self) -> dict[str, Ground]:
        """The same with the bands of each risk that targets are held against; nothing where nobody was scored."""
        if not self.scored:
            return {}
        return {
            outcome: replace(self.ground, mix=bands(self.bucket, self.ground.stratum, self.scored, outcome))
            for outcome in {outcome_of(target) for target in self.targets}
        }

    def all(self) -> Measured:
        """Return everything counted."""
        found = Measured()
        for target in self.targets:
            if isinstance(target.parameters, MortalityParameters):
                found.deaths[target.id] = self.deaths(target.parameters)
            elif target.from_registers and target.measure != "gap":
                found.tallies |= self.tally(target)
        held = {
            "adults": np.ones(len(self.bucket.adults), dtype=bool),
            "multimorbid": self.bucket.facts.columns["n_conditions"].values >= 2,
            "psychiatric_somatic": self.bucket.facts.columns["psychiatric_somatic"].values == 1,
            "smi": self.bucket.facts.columns["smi"].values == 1,
        }
        for name, which in held.items():
            years = self.bucket.year_of_adult[which]
            found.populations[name] = np.bincount(years, minlength=len(self.bucket.years)).astype(np.int64)
        return found

    def tally(self, target: Target) -> dict[str, dict[str, Tally]]:
        """Return a target's tallies by grouping, and those of its parts by the levels it has."""
        found, as_of = self.found(target)
        ground = self.grounds.get(outcome_of(target), self.ground)
        if isinstance(found, AtRisk):
            place, event_place = self.bucket.place(found.person), self.bucket.place(found.event_person)
            by = {name: self.homes.get(name) for name in target.levels if name in self.homes} | self._cuts(target)
            return {target.id: count_at_risk(found, place, event_place, ground, {REGION: None, **by})}
        place = self.bucket.place(found.person)
        by_case = {**self.levels(target, found), **self._cuts(target)}
        answers = {target.id: count_cases(found, as_of, place, ground, by_case)}
        for part, state in (found.elements or {}).items():
            one = Cases(found.person, found.day, found.unit, state)
            answers[f"{target.id}.{part}"] = count_cases(one, as_of, place, ground, self.levels(target, one))
        return answers

    def found(self, target: Target) -> tuple[Cases | AtRisk, Days]:
        """Return what a target finds here, and the day by whose year each case is grouped."""
        known = target.known_until(self.store.day("covers_to"), self.store.day("delivered"))
        members = Yearly.of(self.bucket, target, target.measure == "admission_rate")
        if target.measure not in OF_PEOPLE:
            found = cases(target, self.tables, members, self.months.start, self.months.end, known)
            return found, (found.start if isinstance(found, AtRisk) else found.day)
        person, start, end = self._windows(members)
        each = of_each(target, self.tables, person, start, end, known)
        return each, _twelve_months_before(each.day + 1)

    def _windows(self, members: Yearly) -> tuple[Days, Days, Days]:
        """Return everybody's window in each year: the twelve months that end with the month of their birth."""
        birth = self.bucket.by_place["birth"]
        born = np.zeros(self.bucket.size, dtype=np.int64)
        known = ~np.isnan(birth)
        born[known] = birth[known].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        person, start, end = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for month in range(self.months.count):
            last = int(self.months.starts[month + 1])
            first = int(_twelve_months_before(np.array([last]))[0])
            mine = members.on(first)
            mine = mine[born[self.bucket.place(mine)] == month % 12]
            person.append(mine)
            start.append(np.full(len(mine), first))
            end.append(np.full(len(mine), last))
        return np.concatenate(person), np.concatenate(start), np.concatenate(end)

    def deaths(self, asked: MortalityParameters) -> NDArray[np.int64]:
        """Return days lived and deaths of those exposed and of the others, by year, sex and age in five years."""
        bucket, years = self.bucket, len(self.bucket.years)
        conditions = bucket.facts.sets["conditions"]
        assert isinstance(conditions, Members)
        ill = np.any([conditions.has[one] == YES for one in asked.conditions], axis=0)
        adults, place = bucket.adults, bucket.place(bucket.adults.person)
        after = np.append(bucket.days[1:], self.months.end)[bucket.year_of_adult]
        after = np.minimum(after, self.months.end)
        index = np.arange(len(adults.person), dtype=np.int64)
        person, start, end = ended(self.tables, adults.person.astype(np.int64), adults.day.astype(np.int64), after)
        # `ended` drops stretches left empty: find each one's row again by person and day
        row = np.searchsorted(place * years + bucket.year_of_adult, _pairs(bucket, person, start, years))
        row = index[row]
        age = (start - bucket.by_place["birth"][place[row]]) / 365.25
        band = np.clip(np.searchsorted(FIVE_YEARS, age, side="right") - 1, 0, len(FIVE_YEARS) - 1)
        sex = (bucket.by_place["sex"][place[row]] == 2).astype(np.int64)
        shape = (years, 2, 2, len(FIVE_YEARS))
        key = np.ravel_multi_index((bucket.year_of_adult[row], ill[row].astype(np.int64), sex, band), shape)
        dead = bucket.by_place["death"][place[row]] == end
        found = np.zeros((*shape, 2), dtype=np.int64)
        found[..., 0] = np.bincount(key, end - start, minlength=int(np.prod(shape))).reshape(shape)
        found[..., 1] = np.bincount(key[dead], minlength=int(np.prod(shape))).reshape(shape)
        return found[1:]

    def levels(self, target: Target, found: Cases) -> dict[str, Any]:
        """Return what cases are told by: units of the case or of the person, None for the whole region."""
        by: dict[str, Any] = {REGION: None}
        for level in target.levels:
            if level in ("hospital", "psychiatric") and (found.unit != "").any():
                by[level] = _names(found.unit, level)  # of a stay: who discharged, or received
            elif level in self.homes and not (level == "hospital" and target.measure not in OF_PEOPLE):
                by[level] = self.homes[level]
        return by

    def _cuts(self, target: Target) -> dict[str, Grouping]:
        wanted = dict.fromkeys([*target.equity, "few_resources"])  # the gap of chosen targets is by few resources
        return {name: self.cuts[name] for name in wanted if name in self.cuts}


def _names(units: NDArray[np.str_], level: str) -> NDArray[np.str_]:
    known = {code: one.name for code, one in hospitals().items() if one.level == level}
    codes, place = np.unique(units, return_inverse=True)
    return np.array([known.get(str(code), OTHER) for code in codes], dtype=np.str_)[place]


def _twelve_months_before(day: Days) -> Days:
    """Return the first day of the twelve months that end before a first of a month."""
    return (day.astype("datetime64[D]").astype("datetime64[M]") - 12).astype("datetime64[D]").astype(np.int64)


def _pairs(bucket: Bucket, person: Days, start: Days, years: int) -> Days:
    return bucket.place(person) * years + np.searchsorted(bucket.days, start)


def measure_bucket(
    root: Any,
    catalogue: Catalogue,
    targets: Sequence[str],
    months: Months,
    thirds: Mapping[int, tuple[float, float]],
    bucket: int,
    scored: Mapping[int, Risks] | None = None,
) -> Measured:
    """Return everything counted on one bucket of the store in a folder; scored: its people's risks by year."""
    chosen = [catalogue.targets[one] for one in targets]
    return Measuring(Store(root), catalogue, bucket, months, thirds, chosen, scored or {}).all()
