"""What is true of each person on a day: conditions, what care knows of them, recent stays, care in the municipality.

A shard keeps one State; a block is a view of some of its rows. Sums and products over a person's conditions are kept up
to date as conditions begin, in their order, so that no matrix product is needed and no bit depends on the block.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.streams import Floats, place_in_run

Days = NDArray[np.int32]


@dataclass
class State:
    """One row per person; (people, conditions) arrays have the order of the parameters' conditions."""

    onset: Days
    recognised: Days
    effect: Floats  # (people, conditions): product of the hazard ratios of all conditions on each onset
    own: Floats  # (people, conditions): the person's own factor on each onset: resources, frailty, liability
    other: Floats  # sums of the weights of all conditions on each hazard
    acsc: Floats
    psych: Floats
    death: Floats  # of the somatic ones
    death_mental: Floats
    mental: NDArray[np.bool_]  # has any psychiatric condition
    stays: NDArray[np.int8]  # acute somatic stays in the year before
    psych_stays: NDArray[np.int8]
    until: NDArray[np.int64]  # minute of the last somatic discharge
    psych_until: NDArray[np.int64]
    after_acsc: NDArray[np.bool_]  # that last somatic stay was an ACSC one
    after_short: NDArray[np.bool_]  # it was a short one
    home_care: Days
    care_home: Days

    def part(self, start: int, stop: int) -> State:
        """Return rows start to stop, as views."""
        return State(**{field.name: getattr(self, field.name)[start:stop] for field in fields(self)})

    def has(self) -> NDArray[np.bool_]:
        """Return who has which condition by now."""
        return self.onset < NEVER


WEIGHTS = ("other", "acsc", "psych", "death")


def unborn(people: People, given: Parameters) -> State:
    """Return the state of people who have nothing yet."""
    n, k = len(people), len(given.names)
    return State(
        onset=np.full((n, k), NEVER, np.int32),
        recognised=np.full((n, k), NEVER, np.int32),
        effect=np.ones((n, k)),
        own=own_factors(people, given),
        other=np.zeros(n),
        acsc=np.zeros(n),
        psych=np.zeros(n),
        death=np.zeros(n),
        death_mental=np.zeros(n),
        mental=np.zeros(n, bool),
        stays=np.zeros(n, np.int8),
        psych_stays=np.zeros(n, np.int8),
        until=np.zeros(n, np.int64),
        psych_until=np.zeros(n, np.int64),
        after_acsc=np.zeros(n, bool),
        after_short=np.zeros(n, bool),
        home_care=np.full(n, NEVER, np.int32),
        care_home=np.full(n, NEVER, np.int32),
    )


def own_factors(people: People, given: Parameters) -> Floats:
    """Return the person's own factor on each onset rate, with mean 1 over a birth cohort."""
    effects = given.effects
    few = -people.resources[:, None] * given.column("resources")[None, :]
    somatic = effects.frailty * people.frailty - effects.frailty**2 / 2
    liable = effects.mind * people.mind - effects.mind**2 / 2
    unseen = np.where(given.psychiatric[None, :], liable[:, None], somatic[:, None])
    found: Floats = np.exp(few + unseen)
    return found


def begin(
    state: State, person: NDArray[np.int64], condition: NDArray[np.int64], day: NDArray[np.integer], given: Parameters
) -> None:
    """Let conditions begin: rows are ordered by person and time, and none of them has begun before."""
    if len(person) == 0:
        return
    state.onset[person, condition] = day
    ratios = np.exp(given.ratios)
    weights = {name: given.column(name) for name in WEIGHTS}
    psychiatric = given.psychiatric[condition]
    rank = place_in_run(person)
    for turn in range(int(rank.max()) + 1):  # each person once per turn, so that fancy indexing adds up
        rows = np.flatnonzero(rank == turn)
        who, what = person[rows], condition[rows]
        state.effect[who] *= ratios[what]
        state.other[who] += weights["other"][what]
        state.acsc[who] += weights["acsc"][what]
        state.psych[who] += weights["psych"][what]
        state.death[who] += np.where(psychiatric[rows], 0.0, weights["death"][what])
        state.death_mental[who] += np.where(psychiatric[rows], weights["death"][what], 0.0)
        state.mental[who] |= psychiatric[rows]
