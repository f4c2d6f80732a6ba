"""Scenes made by hand: settled people, the conditions one gives them, and one year of theirs."""

from dataclasses import fields, replace

import numpy as np

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People, newcomers, settle
from pipelines.synthesis.scene import Scene
from pipelines.synthesis.streams import Draws

FIRST_DAY = 16436  # 2015-01-01
NO_STAYS = {
    "person": np.zeros(0, np.int64),
    "start": np.zeros(0, np.int64),
    "end": np.zeros(0, np.int64),
    "kind": np.zeros(0, np.int8),
    "condition": np.zeros(0, np.int16),
}


def settled(given: Parameters, residents: int, *, years: int = 1, seed: int = 5, first_day: int = FIRST_DAY) -> People:
    """Return so many first residents, then those who come in the years after."""
    return settle(draws(given, residents, years=years, seed=seed), given, residents, first_day, years)


def draws(given: Parameters, residents: int, *, years: int = 1, seed: int = 5) -> Draws:
    """Return the numbers of the people of `settled`."""
    return Draws(seed, 0, residents + years * sum(newcomers(given, residents)))


def scene_of(
    people: People,
    given: Parameters,
    *,
    year: int = 2015,
    has: dict[str, object] | None = None,
    recognised: dict[str, object] | None = None,
    seed: int = 5,
    **other: object,
) -> Scene:
    """Return a year of these people: `has` names conditions and the day (of all, or one per person) they began.

    Care knows a condition from its first day, unless `recognised` names another; NEVER is no day. `other` replaces
    what else a scene holds: `access` is 1, nobody is severely ill, has stays, home care or a place in a care home,
    women of 25-45 have a child, and nobody gives birth.
    """
    n, when = len(people), given.year(year)
    onset = np.full((n, len(given.names)), NEVER, np.int32)
    for name, day in (has or {}).items():
        onset[:, given.index(name)] = day
    known = onset.copy()
    for name, day in (recognised or {}).items():
        known[:, given.index(name)] = day
    drawn = Draws(seed, 0, n)
    last = when.first + when.length - 1
    age = people.age(when.first)
    scene = Scene(
        people=people,
        year=when,
        draws=drawn,
        keys=drawn.keys(),
        onset=onset,
        recognised=known,
        begins=np.maximum(people.entry, when.first).astype(np.int32),
        ends=np.minimum(np.minimum(people.death, people.emigration - 1), last).astype(np.int32),
        age=age,
        stays=dict(NO_STAYS),
        until=np.zeros(n, np.int64),
        psych_until=np.zeros(n, np.int64),
        severe=np.zeros(n, bool),
        home_care=np.full(n, NEVER, np.int32),
        care_home=np.full(n, NEVER, np.int32),
        access=np.ones(n),
        children=((people.sex == 2) & (age >= 25) & (age <= 45)).astype(np.int8),
        births={"person": np.zeros(0, np.int64), "day": np.zeros(0, np.int64)},
    )
    return replace(scene, **other)


def part(scene: Scene, start: int, stop: int) -> Scene:
    """Return people start to stop of a scene, as another block would hold them; their families are left as they are."""
    rows = {name: _rows_of(getattr(scene, name), start, stop) for name in ("stays", "births")}
    found = {field.name: getattr(scene, field.name) for field in fields(scene)}
    cut = {name: values[start:stop] for name, values in found.items() if isinstance(values, np.ndarray)}
    return replace(scene, people=scene.people.part(start, stop), draws=scene.draws.part(start, stop), **rows, **cut)


def _rows_of(rows: dict, start: int, stop: int) -> dict:
    chosen = (rows["person"] >= start) & (rows["person"] < stop)
    found = {name: values[chosen] for name, values in rows.items()}
    return found | {"person": found["person"] - start}


def joined(first: dict, second: dict, people: int) -> dict:
    """Return the rows of two blocks as those of one; the first block holds so many people."""
    both = {name: np.concatenate([values, second[name]]) for name, values in first.items()}
    both["person"][len(first["person"]) :] += people
    return both
