"""Places given out by prices: what each offer and bridge would cost if those who gain most from it had it.

A price is what the first one left out would have gained, over the next best that the person can have. Offer by offer
and bridge by bridge the price is set so that as many want it as there are places, given the others' prices (coordinate
descent on the dual of the relaxed problem); then places go to those who gain most over the prices. Where many gain the
same, prices stand still too early and nobody knows who of them should stand back: so a little is added to each value by
lot, less and less (`NOISE`). Whatever the prices are, what everybody would gain by them, and the worth of all places,
bound the best there can be from above.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stratify.features.loops import compiled

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
NOISE = (1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 1024)  # at most this share of the mean value is added
SWEEPS = 6  # at each of them
SEED = 20261122


class Market(NamedTuple):
    """Options sorted by person, group of offers and offer; what each asks for, and what there is.

    value float32[n], offer int16[n], way int16[n]: the options. first int64[people + 1]: where each person's begin.
    group int16[offers]: of offers in one group a person gets one at most. clash bool[offers, offers]: which of two no
    person gets both of, each with itself. limit: how many offers a person gets at most. places int64[offers],
    uses bool[ways, bridges], units int64[bridges].
    """

    value: Array
    offer: Array
    way: Array
    first: Array
    group: Array
    clash: Array
    limit: int
    places: Array
    uses: Array
    units: Array


def by_prices(market: Market) -> tuple[Flags, float]:
    """Return which options are taken, bool[n], and a bound that no way to take them can exceed."""
    prices, costs = np.zeros(len(market.places)), np.zeros(len(market.units))
    whose = np.repeat(np.arange(len(market.first) - 1, dtype=np.int32), np.diff(market.first))
    people = _people_of(market, whose, np.ones(len(whose), bool))
    helped = [_people_of(market, whose, market.uses[market.way, bridge]) for bridge in range(len(costs))]
    lot = np.random.default_rng(SEED).random(len(whose), np.float32)
    chosen, most, bound = np.zeros(len(whose), bool), -1.0, np.inf
    for share in NOISE:
        noisy = market._replace(value=market.value + np.float32(share * market.value.mean(dtype=np.float64)) * lot)
        for _ in range(SWEEPS):
            prices, costs = _sweep(noisy, people, helped, prices, costs)
        bound = min(bound, _bound(market, prices, costs))
        over = noisy.value - prices.astype(np.float32)[market.offer]
        over -= _of_ways(market, costs).astype(np.float32)[market.way]
        found = _filled(np.argsort(-over, kind="stable").astype(np.int32), whose, market)
        value = float(market.value[found].sum(dtype=np.float64))
        if value > most:
            chosen, most = found, value
    return chosen, bound


def _people_of(market: Market, whose: Array, which: Flags) -> list[Array]:
    """Return, by offer, the people who could have it by one of these options."""
    person, offer = whose[which], market.offer[which]
    fresh = np.ones(len(person), bool)
    fresh[1:] = (person[1:] != person[:-1]) | (offer[1:] != offer[:-1])
    person, offer = person[fresh], offer[fresh]
    ends = np.cumsum(np.bincount(offer, minlength=len(market.places)))
    return np.split(person[np.argsort(offer, kind="stable")], ends[:-1])


def _sweep(
    market: Market, people: list[Array], helped: list[list[Array]], prices: Floats, costs: Floats
) -> tuple[Floats, Floats]:
    """Return the prices of offers and bridges after each has been set once, given the others.

    people: by offer, who could have it; helped: by bridge and offer, who could have it with the bridge.
    """
    prices, costs = prices.copy(), costs.copy()
    by_any_way = np.ones(len(market.uses), bool)
    for offer, whom in enumerate(people):
        worth = _worth(market, whom, offer, by_any_way, prices, _of_ways(market, costs))
        prices[offer] = _clearing(worth, int(market.places[offer]))
    for bridge, by_offer in enumerate(helped):
        costs[bridge] = 0
        using, free = np.ascontiguousarray(market.uses[:, bridge]), _of_ways(market, costs)
        worth = np.concatenate(
            [_worth(market, whom, offer, using, prices, free) for offer, whom in enumerate(by_offer)]
        )
        costs[bridge] = _clearing(worth, int(market.units[bridge]))
    return prices, costs


def _of_ways(market: Market, costs: Floats) -> Floats:
    return np.asarray(market.uses @ costs, np.float64)


def _clearing(worth: Array, places: int) -> float:
    """Return the least price at which no more want it than there are places."""
    if len(worth) <= places:
        return 0.0
    at = len(worth) - 1 - places
    return max(0.0, float(np.partition(worth, at)[at]))


def _bound(market: Market, prices: Floats, costs: Floats) -> float:
    gains = _gains(market, prices, _of_ways(market, costs))
    return float(gains + market.places @ prices + market.units @ costs)


@compiled
def _insert(top: Array, size: int, limit: int, one: float) -> int:
    """Put one among the highest `limit`, the highest first; return how many there are."""
    if size == limit and one <= top[limit - 1]:
        return size
    at = min(size, limit - 1)
    while at > 0 and top[at - 1] < one:
        top[at] = top[at - 1]
        at -= 1
    top[at] = one
    return min(size + 1, limit)


@compiled
def _gains(market: Any, prices: Array, of_way: Array) -> float:
    """Return what all people would gain over these prices, each by the best they can have."""
    value, offer, way, first, group = market.value, market.offer, market.way, market.first, market.group
    limit = market.limit
    top = np.zeros(limit)
    total = 0.0
    for p in range(len(first) - 1):
        size, k = 0, first[p]
        while k < first[p + 1]:
            mine, best = group[offer[k]], 0.0
            while k < first[p + 1] and group[offer[k]] == mine:
                best = max(best, value[k] - prices[offer[k]] - of_way[way[k]])
                k += 1
            if best > 0:
                size = _insert(top, size, limit, best)
        for k in range(size):
            total += top[k]
    return total


@compiled
def _worth(market: Any, people: Array, wanted: int, using: Array, prices: Array, of_way: Array) -> Array:
    """Return, for each of these people, the most they would give for an offer, or for a bridge to it.

    It is what they gain by the ways `using` it, over what else they could have: the same offer by another way at its
    price, another of its group, or the least of the others they would have to leave for it.
    """
    value, offer, way, first, group = market.value, market.offer, market.way, market.first, market.group
    limit, whole = market.limit, using.all()
    top = np.zeros(limit)
    found = np.empty(len(people), np.float32)
    for j in range(len(people)):
        size, k, last = 0, first[people[j]], first[people[j] + 1]
        own, other, rival = -np.inf, -np.inf, 0.0
        while k < last:
            mine, best = group[offer[k]], 0.0
            while k < last and group[offer[k]] == mine:
                net = value[k] - of_way[way[k]]
                if offer[k] != wanted:
                    best = max(best, net - prices[offer[k]])
                elif using[way[k]]:
                    own = max(own, net)
                else:
                    other = max(other, net)
                k += 1
            if mine == group[wanted]:
                rival = best
            elif best > 0:
                size = _insert(top, size, limit, best)
        least = max(rival, top[limit - 1]) if size == limit else rival
        found[j] = own - least if whole else own - max(other, least + prices[wanted])
    return found


@compiled
def _filled(order: Array, whose: Array, market: Any) -> Array:
    """Return which options are taken when they are gone through in this order, each where there is room."""
    offer, way, first, clash, uses = market.offer, market.way, market.first, market.clash, market.uses
    places, units = market.places.copy(), market.units.copy()
    taken = np.zeros(len(order), np.bool_)
    for one in order:
        p, o = whose[one], offer[one]
        free, held = places[o] > 0, 0
        for b in range(len(units)):
            free = free and not (uses[way[one], b] and units[b] <= 0)
        if not free:
            continue
        for k in range(first[p], first[p + 1]):
            if taken[k]:
                held += 1
                free = free and not clash[offer[k], o]
        if free and held < market.limit:
            taken[one] = True
            places[o] -= 1
            for b in range(len(units)):
                units[b] -= uses[way[one], b]
    return taken
