"""What happens to people's health: onsets, hazards on 1 January, deaths, moves out; and the truth about the year ahead.

The model runs in years. On 1 January the hazards of an acute admission (somatic, psychiatric) and of death follow from
the state of that day and stay constant through the year; onsets within the year act on them from the next 1 January.
Acute admission and death are then competing Poisson processes, and their 12-month probabilities have a closed form:
with a = a_somatic + a_psychiatric and death hazard m, P(admission) = a/(a+m) (1 - e^-(a+m)), P(death) = 1 - e^-m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.parameters import OLDEST, Parameters
from pipelines.synthesis.people import NEVER, People
from pipelines.synthesis.streams import Streams

Floats = NDArray[np.float64]


@dataclass
class Health:
    """Everyone's health: days of onset, and what the year before left behind."""

    onset: NDArray[np.int32]  # (people, conditions); NEVER: does not have it
    seen: NDArray[np.bool_]  # (people, conditions): comes to a hospital's knowledge
    form: NDArray[np.float32]  # (people, conditions): uniform; which form of the condition it is, or would be
    stays: NDArray[np.int32]  # acute somatic stays in the last year
    psychiatric_stays: NDArray[np.int32]
    drugs: NDArray[np.int32]  # drugs in regular use


@dataclass(frozen=True)
class Hazards:
    """Events per year, constant from this 1 January to the next; 0 for those not at risk."""

    somatic: Floats
    psychiatric: Floats
    death: Floats
    at_risk: NDArray[np.bool_]

    def admission_risk(self) -> Floats:
        """Return the probability of a first acute admission, somatic or psychiatric, before death, within the year."""
        return self._first(self.somatic + self.psychiatric)

    def somatic_risk(self) -> Floats:
        """Return the probability of a first acute somatic admission before death within the year."""
        return self._first(self.somatic)

    def death_risk(self) -> Floats:
        """Return the probability of death within the year."""
        return -np.expm1(-self.death)

    def _first(self, event: Floats) -> Floats:
        both = np.maximum(event + self.death, 1e-300)
        return event / both * -np.expm1(-both)


