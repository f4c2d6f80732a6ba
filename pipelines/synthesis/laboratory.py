"""Laboratory answers of a year (`laboratorieproevesvar_`): samples, the tests made of each, and what registers say.

A person has samples as often as the test they need most; each other test is made of a share of them, so that tests come
together. Stays in hospital bring samples of their own. The level of each test is `levels.py`'s matter.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY
from pipelines.synthesis.levels import Samples, level
from pipelines.synthesis.medicine import taking
from pipelines.synthesis.opening import on_open_days
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.shapes_medicine import VALUES, Test
from pipelines.synthesis.shapes_services import OLDEST, by_age
from pipelines.synthesis.streams import Floats, hashed, poisson, unit
from pipelines.synthesis.write import Columns, dates, words

SHUT = (0.0, 0.0)  # nobody outside hospital has a sample taken at a weekend
_BY_DIGEST: dict[str, Answers] = {}


@dataclass(frozen=True)
class Answers:
    """The codes tests are reported under, and every text an answer can be: numbers first, then what is no number."""

    npu: tuple[str, ...]
    units: tuple[str, ...]
    first: tuple[int, ...]  # per test: its usual code; the other codes of the test follow
    texts: tuple[str, ...]
    below: int  # index of the text of the first code for what is too low to tell, then one per code
    above: int
    negative: int
    cancelled: int


class _Reported(NamedTuple):
    """A code, and the limits of what is told under it."""

    npu: str
    unit: str
    decimals: int
    low: float
    high: float


def tests_of_year(scene: Scene, given: Parameters, quirks: Set[str]) -> Rows:
    """Return the year's answers sorted by person, day, code and answer, codes and answers as places in `answers`.

    `several_npu` lets some laboratories report other codes, `text_values` has answers that are no numbers.
    """
    tests, found = given.laboratory.test, answers(given)
    age, rates = np.clip(scene.age, 0, OLDEST), _rates(scene, given)
    often = np.maximum.reduce(rates)
    samples = _samples(scene, often, given)
    drugs = taking(scene, given, sorted({code for test in tests for code in test.drugs}))
    place = hashed(scene.keys, "laboratory", np.zeros(1, np.int64))
    parts = []
    for number, test in enumerate(tests):
        if number % 4 == 0:
            panel = hashed(samples.bits, "panel", np.array([number]))
        draw = (panel >> np.uint64(16 * (number % 4)) & np.uint64(0xFFFF)) / 65_536
        in_stay = np.where(age >= test.from_age, test.stay, 0.0)[samples.person]
        share = np.where(samples.stay, in_stay, rates[number][samples.person] / often[samples.person])
        mine = samples.take(np.flatnonzero(draw < share))
        value = level(scene, test, mine, drugs, given)
        code = np.full(len(value), found.first[number])
        if "several_npu" in quirks and test.other:
            code += _other_code(test, unit(place[mine.person]), scene.year.number)
        parts.append((mine.person, mine.day, code, _told(value, code, test, number, mine, given, quirks)))
    person, day, code, answer = (np.concatenate(column) for column in zip(*parts, strict=True))
    key = person.astype(np.uint64) << np.uint64(9) | (day - scene.year.first).astype(np.uint64)
    key = (key << np.uint64(7) | code.astype(np.uint64)) << np.uint64(15) | answer.astype(np.uint64)
    key.sort()
    return {
        "person": (key >> np.uint64(31)).astype(np.int64),
        "day": scene.year.first + (key >> np.uint64(22) & np.uint64(0x1FF)).astype(np.int64),
        "code": (key >> np.uint64(15) & np.uint64(0x7F)).astype(np.int64),
        "answer": (key & np.uint64(0x7FFF)).astype(np.int64),
    }


def laboratory_columns(rows: Rows, pnr: pa.Array, given: Parameters) -> Columns:
    """Return the columns of `laboratorieproevesvar_`; `pnr` is that of each row."""
    found = answers(given)
    counted = np.bincount(rows["answer"].astype(np.int64), minlength=len(found.texts))
    used = np.flatnonzero(counted)
    compact = np.zeros(len(found.texts), np.int64)
    compact[used] = np.arange(len(used))
    return {
        "pnr": pnr,
        "npu": words(rows["code"], found.npu),
        "samplingdato": dates(rows["day"]),
        "samplevalue": words(compact[rows["answer"]], [found.texts[place] for place in used]),
        "unit": words(rows["code"], found.units),
    }


def answers(given: Parameters) -> Answers:
    """Return the codes and texts of these parameters, made once."""
    if given.digest not in _BY_DIGEST:
        tests = given.laboratory.test
        codes = [code for test in tests for code in _codes(test)]
        texts = [f"{value / 10**decimals:.{decimals}f}" for decimals in range(3) for value in range(VALUES)]
        texts += [f"<{code.low:.{code.decimals}f}" for code in codes]
        texts += [f">{code.high:.{code.decimals}f}" for code in codes]
        many = np.cumsum([1 + len(test.other) for test in tests])
        _BY_DIGEST[given.digest] = Answers(
            npu=tuple(code.npu for code in codes),
            units=tuple(code.unit for code in codes),
            first=tuple(int(place) for place in [0, *many[:-1]]),
            texts=(*texts, "ikke påvist", "Aflyst"),
            below=3 * VALUES,
            above=3 * VALUES + len(codes),
            negative=len(texts),
            cancelled=len(texts) + 1,
        )
    return _BY_DIGEST[given.digest]


def _codes(test: Test) -> list[_Reported]:
    usual = _Reported(test.npu, test.unit, test.decimals, test.low, test.high)
    others = [
        _Reported(o.npu, o.unit, o.decimals, test.low * o.factor + o.plus, test.high * o.factor + o.plus)
        for o in test.other
    ]
    return [usual, *others]


def _rates(scene: Scene, given: Parameters) -> list[Floats]:
    """Return, per test, how often a year each person has it taken outside hospital stays."""
    age = np.clip(scene.age, 0, OLDEST)
    rules = given.laboratory.taking
    reached = scene.access * np.exp(rules.frailty * scene.people.frailty - rules.frailty**2 / 2) * scene.there()
    middle = scene.year.first + scene.year.length // 2
    known = {
        name: np.flatnonzero(scene.recognised[:, given.index(name)] < middle)
        for name in sorted({name for test in given.laboratory.test for name in test.more})
    }
    found = []
    for test in given.laboratory.test:
        rate = by_age(test.rate)[age]
        for name, more in test.more.items():
            rate[known[name]] += more
        found.append(np.where(age >= test.from_age, rate * reached, 0.0))
    return found


def _samples(scene: Scene, often: Floats, given: Parameters) -> Samples:
    """Return the year's samples: on working days for those outside hospital, spread over the stay for those in it."""
    person, bits = scene.events("samples", poisson(scene.uniforms("samples", 4)[:, 0], often))
    day = on_open_days(scene.any_day(bits, 1), bits, SHUT, scene.year.first + scene.year.length - 1)
    rules = given.laboratory.taking
    start, end = (scene.stays[name].astype(np.int64) // DAY for name in ("start", "end"))
    many = np.minimum(1 + np.floor((end - start) * rules.samples_per_day).astype(np.int64), rules.most_samples)
    stay = np.repeat(np.arange(len(many)), many)
    turn = np.arange(len(stay)) - np.repeat(np.cumsum(many) - many, many)
    patient = scene.stays["person"].astype(np.int64)[stay]
    minute = scene.stays["start"].astype(np.int64)[stay] - scene.year.first * DAY
    of_stay = hashed(scene.keys[patient], "samples of a stay", minute * rules.most_samples + turn, scene.year.number)
    within_stay = start[stay] + turn * (end - start)[stay] // np.maximum(many[stay], 1)
    person, day = np.concatenate([patient, person]), np.concatenate([within_stay, day])
    in_stay = np.arange(len(person)) < len(of_stay)
    samples = Samples(person, day, np.concatenate([of_stay, bits]), in_stay)
    inside = np.flatnonzero(scene.within(person, day))
    _, first = np.unique(person[inside] << 9 | (day[inside] - scene.year.first), return_index=True)
    return samples.take(inside[first])  # one a day


def _other_code(test: Test, place: Floats, year: int) -> NDArray[np.int64]:
    """Return 0 for the usual code, else which of the test's other codes the person's laboratory reports that year."""
    found = np.zeros(len(place), np.int64)
    passed = 0.0
    for number, code in enumerate(test.other, 1):
        if code.first <= year <= code.last:
            found[(place >= passed) & (place < passed + code.share)] = number
        passed += code.share
    return found


def _told(
    value: Floats, code: NDArray[np.int64], test: Test, number: int, mine: Samples, given: Parameters, quirks: Set[str]
) -> NDArray[np.int64]:
    """Return the place of each answer's text."""
    found, rules = answers(given), given.laboratory.taking
    clipped = np.clip(value, test.low, test.high)
    answer: NDArray[np.int64] = np.floor(clipped * 10**test.decimals + 0.5).astype(np.int64) + VALUES * test.decimals
    for place, other in enumerate(test.other, 1):
        rows = np.flatnonzero(code == found.first[number] + place)
        told = (clipped[rows] * other.factor + other.plus) * 10**other.decimals
        answer[rows] = np.floor(told + 0.5).astype(np.int64) + VALUES * other.decimals
    if "text_values" not in quirks:
        return answer
    low, high = value < test.low, value > test.high
    answer[low] = found.below + code[low]
    answer[high] = found.above + code[high]
    draw = unit(mine.bits, 2 + number)
    if test.negative:
        answer[low & (draw > 1 - rules.negative)] = found.negative
    answer[draw < rules.cancelled] = found.cancelled
    return answer
