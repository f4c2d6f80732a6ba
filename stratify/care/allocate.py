"""Which of many possible offers to people are given when places are few: the choice worth most, and how good it is.

An option is an offer to a person by a way, that is with certain bridges or with none. At most one way of an offer is
taken for a person, at most so many offers, and of offers that are apart one; no offer is given more often than it has
places, and no bridge than it has units. People with the same options, worth the same, are one kind; with up to
`EXACT_UP_TO` pairs of kind and offer the choice is the best there is (`stratify.care.exact`, with HiGHS). Of more, and
where that takes too long, places go by prices (`stratify.care.prices`), beside a bound that tells how much better any
choice could be.

The answer does not depend on the order of the options. Among people for whom the same counts the same, whoever has
fewer other offers comes first, and then the lower number: give numbers drawn by lot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratify.care.equals import settled
from stratify.care.exact import exactly
from stratify.care.kinds import kinds_of
from stratify.care.options import Flags, Ints, Limits, Options
from stratify.care.prices import Market, by_prices

__all__ = ["EXACT_UP_TO", "Allocation", "Limits", "Options", "allocate"]
EXACT_UP_TO = 200_000  # pairs of a kind of people and an offer: half a minute of HiGHS


@dataclass(frozen=True)
class Allocation:
    """Which options are taken, bool[n], what they are worth together, and what no choice can exceed."""

    chosen: Flags
    value: float
    bound: float
    exact: bool  # the value is the highest there is: to the point, or where values are not whole, to CLOSE of it

    @property
    def gap(self) -> float:
        """How much of the bound is not reached, from 0 to 1."""
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def allocate(options: Options, limits: Limits, *, exact_up_to: int = EXACT_UP_TO) -> Allocation:
    """Return the options to take. Those worth nothing or less, or whose offer or bridge has nothing, never are."""
    group = _groups(_cliques(limits.apart), len(limits.places))
    rows, alike = _worth_taking(options, limits, group)
    chosen = np.zeros(len(options), bool)
    if not len(rows):
        return Allocation(chosen, 0.0, 0.0, True)
    kept = options.of(rows)
    first = np.append(np.flatnonzero(np.diff(kept.person, prepend=kept.person[0] - 1)), len(rows))
    kinds = kinds_of(first, alike)
    found = None
    if _pairs(kept, first, kinds.one) <= exact_up_to:
        found = exactly(kept, limits, kinds, first)
    taken, bound, exact = found or (*_by_prices(kept, limits, group, first), False)
    taken = settled(taken, alike, first, kept.offer, limits.clash, limits.most)
    chosen[rows[taken]] = True
    value = float(kept.value[taken].sum(dtype=np.float64))
    return Allocation(chosen, value, value if exact else max(value, bound), exact)


def _worth_taking(options: Options, limits: Limits, group: Ints) -> tuple[Ints, Ints]:
    """Return the rows to choose among, by person, group and offer, and a number by offer, units taken and value.

    Of a person's ways to an offer that take the same units, the one worth most is kept.
    """
    closed: Flags = np.any(limits.uses[:, limits.units <= 0], axis=1)
    rows = np.flatnonzero((options.value > 0) & (limits.places[options.offer] > 0) & ~closed[options.way])
    takes = np.unique(limits.uses, axis=0, return_inverse=True)[1].reshape(-1)[options.way[rows]]
    one = options.of(rows)
    order = np.lexsort([one.way, -one.value, takes, one.offer, group[one.offer], one.person])
    rows, takes = rows[order], takes[order]
    one = options.of(rows)
    new = np.ones(len(rows), bool)
    new[1:] = (np.diff(one.person) != 0) | (np.diff(one.offer) != 0) | (np.diff(takes) != 0)
    levels, level = np.unique(one.value[new], return_inverse=True)
    alike = (one.offer[new].astype(np.int64) * len(limits.uses) + takes[new]) * len(levels) + level
    return rows[new], alike


def _pairs(options: Options, first: Ints, people: Ints) -> int:
    """Return how many pairs of these people and an offer there are, of options in order."""
    new = np.diff(options.offer, prepend=-1) != 0
    new[first[:-1]] = True
    return int(np.add.reduceat(new, first[:-1], dtype=np.int64)[people].sum())


def _by_prices(options: Options, limits: Limits, group: Ints, first: Ints) -> tuple[Flags, float]:
    market = Market(
        options.value.astype(np.float32),
        options.offer.astype(np.int16),
        options.way.astype(np.int16),
        first.astype(np.int64),
        group.astype(np.int16),
        limits.clash,
        limits.most,
        limits.places.astype(np.int64),
        np.ascontiguousarray(limits.uses),
        limits.units.astype(np.int64),
    )
    return by_prices(market)


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
