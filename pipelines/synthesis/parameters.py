"""The parameters of the region, read from the TOML files in `parameters/` and checked, with the arrays made from them.

A folder of the user's own may hold files of the same names: each replaces ours whole. Every problem of every file is
told at once, with file, key and value. Conditions keep the file's order: it is the column order of every
(people × conditions) array.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from pipelines.synthesis.calendar import Year
from pipelines.synthesis.shapes import (
    AdmissionsFile,
    CalendarFile,
    Condition,
    ConditionsFile,
    Contact,
    Education,
    EffectsFile,
    PeopleFile,
    PlacesFile,
    Population,
    Reach,
    Unseen,
)
from pipelines.synthesis.shapes_care import CareFile
from pipelines.synthesis.shapes_medicine import LaboratoryFile, MedicineFile
from pipelines.synthesis.shapes_offers import OffersFile
from pipelines.synthesis.shapes_services import ServicesFile, SocialFile
from stratify.catalogue.entries import Shape
from stratify.errors import UsageError
from stratify.files import canonical_json, digest_text

FILES: dict[str, type[Shape]] = {
    "people": PeopleFile,
    "places": PlacesFile,
    "conditions": ConditionsFile,
    "effects": EffectsFile,
    "admissions": AdmissionsFile,
    "calendar": CalendarFile,
    "care": CareFile,
    "medicine": MedicineFile,
    "laboratory": LaboratoryFile,
    "services": ServicesFile,
    "social": SocialFile,
    "offers": OffersFile,
}
CODE_LISTS = ("codes", "stay_codes", "acsc_codes", "psychiatric_codes")
STAYED_FOR = ("other", "acsc", "child_other", "child_acsc", "psych")  # what true stays are for: each code of its kind
OLDEST = 110  # ages 0..OLDEST have a rate of their own
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """The files, and what is made of them; arrays over conditions have the order of conditions.toml."""

    people: PeopleFile
    places: PlacesFile
    conditions: tuple[Condition, ...]
    effects: EffectsFile
    admissions: AdmissionsFile
    calendar: CalendarFile
    care: CareFile
    medicine: MedicineFile
    laboratory: LaboratoryFile
    services: ServicesFile
    social: SocialFile
    offers: OffersFile
    digest: str
    _columns: dict[str, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def population(self) -> Population:
        """Who is there."""
        return self.people.population

    @property
    def education(self) -> Education:
        """Education by decade of birth."""
        return self.people.education

    @property
    def unseen(self) -> Unseen:
        """Correlations of what no register shows."""
        return self.people.unseen

    @property
    def reach(self) -> Reach:
        """How well care reaches people."""
        return self.people.reach

    @property
    def contact(self) -> Contact:
        """Language and Digital Post."""
        return self.people.contact

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The ids of the conditions."""
        return tuple(condition.id for condition in self.conditions)

    @cached_property
    def psychiatric(self) -> NDArray[np.bool_]:
        """Which conditions are psychiatric."""
        return np.array([condition.psychiatric for condition in self.conditions])

    @cached_property
    def pyramid(self) -> Floats:
        """Each age's share of the first residents, ages 0..OLDEST: even within a band, falling by age from 80."""
        shares = np.zeros(OLDEST + 1)
        edges = self.population.ages
        for first, last, weight in zip(edges[:-1], edges[1:], self.population.weights, strict=True):
            ages = np.arange(first, last)
            form = np.exp(-0.25 * (ages - first)) if first >= 90 else np.exp(-0.06 * (ages - first) * (first >= 80))
            shares[first:last] = weight * form / form.sum()
        whole: Floats = shares / shares.sum()
        return whole

    @cached_property
    def women(self) -> Floats:
        """The share of women by age: men of the same age have died."""
        ages = np.arange(OLDEST + 1)
        found: Floats = np.minimum(0.495 + np.clip(ages - 62, 0, 40) * 0.0068, 0.8)
        return found

    @cached_property
    def rate(self) -> Floats:
        """Onsets per year by sex, age and condition, before a person's own factors: (2, ages, conditions)."""
        return np.stack([_rates(condition, self.pyramid) for condition in self.conditions], axis=2)

    @cached_property
    def ratios(self) -> Floats:
        """Log hazard ratios of having one condition (row) on the onset of another (column), own entries 0."""
        effects = self.effects
        found = np.zeros((len(self.names), len(self.names)))
        for cause, effect, ratio in effects.list:
            found[self.index(cause), self.index(effect)] += np.log(ratio)
        for cause in effects.burdening:
            for effect in effects.burdened:
                found[self.index(cause), self.index(effect)] += np.log(effects.somatic)
        return found

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The DK39 group of each condition."""
        return tuple(condition.group or condition.id for condition in self.conditions)

    def column(self, name: str) -> Floats:
        """Return one field of all conditions; made once, not to be changed."""
        if name not in self._columns:
            self._columns[name] = np.array([getattr(each, name) for each in self.conditions], dtype=np.float64)
            self._columns[name].flags.writeable = False
        return self._columns[name]

    def index(self, condition: str) -> int:
        """Return a condition's column."""
        return self.names.index(condition)

    def year(self, number: int) -> Year:
        """Return a calendar year with its season."""
        season = self.calendar.season
        return Year(number, season.of.get(number, season.months))

    def drift(self, what: str, year: int) -> float:
        """Return the factor on a kind of hazard in a year."""
        drift = self.calendar.drift
        level = drift.level.get(year, {}).get(what, 1.0)  # type: ignore[call-overload]
        return float(getattr(drift, what) ** (year - drift.year) * level)


