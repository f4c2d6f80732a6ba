"""Who lives in a shard of the region: people, their families, education and resources, and their pseudonyms.

Everyone who will ever live there is laid down first (residents at the start, then those born or moving in each year),
so arrays keep their length and a person's numbers never move. What is laid down does not depend on anybody's health.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from pipelines.synthesis.calendar import NEVER, day_number
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.streams import Draws, Floats, hashed, unit

Days = NDArray[np.int32]
SHARD = 65_536  # first residents per shard: a file set, and the unit of work of a process
FEW = float(ndtri(0.2))  # resources below this are the lowest fifth
INTO_REGION, BORN, FIRST = 2, 1, 0
DIGITAL_POST = day_number(date(2014, 11, 1))


@dataclass
class People:
    """One array per attribute, one place per person; days are days since 1970-01-01."""

    sex: NDArray[np.int8]  # 1 man, 2 woman
    birth: Days
    entry: Days  # first day in the region
    came: NDArray[np.int8]  # FIRST at the start, BORN here, INTO_REGION by moving
    origin: NDArray[np.int8]  # 1 Danish, 2 immigrant, 3 descendant
    country: NDArray[np.int16]
    language: NDArray[np.int8]  # of the interpreter needed, -1 none
    resources: Floats  # standard normal: money, schooling, people around one; low is few
    education: NDArray[np.int8]  # index of the level reached as an adult
    income: Floats  # rank of the family's income among all, 0-1, but for noise by year
    frailty: Floats  # unobserved; drawn anew until the person lives to the day of entry
    mind: Floats  # unobserved psychiatric liability
    adherence: Floats
    digital_exempt: Days  # day of exemption from Digital Post, NEVER
    leaves_home: NDArray[np.int8]  # age at which one moves out
    household: NDArray[np.int32]
    partner: NDArray[np.int32]  # -1: none
    mother: NDArray[np.int32]  # -1: not in this region
    married: NDArray[np.bool_]
    death: Days
    emigration: Days  # first day away

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.sex)

    def part(self, start: int, stop: int) -> People:
        """Return people start to stop; their arrays are views, so that what happens to them is kept."""
        return People(**{field.name: getattr(self, field.name)[start:stop] for field in fields(self)})

    def age(self, day: int) -> NDArray[np.int32]:
        """Return everyone's age in whole years on a day; negative before birth."""
        return np.floor((day - self.birth) / 365.25).astype(np.int32)

    def resident(self, day: int) -> NDArray[np.bool_]:
        """Return who lives in the region at the end of a day."""
        return (self.entry <= day) & (self.death > day) & (self.emigration > day)

    def few(self) -> NDArray[np.bool_]:
        """Return who has few resources: the lowest fifth."""
        return self.resources < FEW


def settle(draws: Draws, given: Parameters, residents: int, first_day: int, years: int) -> People:
    """Return the people of a shard: `residents` before the first day, then the births and immigrants of each year.

    `draws` covers `residents + years * newcomers(...)` people.
    """
    population, n = given.population, draws.count
    births, moves = newcomers(given, residents)
    place = np.concatenate([np.full(residents, -1), np.tile(np.arange(births + moves), years)])
    year = np.concatenate([np.zeros(residents, int), np.repeat(np.arange(years), births + moves)])
    came = np.where(place < 0, FIRST, np.where(place < births, BORN, INTO_REGION)).astype(np.int8)
    u = draws.uniforms("people", 24)
    entry = np.where(place < 0, first_day - 1, first_day + np.floor((year + u[:, 0] * 0.998) * 365.25)).astype(np.int32)
    at_start = np.searchsorted(np.cumsum(given.pyramid), u[:, 1], side="right") + u[:, 2]
    moving = 18 + 9.0 * -np.log1p(-u[:, 1]) * (0.5 + u[:, 2])
    moving = np.where(u[:, 23] < 0.18, 16 * u[:, 2], np.minimum(moving, 90))  # some come as children
    age = np.where(came == FIRST, at_start, np.where(came == BORN, 0.0, moving))
    birth = (entry - np.floor(age * 365.25)).astype(np.int32)
    woman = u[:, 3] < np.where(came == FIRST, given.women[np.minimum(age.astype(int), len(given.women) - 1)], 0.49)
    foreign = u[:, 4] < np.where(came == INTO_REGION, 0.7, population.immigrant)
    origin = np.where(foreign, np.where((age < 18) & (came != INTO_REGION), 3, 2), 1)
    country = np.where(
        foreign, np.asarray(population.countries)[(u[:, 5] * len(population.countries)).astype(int)], 5100
    )
    contact = given.contact
    speaks = foreign & (origin == 2) & (u[:, 6] < contact.interpreter)
    language = np.where(speaks, np.floor(u[:, 7] * len(contact.languages)), -1)

    resources = ndtri(_open(u[:, 8])) - 0.55 * foreign
    education = _education(given, resources, birth, u[:, 9])
    income = ndtr(given.education.income * resources + np.sqrt(1 - given.education.income**2) * ndtri(_open(u[:, 10])))
    frailty, mind = unseen(given, resources, u[:, 11], u[:, 12])
    low = given.unseen.adherence_low
    exempt_day = _digital_exempt(given, birth, entry, came, resources, u[:, 14])
    never = np.full(n, NEVER, np.int32)
    people = People(
        sex=np.where(woman, 2, 1).astype(np.int8),
        birth=birth,
        entry=entry,
        came=came,
        origin=origin.astype(np.int8),
        country=country.astype(np.int16),
        language=language.astype(np.int8),
        resources=resources,
        education=education,
        income=income,
        frailty=frailty,
        mind=mind,
        adherence=low + (1 - low) * u[:, 13],
        digital_exempt=exempt_day.astype(np.int32),
        leaves_home=(18 + np.floor(7 * u[:, 16])).astype(np.int8),
        household=np.arange(n, dtype=np.int32),
        partner=np.full(n, -1, np.int32),
        mother=np.full(n, -1, np.int32),
        married=np.zeros(n, bool),
        death=never,
        emigration=never.copy(),
    )
    _families(people, u[:, 17:23], first_day, given)
    _immigrant_children(people, year, u[:, 22])
    return people


