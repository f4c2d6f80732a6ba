"""Who lives in the region: people, their homes and partners, where they come from, and their pseudonyms.

Everyone who will ever live there is laid down first (residents at the start, then those born or moving in each year),
so that arrays keep their length. People are numbered in the order of their pseudonyms: a table sorted by person is
sorted by `pnr`, and the order says nothing else about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.parameters import Parameters, pyramid
from pipelines.synthesis.streams import Streams

NEVER = np.int32(2**31 - 1)  # a day that does not come
Days = NDArray[np.int32]


@dataclass
class People:
    """One array per attribute, one place per person; days are days since 1970-01-01."""

    pnr: NDArray[np.str_]
    sex: NDArray[np.int8]  # 1 man, 2 woman
    birth: Days
    entry: Days  # first day in the region
    immigrated: NDArray[np.bool_]  # entered by moving in after the start
    origin: NDArray[np.int8]  # 1 Danish, 2 immigrant, 3 descendant
    education: NDArray[np.int8]  # index of the level reached as an adult
    frailty: NDArray[np.float64]  # standard normal, unobserved
    adherence: NDArray[np.float64]
    household: NDArray[np.int32]
    partner: NDArray[np.int32]  # -1: none
    married: NDArray[np.bool_]
    leaves_home: NDArray[np.int8]  # age at which one moves out
    home: NDArray[np.int16]  # index of the municipality, by household
    death: Days  # NEVER until it happens
    emigration: Days

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.sex)

    def age(self, day: int) -> NDArray[np.int32]:
        """Return everyone's age in whole years on a day; negative before birth."""
        return np.floor((day - self.birth) / 365.25).astype(np.int32)

    def resident(self, day: int) -> NDArray[np.bool_]:
        """Return who lives in the region at the end of a day."""
        return (self.entry <= day) & (self.death > day) & (self.emigration > day)

    def last_day(self, end: int) -> Days:
        """Return the last day anything can be recorded about each: death, the day before moving out, or the end."""
        return np.minimum(np.minimum(self.death, self.emigration - 1), end)

    def municipality(self) -> NDArray[np.int16]:
        """Return the index of everyone's municipality now."""
        return self.home[self.household]


def settle(streams: Streams, parameters: Parameters, residents: int, first_day: int, years: int) -> People:
    """Return the people of a region: `residents` before the first day, and the births and immigrants of each year."""
    population = parameters.population
    births, moves = round(residents * population["births"]), round(residents * population["immigration"])
    cohorts = [np.zeros(residents, np.int16)] + [np.full(births + moves, year + 1, np.int16) for year in range(years)]
    cohort = np.concatenate(cohorts)
    n = len(cohort)
    place = np.concatenate([np.full(residents, -1)] + [np.arange(births + moves)] * years)
    newborn = (place >= 0) & (place < births)
    immigrated = place >= births

    rng = streams.at("people")
    entry = np.where(cohort == 0, first_day - 1, first_day + (cohort - 1) * 365.25 + rng.random(n) * 364).astype(
        np.int32
    )
    age = np.searchsorted(np.cumsum(pyramid(population)), rng.random(n)) + rng.random(n)
    age = np.where(immigrated, np.clip(18 + rng.gamma(2.0, 7.0, n), 0, 90), np.where(newborn, 0.0, age))
    birth = np.where(newborn, entry, entry - 1 - np.floor(age * 365.25)).astype(np.int32)
    # more women among the old: men of the same age have died
    woman = rng.random(n) < 0.5 + np.clip(age - 65, 0, 30) * 0.006
    sex = np.where(woman, 2, 1).astype(np.int8)
    foreign = rng.random(n) < np.where(immigrated, 0.75, population["immigrant"])
    origin = np.where(foreign, np.where((age < 18) & ~immigrated, 3, 2), 1).astype(np.int8)
    frailty = rng.standard_normal(n) - 0.012 * np.clip(age - 55, 0, None)  # the frail of a cohort are gone first
    shares = np.cumsum(parameters.education["shares"])
    education = np.minimum(np.searchsorted(shares, rng.random(n) * shares[-1]), len(shares) - 1).astype(np.int8)
    low = parameters.frailty["adherence_low"]
    adherence = low + (1 - low) * rng.random(n)
    leaves_home = (18 + rng.integers(0, 7, n)).astype(np.int8)

    household, partner = _households(streams.at("households"), age, sex, cohort, newborn, population["coupled"])
    married = rng.random(n) < np.clip((age - 22) / 30, 0.0, 0.8)
    married = married & (partner >= 0) & married[partner]
    # homes for those who will leave their parents: one more household per person, mostly unused
    weight = np.cumsum(parameters.municipality_weight)
    draws = rng.random(household.max() + 1 + n) * weight[-1]
    home = np.minimum(np.searchsorted(weight, draws), len(weight) - 1).astype(np.int16)

    order = rng.permutation(n)  # pseudonyms are sorted, people are not
    back = np.empty(n, np.int32)
    back[order] = np.arange(n, dtype=np.int32)
    never = np.full(n, NEVER, np.int32)
    return People(
        pnr=pseudonyms(streams.at("pnr"), n),
        sex=sex[order],
        birth=birth[order],
        entry=entry[order],
        immigrated=immigrated[order],
        origin=origin[order],
        education=education[order],
        frailty=frailty[order],
        adherence=adherence[order],
        household=household[order],
        partner=np.where(partner[order] >= 0, back[partner[order]], -1).astype(np.int32),
        married=married[order],
        leaves_home=leaves_home[order],
        home=home,
        death=never,
        emigration=never.copy(),
    )