def read_parameters(own: Path | None = None) -> Parameters:
    """Return the parameters; files in the folder `own` replace ours. UsageError lists every problem found."""
    texts = {name: _ours(name) for name in FILES}
    problems: list[str] = []
    if own is not None:
        found = {path.stem: path for path in sorted(own.glob("*.toml"))}
        problems += [f"{name}.toml: no such parameter file; there are {', '.join(FILES)}" for name in found
                     if name not in FILES]  # fmt: skip
        if not found:
            problems.append(f"{own}: no .toml file of parameters in it")
        texts |= {name: path.read_text(encoding="utf-8") for name, path in found.items() if name in FILES}
    files: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            files[name] = FILES[name].model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{name}.toml: {error}")
        except ValidationError as error:
            problems += [_told(name, each) for each in error.errors()]
    if not problems:
        conditions = files.pop("conditions").condition
        given = Parameters(**files, conditions=conditions, digest=digest_text(canonical_json(texts)))
        problems += _across(given)
    if problems:
        raise UsageError("the region's parameters do not fit:", problems)
    return given


def _ours(name: str) -> str:
    return resources.files(__package__).joinpath("parameters", f"{name}.toml").read_text(encoding="utf-8")


def _told(name: str, error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    got = error.get("input")
    value = f", got {got!r}" if isinstance(got, str | int | float) else ""
    return f"{name}.toml: {key}: {error['msg']}{value}"


def _across(given: Parameters) -> list[str]:
    """Names of conditions that no condition has, and ACSC codes that the pattern does not match (or others it does)."""
    known = set(given.names)
    effects = given.effects
    used: list[tuple[str, Sequence[str]]] = [("effects.toml", [n for pair in effects.list for n in pair[:2]])]
    used += [("effects.toml", effects.burdening), ("effects.toml", effects.burdened)]
    used += [("medicine.toml", list(drug.users)) for drug in given.medicine.drug]
    used += [("laboratory.toml", [*test.more, *test.shift]) for test in given.laboratory.test]
    used += [("offers.toml", effect.of.conditions) for effect in given.offers.effect]
    used += [("services.toml", list(given.services.conditions())), ("social.toml", list(given.social.conditions()))]
    problems = [f"{file}: unknown condition {name!r}" for file, names in used for name in names if name not in known]
    if missing := sorted(set(given.education.levels) - set(given.social.study.completed)):
        problems.append(
            f"people.toml: education.levels {', '.join(missing)} have no age in social.toml, study.completed"
        )
    if len(known) < len(given.names):
        problems.append("conditions.toml: an id stands there twice")
    pattern = re.compile(f"D({given.admissions.acsc.pattern})")
    codes = given.admissions.codes
    acsc = [*codes["acsc"], *codes["child_acsc"], *(c for each in given.conditions for c in each.acsc_codes)]
    other = [*codes["other"], *codes["child_other"], *(c for each in given.conditions for c in each.stay_codes)]
    problems += [f"{code}: stands among ACSC codes, the pattern does not match it" for code in acsc
                 if not pattern.match(code)]  # fmt: skip
    problems += [f"{code}: stands among codes that are not ACSC, the pattern matches it" for code in other
                 if pattern.match(code)]  # fmt: skip
    written = [code for each in given.conditions for name in CODE_LISTS for code in getattr(each, name)]
    written += [code for some in codes.values() for code in some]
    named: dict[str, Iterable[str]] = {
        "admissions.toml: bounds": given.admissions.bounds,
        "care.toml: procedures.of": given.care.procedures.of,
        "care.toml: procedures.always": given.care.procedures.always,
    }
    problems += [f"{where}.{prefix}: no code begins so" for where, prefixes in named.items() for prefix in prefixes
                 if not any(code.startswith(prefix) for code in written)]  # fmt: skip
    bound = tuple(given.admissions.bounds)
    problems += [f"admissions.toml: codes.{name}: at least one code must have no bound, to stand in for the others"
                 for name in STAYED_FOR if all(code.startswith(bound) for code in codes[name])]  # fmt: skip
    return problems


def _rates(condition: Condition, shares: Floats) -> Floats:
    """Return onsets per year by sex and age, scaled so that the declared share of adults comes out, times `level`."""
    ages = np.arange(OLDEST + 1)
    form = np.exp(-0.5 * ((ages - condition.peak) / condition.width) ** 2)
    if condition.early:
        peak, width, weight = condition.early
        form = form + weight * np.exp(-0.5 * ((ages - peak) / width) ** 2)
    form = form * (ages >= condition.from_)
    women = condition.women
    forms = np.stack([form * 2 / (1 + women), form * 2 * women / (1 + women)])
    cumulated = np.cumsum(forms, axis=1) - forms / 2
    adults = np.where(ages >= 18, shares, 0.0)
    adults = adults / adults.sum() / 2
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        share = ((1 - np.exp(-middle * cumulated)) * adults).sum()
        low, high = (middle, high) if share < condition.prevalence / 100 else (low, middle)
    rates: Floats = forms * low * condition.level
    return rates
