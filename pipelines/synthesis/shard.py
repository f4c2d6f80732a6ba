"""One shard of the region, year by year: who lives there, what happens to them, what registers and truth hold of it.

A shard is a fixed number of first residents with all who come to them; it is simulated by one process and writes files
of its own. Within a year people are taken in blocks of any size: only people's own numbers decide what happens to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, NEVER, Year, day_number
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.contacts import stay_causes
from pipelines.synthesis.cpr import fictitious_cpr
from pipelines.synthesis.growing_up import grow_up, stays_before
from pipelines.synthesis.happenings import Onsets, happen
from pipelines.synthesis.hazards import Factors, hazards
from pipelines.synthesis.homes import Homes, build_homes, leave_region, move_and_part
from pipelines.synthesis.municipal import begins_care, cared_for_before
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import BORN, People, newcomers, pseudonyms, settle
from pipelines.synthesis.policy import Policy
from pipelines.synthesis.recognition import access, recognise, severe
from pipelines.synthesis.registers import YearTables, standing_tables
from pipelines.synthesis.risk import true_risks
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.state import State, begin
from pipelines.synthesis.stays import leave_out, place_stays, remember
from pipelines.synthesis.streams import Draws, Floats, Words
from pipelines.synthesis.truth import TruthWriter
from pipelines.synthesis.write import Tables, digits

BLOCK = 8_192
ADDRESSES = 20  # bits of a person's place in the shard


@dataclass(frozen=True)
class Plan:
    """What to simulate; the same plan gives the same bytes."""

    people: int
    years: int
    end: date
    seed: int
    delivered: date
    quirks: frozenset[str]
    optional: bool = False  # the tables of out-of-hours doctors and ambulances
    policy: Policy | None = None
    block: int = BLOCK
    fictitious_cpr: bool = False  # numbers of people in the shape of a CPR, no pseudonyms

    @property
    def first_year(self) -> int:
        """The first calendar year."""
        return self.end.year - self.years + 1


@dataclass(frozen=True)
class Family:
    """What a block's people have of children: see Scene."""

    children: NDArray[np.int8]
    births: Rows


@dataclass
class Life:
    """A shard's people, their homes and their state."""

    people: People
    homes: Homes
    state: State
    draws: Draws
    keys: Words
    addresses: NDArray[np.int64]
    numbers: NDArray[np.int64]  # `pnr` of each as a number
    moving: NDArray[np.bool_]  # who was to move away this year, whether or not they lived to
    effects: Floats | None = None  # (people, 4): factors from offers, once a policy holds


def simulate_shard(
    part: int, residents: int, plan: Plan, given: Parameters, registers: Path, truth: Path, done: Callable[[], None]
) -> dict[str, int]:
    """Return the rows per register table, after writing a shard's files; `done` is called after each year."""
    codes = Codes(given)
    life = start(part, residents, plan, given)
    pnr = digits(life.numbers, 10 if plan.fictitious_cpr else 12)
    tables, written = Tables(registers, part), TruthWriter(Tables(truth, part), pnr, given)
    year_tables = YearTables(tables, pnr, codes, plan, given)
    year_tables.eve(life, given.year(plan.first_year))
    done()
    for number in range(plan.first_year, plan.end.year + 1):
        year = given.year(number)
        for scene, risks, at_risk in live_year(life, year, plan, codes, given):
            year_tables.add(scene, life)
            written.add(scene, risks, at_risk)
        written.write_year(year, life)
        year_tables.write(life, year)
        done()
    standing_tables(tables, pnr, life, plan, given)
    written.write_standing(life, plan)
    return tables.rows


def start(part: int, residents: int, plan: Plan, given: Parameters) -> Life:
    """Return a shard's people on the eve of the first year."""
    first_day = day_number(date(plan.first_year, 1, 1))
    count = residents + plan.years * sum(newcomers(given, residents))
    draws = Draws(plan.seed, part << ADDRESSES, count)
    people = settle(draws, given, residents, first_day, plan.years)
    keys, parts = draws.keys(), []
    for begins, stops in blocks(count, plan.block):
        some, own = people.part(begins, stops), draws.part(begins, stops)
        state = grow_up(some, keys[begins:stops], given)
        age = np.floor((some.entry - some.birth) / 365.25)
        state.home_care[:], state.care_home[:] = cared_for_before(some, age.astype(np.int32), state.has(), own, given)
        stays_before(some, state, own, given, first_day)
        parts.append(state)
    state = State(**{name: np.concatenate([getattr(each, name) for each in parts]) for name in vars(parts[0])})
    addresses = (part << ADDRESSES) + np.arange(count, dtype=np.int64)
    numbers = fictitious_cpr(people, part, plan.seed) if plan.fictitious_cpr else pseudonyms(plan.seed, addresses)
    nobody = np.zeros(count, bool)
    return Life(people, build_homes(draws, given), state, draws, keys, addresses, numbers, nobody)