def _households(
    rng: np.random.Generator,
    age: NDArray[np.float64],
    sex: NDArray[np.int8],
    cohort: NDArray[np.int16],
    newborn: NDArray[np.bool_],
    coupled: float,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return each one's household and partner: couples near in age, children with parents, others alone."""
    n = len(age)
    partner = np.full(n, -1, np.int32)
    start = cohort == 0
    pairing = start & (age >= 25) & (rng.random(n) < coupled)
    near = age + rng.normal(0, 2.0, n) + np.where(sex == 1, -1.0, 1.0)
    men = np.flatnonzero(pairing & (sex == 1))
    women = np.flatnonzero(pairing & (sex == 2))
    pairs = min(len(men), len(women))
    men = np.sort(rng.permutation(men)[:pairs])
    women = np.sort(rng.permutation(women)[:pairs])
    men, women = men[np.argsort(near[men], kind="stable")], women[np.argsort(near[women], kind="stable")]
    partner[men], partner[women] = women, men

    household = np.arange(n, dtype=np.int32)
    household[women] = household[men]
    parents = women[(age[women] > 22) & (age[women] < 52)]
    grown = np.where(age < 18, True, age < 18 + 4 * rng.random(n)) & (start | newborn)
    children = np.flatnonzero(grown)
    if len(parents):
        fitting = parents[np.argsort(age[parents], kind="stable")]
        wanted = np.clip(age[children] + rng.normal(30, 4, len(children)), 23, 51)
        at = np.clip(np.searchsorted(age[fitting], wanted), 0, len(fitting) - 1)
        at = np.clip(at + rng.integers(-3, 4, len(children)), 0, len(fitting) - 1)
        household[children] = household[fitting[at]]
    return household, partner


def pseudonyms(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Return distinct strings of 12 digits in ascending order, none readable as a date in digits 1-6 or 3-8.

    Digits 3-4 and 5-6 would be the months; they are 00 or 13-99, which no month is. Leading zeros occur.
    """
    months = np.array([0, *range(13, 100)], dtype=np.int64)
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < count:
        more = count - len(drawn) + 16
        number = rng.integers(0, 100, more) * 10**10 + months[rng.integers(0, 88, more)] * 10**8
        number = number + months[rng.integers(0, 88, more)] * 10**6 + rng.integers(0, 10**6, more)
        drawn = np.unique(np.concatenate([drawn, number]))
    chosen = np.sort(rng.permutation(drawn)[:count])
    digits = (chosen[:, None] // 10 ** np.arange(11, -1, -1, dtype=np.int64)) % 10 + ord("0")
    return np.ascontiguousarray(digits.astype(np.uint32)).view("<U12").ravel()


def leave_home(people: People, day: int, year_index: int) -> None:
    """Move those who have reached their age into a household of their own, in the municipality drawn for it."""
    age = people.age(day)
    spare = len(people.home) - len(people)
    own = spare + np.arange(len(people), dtype=np.int32)
    going = (people.partner < 0) & (age == people.leaves_home) & (people.household < spare) & (people.entry < day)
    # most stay where they grew up
    stay = (np.arange(len(people)) + year_index) % 3 > 0
    people.home[own[going & stay]] = people.home[people.household[going & stay]]
    people.household[going] = own[going]


def move_house(people: People, rng: np.random.Generator, parameters: Parameters) -> None:
    """Let some households change municipality."""
    weight = np.cumsum(parameters.municipality_weight)
    moving = rng.random(len(people.home)) < parameters.population["moves"]
    new = np.minimum(np.searchsorted(weight, rng.random(len(people.home)) * weight[-1]), len(weight) - 1)
    people.home[moving] = new[moving]
