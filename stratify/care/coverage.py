"""Whether offers reach those who have least: for equal need, as many that can be used, with a bridge or without.

An indicated need is an offer whose indication holds and whose time has not passed, for one person. It is met where
the offer is open (suitable, or suitable with a bridge), or where a counterpart that it names is: one that is offered
instead of it by a limit, or is so like it that one is enough. Somebody is shut out by a need of their own resources
that no bridge meets. People of a group are held against others of the same need level, age band and indicated
offer: the others' shares are weighted as the group's needs fall (direct standardisation). Intervals are those of a
bootstrap of people, by Poisson weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratify.care.people import YES, Flags, Floats
from stratify.care.recommend import weight
from stratify.care.weigh import NEED, OPEN, Weighed
from stratify.catalogue.offers import Offer

Ints = NDArray[np.int64]
BOOTSTRAPS = 200
SEED = 20261122


@dataclass(frozen=True)
class Needs:
    """Every indicated need: whose it is, of which offer, whether it is met and how; one row a person and offer."""

    offers: tuple[Offer, ...]
    person: Ints  # the row of the person
    offer: Ints  # the place among `offers`
    open: Ints  # how many offers are open for it: the offer itself and its counterparts
    shut: Flags  # closed by a need that nothing here meets
    weight: Floats  # how well a benefit of the offer is known

    @property
    def met(self) -> Flags:
        """Which needs have an offer that is open."""
        return self.open > 0


@dataclass(frozen=True)
class Gap:
    """A group's needs held against matched others': shares met or mean offers, and the difference with its interval."""

    people: int
    needs: int
    unmatched: int  # needs of the group that nobody else of the same level, age and offer has
    share: float
    others: float
    difference: float
    low: float
    high: float

    @property
    def behind(self) -> bool:
        """Whether the group is known to be met less: the whole interval lies below 0."""
        return self.high < 0


def indicated(weighed: Sequence[Weighed], given: Mapping[str, Flags] | None = None) -> Needs:
    """Return every indicated need of the people weighed; duties are no offers and are not counted.

    given: by offer, who is given it, where not everybody to whom it is open can be.
    """
    offers = [one for one in weighed if one.offer.kind == "offer"]
    is_open = {one.offer.id: np.isin(one.answer, OPEN) for one in offers} if given is None else given
    person, offer, found, shut = [], [], [], []
    for place, one in enumerate(offers):
        holds = one.indication == YES
        if one.window is not None:
            holds = holds & (one.window == YES)
        rows = np.flatnonzero(holds)
        person.append(rows)
        offer.append(np.full(len(rows), place))
        ways = open_for(one, is_open)
        found.append(ways[rows])
        shut.append(((one.answer == NEED) & (ways == 0))[rows])
    known = np.array([float(weight(one.offer)) for one in offers])
    places = np.concatenate(offer)
    return Needs(
        tuple(one.offer for one in offers),
        np.concatenate(person),
        places,
        np.concatenate(found),
        np.concatenate(shut),
        known[places],
    )


def offers_open(weighed: Sequence[Weighed], people: int, given: Mapping[str, Flags] | None = None) -> Needs:
    """Return how many offers are open to each person, as one row a person, to be held against others by `gap`."""
    offers = [one for one in weighed if one.offer.kind == "offer"]
    each = [np.isin(one.answer, OPEN) if given is None else given[one.offer.id] for one in offers]
    every, nothing = np.arange(people), np.zeros(people, np.int64)
    found = np.asarray(np.sum(each, axis=0), np.int64)
    return Needs((offers[0].offer,), every, nothing, found, nothing > 0, np.ones(people))


def open_for(one: Weighed, is_open: Mapping[str, Flags]) -> Ints:
    """Return for each person how many are open of an offer and its counterparts."""
    others: dict[str, Flags] = {}
    for exclude, truth in one.excludes:
        for other in set(exclude.instead) & set(is_open):
            others[other] = others.get(other, False) | ((truth == YES) & is_open[other])
    for other in {*(overlap.offer for overlap in one.offer.overlaps), *one.instead_of} & set(is_open):
        others[other] = is_open[other]
    return np.asarray(np.sum([is_open[one.offer.id], *others.values()], axis=0), np.int64)


def shut_out(needs: Needs, group: Flags) -> float:
    """Return the share of a group's people who are shut out of something that is indicated for them."""
    out = np.zeros(len(group), bool)
    out[needs.person[needs.shut]] = True
    return float(out[group].mean())


def gap(needs: Needs, group: Flags, cells: Ints, *, by_evidence: bool = False, mean: bool = False) -> Gap:
    """Return how a group's indicated needs are met beside others' of the same cell (need level and age) and offer.

    by_evidence: each need counts by how well a benefit of its offer is known, instead of as one. mean: how many offers
    are open for each, instead of whether one is.
    """
    of_group = group[needs.person]
    stratum = cells[needs.person] * len(needs.offers) + needs.offer
    counted = needs.weight if by_evidence else np.ones(len(stratum))
    both = np.intersect1d(np.unique(stratum[of_group & (counted > 0)]), np.unique(stratum[~of_group & (counted > 0)]))
    kept = np.isin(stratum, both) & (counted > 0)
    at = np.searchsorted(both, stratum[kept])
    value = needs.open if mean else needs.met
    sums = _Sums(at, of_group[kept], value[kept].astype(np.float64), counted[kept], len(both))
    draws = np.random.default_rng(SEED)
    people = needs.person[kept]
    told = np.array([sums.shares(draws.poisson(1.0, len(group))[people]) for _ in range(BOOTSTRAPS)])
    share, others = sums.shares(np.ones(len(people)))
    low, high = np.nanquantile(told[:, 0] - told[:, 1], [0.025, 0.975])
    whose = of_group & (counted > 0)
    return Gap(
        people=len(np.unique(needs.person[whose])),
        needs=int(whose.sum()),
        unmatched=int((whose & ~kept).sum()),
        share=share,
        others=others,
        difference=share - others,
        low=float(low),
        high=float(high),
    )


@dataclass(frozen=True)
class _Sums:
    at: Ints
    mine: Flags
    value: Floats
    counted: Floats
    strata: int

    def shares(self, drawn: Floats | NDArray[np.int64]) -> tuple[float, float]:
        """Return the mean value of the group, and of the others as the group's needs fall."""
        w = self.counted * drawn

        def total(which: Flags, weights: Floats) -> Floats:
            return np.asarray(np.bincount(self.at[which], weights[which], self.strata), np.float64)

        mine, others = total(self.mine, w), total(~self.mine, w)
        usable = (mine > 0) & (others > 0)
        if not usable.any():
            return float("nan"), float("nan")
        mine_sum, others_sum = total(self.mine, w * self.value), total(~self.mine, w * self.value)
        of_all = mine[usable].sum()
        return (
            float(mine_sum[usable].sum() / of_all),
            float((mine[usable] * others_sum[usable] / others[usable]).sum() / of_all),
        )
