"""What people are cut by on each 1 January, so that a target can be held against need and place: groups and units.

A cut is an int8 or int32 array years × places with its labels; -1 where nobody has told. Education, income, origin and
cohabitation come from registers whose law allows counts of many alone: they are read here and nowhere near one person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from stratify.features.kernel import Rows
from stratify.quality.cases import Bools
from stratify.quality.population import Bucket
from stratify.store.read import Store
from stratify.units import ELSEWHERE, coded, home_of, units

NOT_TOLD = "not told"
_SHORT, _MEDIUM, _LONG = ("10", "15"), ("20", "30", "35"), ("40", "50", "60", "65", "70", "75", "80")
EDUCATION = {code: place for place, codes in enumerate((_SHORT, _MEDIUM, _LONG)) for code in codes}
DISTANCE = (10.0, 30.0)  # km to the acute hospital
TWO_YEARS, TEN_YEARS = 731, 3653
Thirds = Mapping[int, tuple[float, float]]  # of the income told on a day


@dataclass(frozen=True)
class Grouping:
    """Who is in which group, years × places: the place of its label, -1 where nobody has told."""

    labels: tuple[str, ...]
    group: NDArray[np.signedinteger[Any]]

    def at(self, year: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the group of people (by place) in years; that of nobody told comes last."""
        found = self.group[year, place].astype(np.int64)
        return np.where(found < 0, len(self.labels), found)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the labels, with the one for nobody told last."""
        return (*self.labels, NOT_TOLD)


def income_thirds(store: Store) -> dict[int, tuple[float, float]]:
    """Return by the day incomes were told of, what parts them in thirds; nothing where there are none."""
    if not store.has("income"):
        return {}
    rows = duckdb.execute(
        f"SELECT day, quantile_cont(value, [1.0/3, 2.0/3]) FROM {store.events('income', None)} GROUP BY day"
    ).fetchall()
    return {day: (float(cut[0]), float(cut[1])) for day, cut in rows}


def groupings(bucket: Bucket, thirds: Thirds) -> dict[str, Grouping]:
    """Return every cut the source can tell, by name."""
    found: dict[str, Grouping] = {}
    sex = bucket.by_place["sex"]
    found["sex"] = Grouping(("male", "female"), _every_year(bucket, np.where(np.isnan(sex), -1, sex - 1)))
    for name in ("psychiatric_somatic", "smi"):
        flag = bucket.flags(lambda people, name=name: people.columns[name].values)  # type: ignore[misc]
        found[name] = Grouping(("no", "yes"), flag)
    readers: dict[str, Callable[[Bucket], NDArray[np.int8]]] = {
        "education": _education,
        "income": lambda one: _income(one, thirds),
        "origin": _origin,
        "household": _alone,
        "distance": _distance,
    }
    labels = {
        "education": ("short", "medium", "long"),
        "income": ("low", "middle", "high"),
        "origin": ("danish", "immigrant", "descendant"),
        "household": ("with others", "alone"),
        "distance": ("below 10 km", "10 to 30 km", "30 km or more"),
    }
    for domain, read in readers.items():
        if bucket.store.has(domain):
            name = "cohabitation" if domain == "household" else domain
            found[name] = Grouping(labels[domain], read(bucket))
    few = _few_resources(bucket, found)
    if few is not None:
        found["few_resources"] = Grouping(("no", "yes"), few)
    return found


def homes(bucket: Bucket) -> dict[str, Grouping]:
    """Return where people live, by municipality and catchment of an acute hospital, and the practice they used last."""
    found: dict[str, Grouping] = {}
    place = np.tile(np.arange(bucket.size, dtype=np.int64), len(bucket.years))
    day = np.repeat(bucket.days, bucket.size)
    order = np.lexsort((day, place))
    rows = Rows(bucket.number_of(place[order]), day[order])
    codes, number = coded(home_of(rows, bucket.residence))
    home = units(codes)
    for level in ("municipality", "hospital"):
        told = tuple(sorted({str(one) for one in home[level]} - {ELSEWHERE}))
        if told:
            place = np.array([told.index(str(one)) if one != ELSEWHERE else -1 for one in home[level]], dtype=np.int32)
            group = np.full(len(order), -1, dtype=np.int32)
            group[order] = place[number]
            found[level] = Grouping(told, group.reshape(len(bucket.years), bucket.size))
    if bucket.store.has("practice"):
        rows_of = bucket.store.slice("practice", bucket.number)
        code = rows_of.coded("code")
        latest = _latest(bucket, "practice", code.place.astype(np.int32), TEN_YEARS)
        found["practice"] = Grouping(tuple(str(one) for one in code.values), latest)
    return found


def _every_year(bucket: Bucket, values: NDArray[Any]) -> NDArray[np.int8]:
    return np.tile(values.astype(np.int8), (len(bucket.years), 1))


def _latest(bucket: Bucket, domain: str, value: NDArray[Any], within: int) -> NDArray[Any]:
    """Return the latest value told before each 1 January, at most so many days before; -1 where none was."""
    rows = bucket.store.slice(domain, bucket.number)
    day, known, place = rows.ints("day"), rows.ints("known"), bucket.place(rows.ints("person"))
    found = np.full((len(bucket.years), bucket.size), -1, dtype=value.dtype)
    for year, landmark in enumerate(bucket.days.tolist()):
        use = (day < landmark) & (known < landmark) & (day >= landmark - within) & (value >= 0)
        found[year, place[use]] = value[use]  # rows lie by day: the last one written is the latest
    return found


def _words(bucket: Bucket, domain: str, number: Mapping[str, int]) -> NDArray[np.int8]:
    code = bucket.store.slice(domain, bucket.number).coded("code")
    return np.array([*(number.get(one, -1) for one in code.values), -1], dtype=np.int8)[code.place]


def _education(bucket: Bucket) -> NDArray[np.int8]:
    return _latest(bucket, "education", _words(bucket, "education", EDUCATION), TEN_YEARS)


def _origin(bucket: Bucket) -> NDArray[np.int8]:
    names = {"danish": 0, "immigrant": 1, "descendant": 2}
    return _latest(bucket, "origin", _words(bucket, "origin", names), 10 * TEN_YEARS)


def _income(bucket: Bucket, thirds: Thirds) -> NDArray[np.int8]:
    rows = bucket.store.slice("income", bucket.number)
    value, day = rows.floats("value"), rows.ints("day")
    third = np.full(len(day), -1, dtype=np.int8)
    for on, cuts in thirds.items():
        mine = (day == on) & ~np.isnan(value)
        third[mine] = np.searchsorted(np.array(cuts), value[mine], side="right")
    return _latest(bucket, "income", third, 2 * TWO_YEARS)


def _alone(bucket: Bucket) -> NDArray[np.int8]:
    value = bucket.store.slice("household", bucket.number).floats("value")
    return _latest(bucket, "household", np.where(np.isnan(value), -1, value == 1).astype(np.int8), TWO_YEARS)


def _distance(bucket: Bucket) -> NDArray[np.int8]:
    rows = bucket.store.slice("distance", bucket.number)
    value, hospital = rows.floats("value"), rows.coded("code").among("acute_hospital")
    told = hospital & ~np.isnan(value)
    group = np.where(told, np.searchsorted(np.array(DISTANCE), np.nan_to_num(value), side="right"), -1)
    return _latest(bucket, "distance", group.astype(np.int8), TWO_YEARS)


def _few_resources(bucket: Bucket, found: Mapping[str, Grouping]) -> NDArray[np.int8] | None:
    """Return 1 for two or more signs: short education, lowest third of income, living alone, hard to reach in writing.

    Hard to reach: an interpreter used, or exempt from Digital Post. Ours: a group of many to be looked at, never a fact
    about one person.
    """
    signs: list[Bools] = []
    told = np.zeros((len(bucket.years), bucket.size), dtype=bool)
    for name, group in (("education", 0), ("income", 0), ("cohabitation", 1)):
        if name in found:
            signs.append(found[name].group == group)
            told |= found[name].group >= 0
    if not signs:
        return None
    if bucket.store.has("communication"):
        rows = bucket.store.slice("communication", bucket.number)
        yes = np.zeros(len(rows.ints("day")), dtype=np.int8)
        signs.append(_latest(bucket, "communication", yes, 10 * TEN_YEARS) == 0)
    count = np.sum(signs, axis=0)
    return np.where(told, count >= 2, -1).astype(np.int8)