def newcomers(given: Parameters, residents: int) -> tuple[int, int]:
    """Return how many are born and how many move in each year, for so many first residents."""
    return round(residents * given.population.births), round(residents * given.population.immigration)


def unseen(given: Parameters, resources: Floats, one: Floats, two: Floats) -> tuple[Floats, Floats]:
    """Return frailty and psychiatric liability, standard normal and correlated as declared, from uniform numbers."""
    u = given.unseen
    rest = np.sqrt(1 - u.resources_mind**2)
    mind = u.resources_mind * resources + rest * ndtri(_open(one))
    between = u.frailty_mind - u.resources_frailty * u.resources_mind
    slope = between / rest**2
    base = u.resources_frailty - slope * u.resources_mind
    left = np.sqrt(max(1 - base**2 - slope**2 - 2 * base * slope * u.resources_mind, 0.05))
    return base * resources + slope * mind + left * ndtri(_open(two)), mind


def _education(given: Parameters, resources: Floats, birth: Days, u: Floats) -> NDArray[np.int8]:
    edu = given.education
    rho = edu.with_resources
    rank = ndtr(rho * resources + np.sqrt(1 - rho**2) * ndtri(_open(u)))
    decade = np.clip(1970 + birth / 365.25, edu.decades[0], edu.decades[-1])
    bounds = np.cumsum(np.asarray(edu.shares), axis=1)[:, :-1]
    cuts = np.stack([np.interp(decade, edu.decades, bounds[:, level]) for level in range(bounds.shape[1])])
    found: NDArray[np.int8] = (rank[None, :] >= cuts).sum(axis=0).astype(np.int8)
    return found


def _families(people: People, u: Floats, first_day: int, given: Parameters) -> None:
    """Pair the first residents into couples near in age, and give children a mother and her household."""
    age = (first_day - people.birth) / 365.25
    first = people.came == FIRST
    pairing = first & (age >= 25) & (u[:, 0] < given.population.coupled)
    pair(people, np.flatnonzero(pairing), age, u[:, 1])
    people.married[:] = (u[:, 2] < np.clip((age - 22) / 30, 0.0, 0.8)) & (people.partner >= 0)
    people.married &= np.where(people.partner >= 0, people.married[people.partner], False)
    grown = people.leaves_home * 365.25 <= first_day - people.birth
    for years in range(25, -1, -1):
        children = np.flatnonzero(first & ~grown & (np.floor(age) == years))
        born = first_day - round((years + 0.5) * 365.25)
        give_mothers(people, children, np.flatnonzero(first & (people.sex == 2)), born, float(u[0, 3]))


def give_mothers(people: People, children: NDArray[np.int64], women: NDArray[np.int64], born: int, u: float) -> None:
    """Give children of one year mothers among these women: of fitting age, one child a year, with time between them."""
    age = (born - people.birth[women]) / 365.25
    latest = np.full(len(people), -(10**6))
    has = np.flatnonzero(people.mother >= 0)
    np.maximum.at(latest, people.mother[has], people.birth[has])
    rested = born - latest[women] > 600
    weight = np.where((age > 17) & (age < 46) & rested, np.exp(-(((age - 30.8) / 5.2) ** 2) / 2), 0.0)
    cumulated = np.cumsum(weight)
    if len(women) == 0 or cumulated[-1] == 0 or len(children) == 0:
        return
    points = (np.arange(len(children)) + u) / len(children) * cumulated[-1]
    mothers = women[np.minimum(np.searchsorted(cumulated, points, side="right"), len(women) - 1)]
    people.mother[children] = mothers
    people.household[children] = people.household[mothers]


