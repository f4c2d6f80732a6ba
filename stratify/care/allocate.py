"""Which of many possible offers to people are given when places are few: the choice worth most, and how good it is.

An option is an offer to a person by a way, that is with certain bridges or with none. At most one way of an offer is
taken for a person, at most so many offers, and of offers that are apart one; no offer is given more often than it has
places, and no bridge than it has units. Up to `EXACT_UP_TO` pairs the choice is the best there is (HiGHS, a mixed
integer program). Of more, places go by prices (`stratify.care.prices`), beside a bound that tells how much better any
choice could be.

The answer does not depend on the order of the options. Among options worth the same, people's numbers decide: give
numbers drawn by lot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from stratify.care.prices import Market, by_prices

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
EXACT_UP_TO = 200_000  # pairs of person and offer: seconds to some minutes of HiGHS
SECONDS = 240.0  # that the exact way may take; after that places go by prices


@dataclass(frozen=True)
class Options:
    """What could be given: value float[n], and int[n] of person (any numbers), offer and way (from 0)."""

    value: Floats
    person: Ints
    offer: Ints
    way: Ints

    def __len__(self) -> int:
        return len(self.value)

    def of(self, rows: NDArray[Any]) -> Options:
        """Return some of the options, in this order."""
        return Options(self.value[rows], self.person[rows], self.offer[rows], self.way[rows])


@dataclass(frozen=True)
class Limits:
    """What there is: places int[offers], units int[bridges], and uses bool[ways, bridges]: of which a way takes a unit.

    per_person is None where people may have any number; apart are pairs of offers of which a person gets one at most.
    """

    places: Ints
    uses: Flags
    units: Ints
    per_person: int | None = None
    apart: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Allocation:
    """Which options are taken, bool[n], what they are worth together, and what no choice can exceed."""

    chosen: Flags
    value: float
    bound: float
    exact: bool  # the value is the highest there is

    @property
    def gap(self) -> float:
        """How much of the bound is not reached, from 0 to 1."""
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def allocate(options: Options, limits: Limits, *, exact_up_to: int = EXACT_UP_TO) -> Allocation:
    """Return the options to take. Those worth nothing or less, or whose offer or bridge has nothing, never are."""
    closed: Flags = np.any(limits.uses[:, limits.units <= 0], axis=1)
    can = (options.value > 0) & (limits.places[options.offer] > 0) & ~closed[options.way]
    cliques = _cliques(limits.apart)
    group = _groups(cliques, len(limits.places))
    rows = np.flatnonzero(can)
    rows = rows[np.lexsort([options.way[rows], options.offer[rows], group[options.offer[rows]], options.person[rows]])]
    kept = options.of(rows)
    taken, bound, exact = (
        _exactly(kept, limits, cliques) if _pairs(kept) <= exact_up_to else _by_prices(kept, limits, group)
    )
    chosen = np.zeros(len(options), bool)
    chosen[rows[taken]] = True
    value = float(kept.value[taken].sum(dtype=np.float64))
    return Allocation(chosen, value, value if exact else max(value, bound), exact)


def _pairs(options: Options) -> int:
    """Return how many pairs of person and offer there are, of options in order."""
    after = (options.person[1:] != options.person[:-1]) | (options.offer[1:] != options.offer[:-1])
    return int(after.sum()) + (len(options) > 0)


def _exactly(options: Options, limits: Limits, cliques: list[tuple[int, ...]]) -> tuple[Flags, float, bool]:
    """Return what is taken, a bound, and whether nothing better is possible."""
    if not len(options):
        return np.zeros(0, bool), 0.0, True
    table, most = _rows(options, limits, cliques)
    found = milp(
        -options.value.astype(np.float64),
        constraints=LinearConstraint(table, -np.inf, most),
        integrality=np.ones(len(options)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": SECONDS},
    )
    if found.status == 0:
        return found.x > 0.5, -float(found.fun), True
    return _by_prices(options, limits, _groups(cliques, len(limits.places)))  # the time was too short


def _rows(options: Options, limits: Limits, cliques: list[tuple[int, ...]]) -> tuple[csr_array, NDArray[np.int64]]:
    """Return the constraints as a table of 0 and 1, [constraints, options], and the most that each may come to."""
    person = np.unique(options.person, return_inverse=True)[1].astype(np.int64)
    pair = person * len(limits.places) + options.offer
    every = np.arange(len(options))
    parts = [(options.offer.astype(np.int64), every, limits.places.astype(np.int64))]
    for bridge, units in enumerate(limits.units):
        using = np.flatnonzero(limits.uses[options.way, bridge])
        parts.append((np.zeros(len(using), np.int64), using, np.array([units], np.int64)))
    parts.append(_at_most(pair, every, 1))
    for clique in cliques:
        parts.append(_at_most(person, np.flatnonzero(np.isin(options.offer, clique)), 1))
    if limits.per_person is not None:
        parts.append(_at_most(person, every, limits.per_person))
    starts = np.cumsum([0, *(len(most) for _, _, most in parts)])
    row = np.concatenate([at + start for (at, _, _), start in zip(parts, starts, strict=False)])
    column = np.concatenate([which for _, which, _ in parts])
    table = csr_array((np.ones(len(row)), (row, column)), shape=(starts[-1], len(options)))
    return table, np.concatenate([most for _, _, most in parts])


def _at_most(key: NDArray[np.int64], which: NDArray[np.intp], most: int) -> tuple[Any, Any, Any]:
    """Return the constraint that of these options, at most so many of each key; of keys with fewer there is none."""
    _, at, times = np.unique(key[which], return_inverse=True, return_counts=True)
    many = times > most
    kept = many[at]
    place = np.cumsum(many) - 1
    return place[at[kept]], which[kept], np.full(int(many.sum()), most, np.int64)


def _by_prices(options: Options, limits: Limits, group: Ints) -> tuple[Flags, float, bool]:
    person, times = np.unique(options.person, return_counts=True)
    first = np.zeros(len(person) + 1, np.int64)
    np.cumsum(times, out=first[1:])
    clash = np.eye(len(limits.places), dtype=bool)
    for one, other in limits.apart:
        clash[one, other] = clash[other, one] = True
    market = Market(
        options.value.astype(np.float32),
        options.offer.astype(np.int16),
        options.way.astype(np.int16),
        first,
        group.astype(np.int16),
        clash,
        min(limits.per_person or len(limits.places), len(limits.places)),
        limits.places.astype(np.int64),
        np.ascontiguousarray(limits.uses),
        limits.units.astype(np.int64),
    )
    return (*by_prices(market), False)


def _cliques(apart: tuple[tuple[int, int], ...]) -> list[tuple[int, ...]]:
    """Return sets of offers any two of which are apart, the largest first, that hold every pair."""
    edges = {frozenset(pair) for pair in apart if len(set(pair)) == 2}
    offers = sorted({offer for edge in edges for offer in edge})
    found: list[tuple[int, ...]] = []
    for edge in sorted(tuple(sorted(edge)) for edge in edges):
        if any(set(edge) <= set(clique) for clique in found):
            continue
        clique = list(edge)
        clique += list(_joining(clique, offers, edges))
        found.append(tuple(sorted(clique)))
    return sorted(found, key=lambda clique: (-len(clique), clique))


def _joining(clique: list[int], offers: list[int], edges: set[frozenset[int]]) -> Iterator[int]:
    """Yield the offers that are apart from all of a clique and from those yielded before."""
    members = list(clique)
    for offer in offers:
        if offer not in members and all(frozenset((offer, one)) in edges for one in members):
            members.append(offer)
            yield offer


def _groups(cliques: list[tuple[int, ...]], offers: int) -> NDArray[np.int64]:
    """Return the group of each offer: of cliques that share an offer, the first alone is a group."""
    group = np.full(offers, -1)
    for nth, clique in enumerate(cliques):
        if (group[list(clique)] < 0).all():
            group[list(clique)] = offers + nth
    alone = group < 0
    group[alone] = np.flatnonzero(alone)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)
