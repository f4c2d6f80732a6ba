"""The level a laboratory test finds: a person's own level, what is truly wrong with them and for how long, and chance.

Levels follow the true onset of a condition, not the day care came to know it: they rise before anybody looks, and fall
back in part once treatment begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Days, Scene
from pipelines.synthesis.shapes_medicine import Course, Test
from pipelines.synthesis.shapes_services import OLDEST, by_age
from pipelines.synthesis.streams import Floats, Words, hashed

YEAR = 365.25
MICROMOL = 88.4  # µmol/L of creatinine in a mg/dL
DAYS_TO_ACT = 60  # of a drug
NOUGHT = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Samples:
    """Blood samples: whose, when, 64 hashed bits, and whether taken during a hospital stay."""

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    bits: Words
    stay: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> Samples:
        """Return some of them."""
        return Samples(self.person[rows], self.day[rows], self.bits[rows], self.stay[rows])


def level(scene: Scene, test: Test, samples: Samples, drugs: Mapping[str, Days], given: Parameters) -> Floats:
    """Return what the test finds in each sample, in its unit; `drugs` holds since when people take what lowers it."""
    person = samples.person
    own = hashed(scene.keys[person], f"level {test.latent}", NOUGHT)
    man = scene.people.sex[person] == 1
    age = (samples.day - scene.people.birth[person]) / YEAR
    men, women = np.log(test.mean) if test.log else test.mean
    found: Floats = np.where(man, men, women)
    if test.ages:
        found = found + by_age(test.ages)[np.clip(age, 0, OLDEST).astype(np.int64)]
    found = found + test.between * _normal(own, 0)
    found = found + test.within * _normal(hashed(samples.bits, f"chance {test.latent}", NOUGHT), 0)
    for name, course in test.shift.items():
        onset = scene.onset[person, given.index(name)]
        rows = np.flatnonzero(onset < NEVER)
        known = scene.recognised[person[rows], given.index(name)]
        change = _change(samples.day[rows], onset[rows], known, scene.people.adherence[person[rows]], course)
        weight = np.exp(given.laboratory.taking.weight * _normal(own[rows], 1))
        found[rows] += change * weight
    for code, by in test.drugs.items():
        rows = np.flatnonzero(drugs[code][person] <= samples.day)
        some = person[rows]
        acting = np.minimum((samples.day[rows] - drugs[code][some]) / DAYS_TO_ACT, 1.0)
        found[rows] += by * acting * scene.people.adherence[some]
    outside, inside, by = test.infection
    if by:
        share = np.where(samples.stay, inside, outside)
        ill = (samples.bits >> np.uint64(32) & np.uint64(0xFFFF)) / 65_536 < share
        found = found + np.where(ill, by * (0.4 + 1.2 * (samples.bits & np.uint64(0xFFFF)) / 65_536), 0.0)
    if test.creatinine:
        return _creatinine(found, age, man)
    if test.log:
        found = np.exp(found)
    return found


def _change(
    day: NDArray[np.int64], onset: NDArray[np.integer], known: NDArray[np.integer], adherence: Floats, course: Course
) -> Floats:
    """Return by how much a condition has changed the level on a day, and how much of it treatment has taken away."""
    years = (day - onset) / YEAR
    passed = (years - course.starts) / max(course.years, 1e-6)
    change = course.by * np.clip(passed, 0.0, 1.0) + course.yearly * np.clip(years, 0.0, course.for_)
    treated = course.treated * adherence * np.clip((day - known) / YEAR, 0.0, 1.0)
    left: Floats = change * (1.0 - treated)
    return left


def _creatinine(egfr: Floats, age: Floats, man: NDArray[np.bool_]) -> Floats:
    """Return the creatinine (µmol/L) from which CKD-EPI 2009 works out this eGFR (mL/min/1.73 m2)."""
    kappa, power = np.where(man, 0.9, 0.7), np.where(man, -0.411, -0.329)
    share = np.clip(egfr, 3.0, None) / (141.0 * 0.993 ** np.clip(age, 0, None) * np.where(man, 1.0, 1.018))
    found: Floats = kappa * MICROMOL * share ** np.where(share < 1, 1 / -1.209, 1 / power)
    return found


def _normal(bits: Words, half: int) -> Floats:
    """Return a standard normal number from one of the two halves of hashed bits."""
    lane = (bits >> np.uint64(32 * half) & np.uint64(0xFFFFFFFF)).astype(np.float64)
    found: Floats = ndtri((lane + 0.5) * 2.0**-32)
    return found