def _immigrant_children(people: People, year: NDArray[np.int64], u: Floats) -> None:
    """Let children who move in come with a woman of their year who could be their mother; else they come as adults."""
    age = (people.entry - people.birth) / 365.25
    moving = people.came == INTO_REGION
    for each in np.unique(year[moving]):
        children = np.flatnonzero(moving & (year == each) & (age < 18))
        women = np.flatnonzero(moving & (year == each) & (age >= 18) & (people.sex == 2))
        older = age[None, women] - age[children, None]
        weight = np.where((older > 18) & (older < 44), np.exp(-(((older - 29) / 6) ** 2) / 2), 0.0)
        cumulated = np.cumsum(weight, axis=1)
        has = cumulated[:, -1] > 0 if len(women) else np.zeros(len(children), bool)
        chosen = (cumulated[has] <= (u[children[has]] * cumulated[has, -1])[:, None]).sum(axis=1) if has.any() else []
        mothers, with_her = women[np.asarray(chosen, np.int64)], children[has]
        people.mother[with_her], people.household[with_her] = mothers, mothers
        people.entry[with_her] = np.maximum(people.entry[mothers], people.birth[with_her] + 1)
        people.birth[children[~has]] -= round(20 * 365.25)


def _digital_exempt(
    given: Parameters, birth: Days, entry: Days, came: NDArray[np.int8], resources: Floats, u: Floats
) -> Days:
    """Return the day from which each is exempt from Digital Post: at an age that a person's number gives, or NEVER.

    Nobody is before 15, or before Digital Post became the rule on 1 November 2014.
    """
    contact = given.contact
    factor = np.where(resources < FEW, contact.digital_exempt_few, 0.8)
    wanted = (u / factor - contact.digital_exempt_young) / (contact.digital_exempt_old - contact.digital_exempt_young)
    age = np.where(wanted <= 0, 15.0, 60 + 30 * np.maximum(wanted, 0.0) ** (1 / 1.5))
    day = np.maximum(birth + np.floor(age * 365.25), DIGITAL_POST)
    day = np.where(came == INTO_REGION, np.maximum(day, entry + 30), day)
    found: Days = np.where(age <= 95, day, NEVER).astype(np.int32)
    return found


def pair(people: People, chosen: NDArray[np.int64], age: Floats, u: Floats) -> None:
    """Make couples of the chosen, who have no partner: each moves in with the one next to them by age."""
    near = age + 2.0 * ndtri(_open(u)) + np.where(people.sex == 1, -1.0, 1.0)
    men, women = (chosen[people.sex[chosen] == sex] for sex in (1, 2))
    pairs = min(len(men), len(women))
    # the surplus of either sex is left out evenly over ages
    men, women = (who[np.lexsort((who, near[who]))] for who in (men, women))
    men = men[(np.arange(pairs) * len(men) // max(pairs, 1))]
    women = women[(np.arange(pairs) * len(women) // max(pairs, 1))]
    people.partner[men], people.partner[women] = women, men
    people.household[women] = people.household[men]


def pseudonyms(seed: int, addresses: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number of at most 12 digits for each address, distinct for distinct ones; see `pnr_digits`.

    Four rounds of a Feistel network mix the two halves of the address; each round can be undone, so no two people meet.
    """
    left, right = np.divmod(addresses, RIGHT)
    key = np.full(len(addresses), seed, np.uint64)
    for turn in range(4):
        left = (left + np.floor(unit(hashed(key, f"pnr left {turn}", right)) * LEFT).astype(np.int64)) % LEFT
        right = (right + np.floor(unit(hashed(key, f"pnr right {turn}", left)) * RIGHT).astype(np.int64)) % RIGHT
    first, second = np.divmod(left, len(PAIRS))
    third, rest = np.divmod(right, 10**6)
    number: NDArray[np.int64] = ((first * 100 + PAIRS[second]) * 100 + _no_month(third)) * 10**6 + rest
    return number


# digits 3-4: no month, and their second digit begins none, so that no month stands at digits 3-4, 4-5 or 5-6: none of
# the three ten-digit numbers in a pseudonym has the date of a CPR number
PAIRS = np.array([pair for pair in range(13, 100) if pair % 10 > 1])
LEFT, RIGHT = 100 * len(PAIRS), 88 * 10**6  # digits 1-4, and 5-12


def _no_month(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 or 13-99: what no month is."""
    return np.where(value == 0, 0, value + 12)


def _open(u: Floats) -> Floats:
    """Uniform numbers kept off 0 and 1."""
    return np.clip(u, 1e-12, 1 - 1e-12)