def live_year(
    life: Life, year: Year, plan: Plan, codes: Codes, given: Parameters
) -> Iterator[tuple[Scene, dict[str, Floats], NDArray[np.bool_]]]:
    """Yield each block's scene, true risks and who was at risk on 1 January, after letting the year happen to it."""
    move_and_part(life.people, life.homes, life.draws, year, year.number - plan.first_year, given)
    until = np.maximum(life.state.until, life.state.psych_until)
    life.moving = leave_region(life.people, life.draws, year, until, given)
    children, mothers, days = _children(life.people, year)
    life.effects = None if plan.policy is None else plan.policy.factors(life, year, given)
    for begins, stops in blocks(len(life.people), plan.block):
        people, state = life.people.part(begins, stops), life.state.part(begins, stops)
        draws, keys = life.draws.part(begins, stops), life.keys[begins:stops]
        factors = None if life.effects is None else Factors(*life.effects[begins:stops].T)
        mine = (mothers >= begins) & (mothers < stops)
        family = Family(children[begins:stops], {"person": mothers[mine] - begins, "day": days[mine]})
        yield _live(people, state, draws, keys, year, codes, given, factors, family)


def _live(
    people: People,
    state: State,
    draws: Draws,
    keys: Words,
    year: Year,
    codes: Codes,
    given: Parameters,
    factors: Factors | None,
    family: Family,
) -> tuple[Scene, dict[str, Floats], NDArray[np.bool_]]:
    hazard = hazards(people, state, year, given, factors)
    risks = true_risks(hazard, given)
    found = happen(hazard, draws, keys, year.number, given)
    stays, death = place_stays(found, hazard, people, state, year, keys, given)
    _leave(people, death)
    stays = leave_out(stays, people.emigration.astype(np.int64) * DAY)
    before = (state.until.copy(), state.psych_until.copy())
    reach, serious = access(people, state, given), severe(state, NEVER, given)
    has = state.has()
    _fall_ill(people, state, hazard.starts, found.onsets, year, keys, reach, given)
    age = people.age(year.first)
    u = draws.uniforms("municipal care", 4, year.number)
    state.home_care[:], state.care_home[:] = begins_care(
        people, age, has, state.home_care, state.care_home, u, year, given
    )
    last = np.minimum(np.minimum(people.death, people.emigration - 1), year.first + year.length - 1)
    scene = Scene(
        people=people,
        year=year,
        draws=draws,
        keys=keys,
        onset=state.onset,
        recognised=state.recognised,
        begins=np.maximum(people.entry, year.first).astype(np.int32),
        ends=last.astype(np.int32),
        age=age,
        stays=stays,
        until=before[0],
        psych_until=before[1],
        severe=serious,
        home_care=state.home_care,
        care_home=state.care_home,
        access=reach,
        children=family.children,
        births=family.births,
    )
    _shown_by_stays(scene, codes, given)
    remember(stays, state, given)
    return scene, risks, hazard.at_risk


def _children(people: People, year: Year) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many children under 16 each has here, and by birth in the year its mother and day, by mother."""
    has = people.mother >= 0
    young = has & people.resident(year.first - 1) & (year.first - people.birth < 16 * 365.25)
    count = np.bincount(people.mother[young], minlength=len(people)).astype(np.int8)
    born = np.flatnonzero(has & (people.came == BORN) & (people.birth >= year.first)
                          & (people.birth < year.first + year.length))  # fmt: skip
    born = born[np.lexsort((people.birth[born], people.mother[born]))]
    return count, people.mother[born].astype(np.int64), people.birth[born].astype(np.int64)


def _leave(people: People, death: NDArray[np.int64]) -> None:
    """Note deaths; who dies first does not move away, and what happens elsewhere is not known here."""
    day = np.where(death >= 0, death // DAY, NEVER)
    dies = day < people.emigration
    people.emigration[dies & (day < NEVER)] = NEVER
    people.death[dies] = np.minimum(people.death[dies], day[dies])


def _fall_ill(
    people: People,
    state: State,
    starts: Floats,
    onsets: Onsets,
    year: Year,
    keys: Words,
    reach: Floats,
    given: Parameters,
) -> None:
    """Let the year's conditions begin, and draw when care comes to know them."""
    day = year.minute(starts[onsets.person] + (1 - starts[onsets.person]) * onsets.time) // DAY
    here = day < people.emigration[onsets.person]
    person, condition, day = onsets.person[here], onsets.condition[here], day[here]
    begin(state, person, condition, day.astype(np.int32), given)
    known = recognise(keys[person], condition, day, reach[person], given)
    state.recognised[person, condition] = np.where(onsets.admitted[here], day, known)


def _shown_by_stays(scene: Scene, codes: Codes, given: Parameters) -> None:
    """A disease that a stay is for is known from then on, if it was not."""
    condition, _ = stay_causes(scene, codes, given)
    rows = np.flatnonzero(condition >= 0)
    person, day = scene.stays["person"][rows], scene.stays["start"][rows] // DAY
    np.minimum.at(scene.recognised, (person, condition[rows]), day.astype(np.int32))


def blocks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last place (exclusive) of each block."""
    for begins in range(0, count, size):
        yield begins, min(begins + size, count)
