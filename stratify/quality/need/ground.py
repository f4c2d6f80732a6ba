"""What all counts of a bucket stand on: who people are and where they live on 1 January, and the axes for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np

from stratify.catalogue import Catalogue
from stratify.quality.cases import Bools
from stratify.quality.counting import AGES, OTHER
from stratify.quality.cuts import NOT_TOLD, Grouping, Thirds, groupings, homes, income_thirds
from stratify.quality.need.axes import Axis, Ints
from stratify.quality.population import Bucket
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store
from stratify.units import hospitals, municipalities

GROUPS = ("psychiatric_somatic", "multimorbid", "others")  # the first that holds; who is in none is not grouped
NOT_GROUPED = "not_grouped"  # under 18, or not resident on 1 January
UNITS, SOMATIC, PSYCHIATRIC = "units", "somatic", "psychiatric"  # the level above units, and its two nodes
REST = {("elsewhere", OTHER): (UNITS, SOMATIC)}
AGE_BANDS = {"18-39": 18, "40-64": 40, "65-74": 65, "75-84": 75, "85+": 85}
DISTANCES = ("below 10 km", "10 to 30 km", "30 km or more")


@dataclass(frozen=True)
class Frame:
    """What is the same for every bucket. years: of the period that activity is counted in, one after the other.

    follow: the years whose 1 January is a landmark followed to the end. looks: the year whose 1 January tells what
    catchments look like. strata: the places on both axes that somebody may have, named `need/resources`.
    """

    years: tuple[int, ...]
    follow: tuple[int, ...]
    looks: int
    practices: tuple[str, ...]
    thirds: Thirds
    strata: tuple[str, ...] = ()

    @property
    def start(self) -> int:
        """The first day of the period."""
        return day_number(day_of(0).replace(year=self.years[0], month=1, day=1))

    @property
    def end(self) -> int:
        """The day after the last of the period."""
        return day_number(day_of(0).replace(year=self.years[-1] + 1, month=1, day=1))

    @property
    def every(self) -> tuple[int, ...]:
        """Every year whose 1 January is asked for, from the first to the last."""
        asked = (*self.years, *self.follow, self.looks)
        return tuple(range(min(asked), max(asked) + 1))

    @staticmethod
    def of(store: Store, years: Sequence[int], follow: Sequence[int], looks: int, strata: Sequence[str]) -> Frame:
        """Return the frame of a store."""
        found: tuple[str, ...] = ()
        if store.has("practice"):
            sql = f"SELECT DISTINCT code FROM {store.events('practice', None)} WHERE code IS NOT NULL ORDER BY 1"
            found = tuple(row[0] for row in duckdb.execute(sql).fetchall())
        return Frame(tuple(years), tuple(follow), looks, found, income_thirds(store), tuple(strata))

    @cached_property
    def axes(self) -> Mapping[str, Axis]:
        """The axes by name."""
        towns = {one.name: one.hospital for one in municipalities().values()}
        above = {("municipality", town): ("catchment", hospital) for town, hospital in towns.items()}
        units = [(one.level, one.name) for one in hospitals().values()]
        found = [
            Axis.of("place", [*above, ("not_told", NOT_TOLD)], above),
            Axis.of("practice", [*(("practice", one) for one in self.practices), ("not_told", NOT_TOLD)]),
            Axis.of("unit", [*units, ("elsewhere", OTHER)], {one: (UNITS, _care_of(one[0])) for one in units} | REST),
            Axis.of(
                "group",
                [("group", one) for one in (*GROUPS, NOT_GROUPED)],
                {("group", one): ("ill", "multimorbid_or_both") for one in GROUPS[:2]},
            ),
            *(_told(name, ("no", "yes")) for name in ("smi", "few_resources")),
            _told("age", tuple(AGE_BANDS)),
            _told("distance", DISTANCES),
            Axis.of("stratum", [*(("stratum", one) for one in self.strata), ("not_scored", "not_scored")]),
        ]
        return {axis.name: axis for axis in found}


def _care_of(level: str) -> str:
    return PSYCHIATRIC if level == PSYCHIATRIC else SOMATIC


def _told(name: str, labels: Sequence[str]) -> Axis:
    return Axis.of(name, [*((name, one) for one in labels), ("not_told", NOT_TOLD)])


@dataclass(frozen=True)
class Ground:
    """A bucket and the leaf of everybody on each axis, years × places of people."""

    frame: Frame
    store: Store
    catalogue: Catalogue
    number: int

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket on each 1 January that is asked for."""
        return Bucket(self.store, self.catalogue, self.number, self.frame.every)

    @cached_property
    def adult(self) -> Bools:
        """Who is an adult resident, bool[years, places]."""
        found = np.zeros((len(self.frame.every), self.bucket.size), dtype=bool)
        found[self.bucket.year_of_adult, self.bucket.place(self.bucket.adults.person)] = True
        return found

    @cached_property
    def codes(self) -> Mapping[str, Ints]:
        """The leaf of each person in each year, int64[years, places], by axis; of people, those that a store tells."""
        bucket, axes = self.bucket, self.frame.axes
        shape = (len(self.frame.every), bucket.size)
        living, cuts = homes(bucket), groupings(bucket, self.frame.thirds)
        found = {}
        for name, level in (("place", "municipality"), ("practice", "practice")):
            other = len(axes[name].leaves) - 1
            found[name] = _leaves(axes[name], level, other, living.get(level), shape)
        for name in ("smi", "few_resources", "distance"):
            found[name] = _leaves(axes[name], name, len(axes[name].leaves) - 1, cuts.get(name), shape)
        group = np.full(shape, len(GROUPS), dtype=np.int64)
        year, place = bucket.year_of_adult, bucket.place(bucket.adults.person)
        facts = bucket.facts.columns
        both, ill = facts["psychiatric_somatic"].values == 1, facts["n_conditions"].values >= 2
        group[year, place] = np.select([both, ill], [0, 1], 2)
        found["group"] = group
        days = (bucket.days[:, None] - np.nan_to_num(bucket.by_place["birth"])[None]) / 365.25
        bands = np.searchsorted(np.array(list(AGE_BANDS.values())), days, side="right") - 1
        found["age"] = np.where(self.adult & (bands >= 0), bands, len(AGE_BANDS))
        return found

    @cached_property
    def age_sex(self) -> Ints:
        """A number for each age band and sex on each 1 January, int64[years, places]; 0 where either is unknown."""
        bucket = self.bucket
        sex, birth = bucket.by_place["sex"], bucket.by_place["birth"]
        age = (bucket.days[:, None] - np.nan_to_num(birth)[None]) / 365.25
        band = np.searchsorted(np.array(AGES), age, side="right") - 1
        told = ~np.isnan(birth) & np.isin(sex, (1, 2))
        return np.where(told & (band >= 0), 1 + band * 2 + (sex == 2), 0).astype(np.int64)

    def year_of(self, day: Ints) -> Ints:
        """Return the row of the year that a day lies in."""
        return np.asarray(np.searchsorted(self.bucket.days, day, side="right") - 1, dtype=np.int64)

    def of(self, name: str, day: Ints, place: Ints) -> Ints:
        """Return the leaf of people (by place) on an axis, as on the 1 January of each day's year."""
        return np.asarray(self.codes[name][self.year_of(day), place])


STRATA = 1 + 2 * len(AGES)  # of age and sex, the first for who is in none


def _leaves(axis: Axis, level: str, other: int, told: Grouping | None, shape: tuple[int, int]) -> Ints:
    if told is None:
        return np.full(shape, other, dtype=np.int64)
    return np.asarray(axis.leaf_of(told.labels, level, other)[told.group])