def birth_to_entry(people: People, streams: Streams, parameters: Parameters, step: int = 5) -> Health:
    """Return the health everyone enters with: onsets drawn in steps of years from birth to the day of entry."""
    n, k = len(people), len(parameters.conditions)
    onset = np.full((n, k), NEVER, np.int32)
    entry_age = (people.entry - people.birth) / 365.25
    for age in range(0, OLDEST, step):
        living = np.flatnonzero(entry_age > age)
        if len(living) == 0:
            break
        length = np.minimum(entry_age[living] - age, step)
        ages = np.full(len(living), age + step // 2, np.int32)
        rng = streams.at("burn-in", age + 1)
        hazard = onset_hazards(people, onset, living, ages, parameters)
        new = rng.random(hazard.shape) < -np.expm1(-hazard * length[:, None])
        who, what = np.nonzero(new & (onset[living] == NEVER))
        when = people.birth[living[who]] + (age + rng.random(len(who)) * length[who]) * 365.25
        onset[living[who], what] = when.astype(np.int32)
    seen = streams.at("seen").random((n, k)) < parameters.seen
    form = streams.at("form").random((n, k), dtype=np.float32)
    nothing = np.zeros(n, np.int32)
    return Health(onset, seen, form, nothing, nothing.copy(), nothing.copy())


def onset_hazards(
    people: People, onset: NDArray[np.int32], who: NDArray[np.int64], age: NDArray[np.int32], parameters: Parameters
) -> Floats:
    """Return onsets per year of each condition for some people of these ages, given what they have already."""
    has = onset[who] < NEVER
    hazard = parameters.rate[people.sex[who] - 1, np.clip(age, 0, OLDEST)]
    rank = np.asarray(parameters.education["rank"])[people.education[who]] - 1.0
    own = np.exp(rank[:, None] * parameters.education_log + parameters.frailty["onset"] * people.frailty[who, None])
    hazard = hazard * own * parameters.onset["scale"]
    mental = (has & parameters.psychiatric).any(axis=1)
    hazard[np.ix_(mental, ~parameters.psychiatric)] *= parameters.onset["mental"]
    for cause, effect, ratio in parameters.effects:
        hazard[has[:, cause], effect] *= ratio
    return hazard


def hazards(people: People, health: Health, day: int, parameters: Parameters) -> Hazards:
    """Return everyone's hazards from this 1 January, from what is so on the day before."""
    at_risk = people.resident(day - 1)
    age = people.age(day)
    has = health.onset < day
    acute, death, frailty = parameters.acute, parameters.death, people.frailty

    burden = bent(acute["condition"] * (has * parameters.acute_log).sum(axis=1), acute["saturation"])
    log = burden + acute["age_slope"] * np.clip(age - acute["age_from"], 0, 50) + parameters.frailty["acute"] * frailty
    log = log + acute["child"] * np.clip(1 - age / 10, 0, 1)
    log = log + acute["prior"] * (np.minimum(health.stays, 1) + 0.5 * np.clip(health.stays - 1, 0, 1))
    log = log + acute["drug"] * np.clip(health.drugs - acute["drugs_from"], 0, 10)
    somatic = acute["base"] * np.exp(log)

    log = bent((has * parameters.psychiatric_log).sum(axis=1), 4.5) + 0.4 * frailty
    log = log + acute["psychiatric_prior"] * np.minimum(health.psychiatric_stays, 1) - 0.02 * np.clip(age - 50, 0, 50)
    psychiatric = acute["psychiatric_base"] * np.exp(log) * (age >= 12)

    at60, slope = np.asarray(death["at60"]), np.asarray(death["slope"])
    base = at60[people.sex - 1] * np.exp(slope[people.sex - 1] * (np.clip(age, 0, OLDEST) - 60.0))
    log = bent((has * parameters.death_log).sum(axis=1), death["saturation"]) + parameters.frailty["death"] * frailty
    log = log + death["prior"] * np.minimum(health.stays, 2)
    mortality = (base * death["scale"] + death["floor"]) * np.exp(log)
    return Hazards(somatic * at_risk, psychiatric * at_risk, mortality * at_risk, at_risk)


def bent(total: Floats, ceiling: float) -> Floats:
    """Return a sum of effects that follows the sum at first and never exceeds the ceiling."""
    return ceiling * -np.expm1(-total / ceiling)


def leave(
    people: People, hazard: Hazards, window: tuple[int, int, int], streams: Streams, parameters: Parameters
) -> None:
    """Draw who dies and who moves out between this 1 January and the next, and on which day."""
    year, day, length = window
    n = len(people)
    waiting = streams.at("death", year).standard_exponential(n) / np.maximum(hazard.death, 1e-300)
    dies = hazard.at_risk & (waiting < 1.0)
    people.death[dies] = day + np.floor(waiting[dies] * length).astype(np.int32)
    rng = streams.at("emigration", year)
    age = people.age(day)
    rate = parameters.population["emigration"] * np.where((age >= 18) & (age < 40), 2.2, 0.45)
    goes = hazard.at_risk & (rng.random(n) < rate)
    on = day + np.floor(rng.random(n) * length).astype(np.int32)
    goes &= on < people.death
    people.emigration[goes] = on[goes]
    people.death[goes] = NEVER  # what happens elsewhere is not known here


def fall_ill(
    people: People, health: Health, window: tuple[int, int, int], streams: Streams, parameters: Parameters
) -> None:
    """Draw the onsets of the year, for those who are there to have them."""
    year, day, length = window
    who = np.flatnonzero(people.resident(day - 1))
    rng = streams.at("onset", year)
    shape = (len(people), len(parameters.conditions))
    draws = rng.random(shape)[who]
    hazard = onset_hazards(people, health.onset, who, people.age(day)[who], parameters)
    row, what = np.nonzero((draws < -np.expm1(-hazard)) & (health.onset[who] == NEVER))
    when = day + np.floor(streams.at("onset day", year).random(shape)[who[row], what] * length).astype(np.int32)
    there = when < people.last_day(int(NEVER) - 1)[who[row]]
    health.onset[who[row][there], what[there]] = when[there]
