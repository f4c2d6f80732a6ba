"""The life before the extract: conditions from birth to the day of entry, of people who lived to see that day.

A life is drawn in steps of years, with onsets and death; who dies before the day of entry is drawn anew, frailty and
all. So the old are the survivors they are in life: less frail than at birth, and with the diseases one can live with.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.hazards import hazards, onsets, total_death
from pipelines.synthesis.parameters import OLDEST, Parameters
from pipelines.synthesis.people import People, unseen
from pipelines.synthesis.recognition import access, recognise
from pipelines.synthesis.state import State, begin, unborn
from pipelines.synthesis.streams import Draws, Floats, Words, hashed, poisson, unit

T = TypeVar("T", People, State)
STEP = 5  # years
ATTEMPTS = 60  # lives drawn before the last one counts, dead or not


def grow_up(people: People, keys: Words, given: Parameters) -> State:
    """Return the state everyone enters with; sets the frailty and liability they were drawn with."""
    state = unborn(people, given)
    living = np.flatnonzero(people.birth < people.entry)
    for attempt in range(ATTEMPTS):
        if attempt:
            one, two = (unit(hashed(keys[living], "unseen", np.full(len(living), 2 * attempt + k))) for k in (0, 1))
            people.frailty[living], people.mind[living] = unseen(given, people.resources[living], one, two)
        survived = _one_life(people, state, living, keys[living], given, attempt)
        living = living[~survived]
        if len(living) == 0:
            break
    person, condition = np.nonzero(state.has())
    onset = state.onset[person, condition]
    reach = access(people, state, given)
    state.recognised[person, condition] = recognise(keys[person], condition, onset, reach[person], given)
    return state


def _one_life(
    people: People, state: State, living: NDArray[np.int64], keys: Words, given: Parameters, attempt: int
) -> NDArray[np.bool_]:
    """Draw a life for each, write it into the state, and return who survived it."""
    some = _rows(people, living)
    life = unborn(some, given)
    entry_age = (some.entry - some.birth) / 365.25
    survived = np.ones(len(living), bool)
    columns = np.arange(len(given.names) + 1)
    for age in range(0, OLDEST, STEP):
        rows = np.flatnonzero((entry_age > age) & survived)
        if len(rows) == 0:
            break
        whole = len(rows) == len(living)
        now, of_age = (life, some) if whole else (_rows(life, rows), _rows(some, rows))
        length = np.minimum(entry_age[rows] - age, STEP)
        at = np.full(len(rows), age + STEP / 2)
        rate = onsets(of_age, now, at, given) * _earlier(of_age, at, given)
        chance = -np.expm1(-rate * length[:, None])
        u = unit(hashed(keys[rows, None], f"life {attempt}", columns[None, :], age))
        who, what = np.nonzero(u[:, :-1] < chance)
        part = u[who, what] / chance[who, what] * length[who]
        when = some.birth[rows[who]] + np.floor((age + part) * 365.25)
        death = total_death(of_age, now, at, given) * length
        order = np.lexsort((what, when, who))
        begin(life, rows[who[order]], what[order], when[order].astype(np.int32), given)
        survived[rows[u[:, -1] < -np.expm1(-death)]] = False
    for name in State.__dataclass_fields__:
        getattr(state, name)[living] = getattr(life, name)
    return survived


def _earlier(people: People, age: Floats, given: Parameters) -> Floats:
    """Return the factor of the time on each onset, for people of an age: psychiatric illness was met less often."""
    rules = given.effects.earlier
    before = np.maximum(rules.year - (1970 + people.birth / 365.25 + age), 0.0)
    factor = np.maximum(rules.growth**-before, rules.least)
    found: Floats = np.where(given.psychiatric[None, :], factor[:, None], 1.0)
    return found


def _rows(table: T, rows: NDArray[np.int64]) -> T:
    """Return some rows of people or states, as copies."""
    return type(table)(**{name: getattr(table, name)[rows] for name in table.__dataclass_fields__})


def stays_before(people: People, state: State, draws: Draws, given: Parameters, first_day: int) -> None:
    """Draw how many stays the first residents had in the year before, from their own hazards."""
    year = given.year(int(1970 + (first_day + 1) / 365.2425))
    hazard = hazards(people, state, year, given)
    u = draws.uniforms("stays before", 4)
    first = people.entry < first_day
    somatic, psychiatric = poisson(u[:, 0], hazard.other + hazard.acsc), poisson(u[:, 1], hazard.psych)
    state.stays[first] = np.minimum(somatic, 100)[first]
    state.psych_stays[first] = np.minimum(psychiatric, 100)[first]
