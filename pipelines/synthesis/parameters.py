"""The parameters of the synthetic region, read from `parameters.toml` and turned into arrays the simulation indexes.

Conditions keep the file's order; that order is the column order of every (people × conditions) array. A name that no
condition has, in an effect, a drug or a test, is refused when the file is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ByCondition = Callable[[Mapping[str, float]], dict[int, float]]
OLDEST = 110  # ages 0..OLDEST have a rate of their own


@dataclass(frozen=True)
class Drug:
    """One product: who takes it, and what a purchase looks like."""

    atc: str
    fills: float  # purchases per year of one who takes it
    packsize: float
    volume: float  # defined daily doses in the pack
    strength: float
    users: Mapping[int, float]  # condition -> share who take it
    anyone: tuple[float, int, int]  # share of people of these ages, whatever they have
    women_only: bool


@dataclass(frozen=True)
class Test:
    """One laboratory analysis: how often it is taken, and what comes out."""

    npu: str
    unit: str
    rate: float
    first_age: int
    more: Mapping[int, float]  # condition -> further tests per year
    mean: float
    between: float
    within: float
    shift: Mapping[int, float]  # condition -> change of the person's mean
    low: float
    high: float
    decimals: int


@dataclass(frozen=True)
class Parameters:
    """All of it; a field named like a table of the file holds that table."""

    population: Mapping[str, Any]
    education: Mapping[str, Any]
    units: Mapping[str, Any]
    municipalities: NDArray[np.int32]  # code
    municipality_weight: Floats
    municipality_unit: NDArray[np.int8]
    frailty: Mapping[str, float]
    onset: Mapping[str, float]
    acute: Mapping[str, float]
    death: Mapping[str, Any]
    contacts: Mapping[str, float]
    conditions: tuple[str, ...]
    psychiatric: NDArray[np.bool_]  # belongs to the psychiatric conditions
    psychiatric_care: Floats  # share of its contacts in psychiatric care
    rate: Floats  # (2 sexes, ages, conditions) onsets per year before a person's own factors
    education_log: Floats
    acute_log: Floats
    psychiatric_log: Floats
    death_log: Floats
    visits: Floats
    seen: Floats
    effects: tuple[tuple[int, int, float], ...]
    codes: tuple[str, ...]  # every diagnosis code that can be written
    condition_codes: tuple[NDArray[np.int16], ...]  # per condition: indices into `codes`
    code_lists: Mapping[str, NDArray[np.int16]]  # per kind of contact: indices into `codes`
    drugs: tuple[Drug, ...]
    tests: tuple[Test, ...]

    def index(self, condition: str) -> int:
        """Return a condition's column."""
        return self.conditions.index(condition)


@cache
def parameters() -> Parameters:
    """Return the parameters of the package's own file, read once."""
    text = resources.files(__package__).joinpath("parameters.toml").read_text(encoding="utf-8")
    return read(tomllib.loads(text))


def read(table: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a parsed file; KeyError names what is missing or unknown."""
    entries = table["condition"]
    names = tuple(entry["id"] for entry in entries)
    column = {name: index for index, name in enumerate(names)}
    lists = [*table["codes"].values(), *(entry["codes"] for entry in entries)]
    codes = tuple(dict.fromkeys(code for codes in lists for code in codes))
    position = {code: index for index, code in enumerate(codes)}

    def field(name: str, default: float | None = None) -> Floats:
        values = [entry[name] if default is None else entry.get(name, default) for entry in entries]
        return np.array(values, dtype=np.float64)

    def indices(values: list[str]) -> NDArray[np.int16]:
        return np.array([position[code] for code in values], dtype=np.int16)

    def by_condition(values: Mapping[str, float]) -> dict[int, float]:
        return {column[name]: value for name, value in values.items()}

    towns = table["municipalities"]
    return Parameters(
        population=table["population"],
        education=table["education"],
        units=table["units"],
        municipalities=np.array([int(code) for code in towns], dtype=np.int32),
        municipality_weight=np.array([people for people, _ in towns.values()], dtype=np.float64),
        municipality_unit=np.array([unit for _, unit in towns.values()], dtype=np.int8),
        frailty=table["frailty"],
        onset=table["onset"],
        acute=table["acute"],
        death=table["death"],
        contacts=table["contacts"],
        conditions=names,
        psychiatric=np.array([entry.get("psychiatric", False) for entry in entries]),
        psychiatric_care=field("psychiatric_care", 0.0),
        rate=np.stack([_rates(entry, pyramid(table["population"])) for entry in entries], axis=2),
        education_log=field("education"),
        acute_log=field("acute"),
        psychiatric_log=field("psychiatric_acute", 0.0),
        death_log=field("death"),
        visits=field("visits"),
        seen=field("seen"),
        effects=tuple(
            (column[cause], column[effect], float(ratio)) for cause, effect, ratio in table["effects"]["list"]
        ),
        codes=codes,
        condition_codes=tuple(indices(entry["codes"]) for entry in entries),
        code_lists={kind: indices(values) for kind, values in table["codes"].items()},
        drugs=tuple(_drug(entry, by_condition) for entry in table["drug"]),
        tests=tuple(_test(entry, by_condition) for entry in table["lab"]),
    )


def pyramid(population: Mapping[str, Any]) -> Floats:
    """Return each age's share of the population, ages 0..OLDEST: even within a band, falling by age in the last two."""
    shares = np.zeros(OLDEST + 1)
    edges, weights = population["ages"], population["weights"]
    for first, last, weight in zip(edges[:-1], edges[1:], weights, strict=True):
        ages = np.arange(first, last)
        form = np.exp(-0.25 * (ages - first)) if first >= 90 else np.exp(-0.06 * (ages - first) * (first >= 80))
        shares[first:last] = weight * form / form.sum()
    whole: Floats = shares / shares.sum()
    return whole


def _rates(entry: Mapping[str, Any], shares: Floats) -> Floats:
    """Return onsets per year by sex and age, scaled so that the share of adults who have it is the one declared."""
    ages = np.arange(OLDEST + 1)
    form = np.exp(-0.5 * ((ages - entry["peak"]) / entry["width"]) ** 2) * (ages >= entry["from"])
    women = entry["women"]
    forms = np.stack([form * 2 / (1 + women), form * 2 * women / (1 + women)]) if women else np.stack([form, 0 * form])
    cumulated = np.cumsum(forms, axis=1) - forms / 2
    adults = np.where(ages >= 18, shares, 0.0)
    adults = adults / adults.sum() / 2
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        share = ((1 - np.exp(-middle * cumulated)) * adults).sum()
        low, high = (middle, high) if share < entry["prevalence"] / 100 else (low, middle)
    rates: Floats = forms * low
    return rates


def _drug(entry: Mapping[str, Any], by_condition: ByCondition) -> Drug:
    share, first, last = entry.get("anyone", [0.0, 0, 0])
    return Drug(
        atc=entry["atc"],
        fills=entry["fills"],
        packsize=entry["packsize"],
        volume=entry["volume"],
        strength=entry["strength"],
        users=by_condition(entry["users"]),
        anyone=(share, first, last),
        women_only=entry.get("women_only", False),
    )


def _test(entry: Mapping[str, Any], by_condition: ByCondition) -> Test:
    return Test(
        npu=entry["npu"],
        unit=entry["unit"],
        rate=entry["rate"],
        first_age=entry["from"],
        more=by_condition(entry["more"]),
        mean=entry["mean"],
        between=entry["between"],
        within=entry["within"],
        shift=by_condition(entry["shift"]),
        low=entry["low"],
        high=entry["high"],
        decimals=entry["decimals"],
    )
