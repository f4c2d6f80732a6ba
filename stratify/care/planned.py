"""Whom to reach first when places are few: the open offers of many people, valued, and those that are given.

Only what is open (suitable, with a bridge or without) is planned, of offers that have places. Offers that may never be
both given, and coordinators, of whom one is enough, are settled as the offers are weighed; of offers of which one is
enough a person is given one at most. Among people for whom the same counts for equally much, whoever is given fewer
other offers comes first, and then the lot decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratify.care.allocate import EXACT_UP_TO, Allocation, Limits, Options, allocate
from stratify.care.capacity import Capacity
from stratify.care.people import YES, Flags, People
from stratify.care.priority import points, priority
from stratify.care.ways import Way, ways_of
from stratify.care.weigh import DECLINED, IN_USE, OPEN, PREFERENCE, SUITABLE, Given, Weighed, Weigher
from stratify.catalogue import Catalogue
from stratify.catalogue.offers import Offer
from stratify.strata import levels, places

REMOTE = frozenset({"tablet", "video"})
CHOSEN = (DECLINED, PREFERENCE, IN_USE)
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Remote:
    """An offer given by tablet or video: for whom it is meant, who can use it as they are, and who with a bridge."""

    eligible: Flags
    as_they_are: Flags
    with_bridges: Flags


@dataclass(frozen=True)
class Planned:
    """A plan: who is given what, and beside it everybody to whom it is open.

    Options and their ways are by row of `options`, whose person is the row of the people; `chosen` are those given.
    """

    offers: tuple[Offer, ...]  # those that have places
    without: tuple[Offer, ...]  # those that have none and are open to somebody
    need: NDArray[np.int8]  # by person, the place among the levels
    resources: NDArray[np.int8]
    open: Mapping[str, Flags]  # by offer that has places: to whom it is open
    chosen: Mapping[str, Flags]  # by offer that has places: who declined it, has it, or wishes for what it is not
    remote: Mapping[str, Remote]
    options: Options
    ways: tuple[Way, ...]
    extra: Flags  # by option: it has the points for few resources
    allocation: Allocation

    @property
    def given(self) -> NDArray[np.intp]:
        """The rows of the options that are given."""
        return np.flatnonzero(self.allocation.chosen)

    def whom(self, rows: NDArray[np.intp]) -> Flags:
        """Return the people of some options."""
        found = np.zeros(len(self.need), bool)
        found[self.options.person[rows]] = True
        return found

    def given_of(self, offer: str) -> Flags:
        """Return to whom an offer is given."""
        place = [one.id for one in self.offers].index(offer)
        return self.whom(self.given[self.options.offer[self.given] == place])


def planned(
    people: People,
    catalogue: Catalogue,
    given: Given,
    capacity: Capacity,
    lot: NDArray[np.integer],
    not_given: Flags | None = None,
    *,
    exact_up_to: int = EXACT_UP_TO,
    say: Callable[[str], None] = lambda _: None,
) -> Planned:
    """Return the plan for these people on a day, with what they chose.

    lot int[n]: a number of each one's own, drawn: the lower comes first among equals. not_given are people to whom
    nothing is given, and who are counted all the same.
    """
    say("weighing offers")
    weigher = Weigher(people, catalogue, given)
    need, resources = (places(weigher.judge, catalogue, axis) for axis in ("need", "resources"))
    level = {axis: np.array([one.level for one in levels(catalogue, axis)]) for axis in ("need", "resources")}
    few = level["resources"][resources] >= priority().few_resources.level
    weighed = [one for one in weigher.all() if one.offer.kind == "offer"]
    asked = sorted((one for one in weighed if one.offer.id in capacity.offers), key=lambda one: one.offer.id)
    every: dict[Way, int] = {}
    options, extra = _options(asked, level["need"][need], few, capacity, every)
    offers = tuple(one.offer for one in asked)
    say(f"planning {len(options)} possible places")
    may = slice(None) if not_given is None else np.flatnonzero(~not_given[options.person])
    by_lot = options.of(np.arange(len(options))[may])
    by_lot = Options(by_lot.value, np.argsort(np.argsort(lot))[by_lot.person], by_lot.offer, by_lot.way)
    found = allocate(by_lot, _limits(offers, capacity, tuple(every)), exact_up_to=exact_up_to)
    chosen = np.zeros(len(options), bool)
    chosen[may] = found.chosen
    return Planned(
        offers,
        tuple(one.offer for one in weighed if one.offer.id not in capacity.offers and np.isin(one.answer, OPEN).any()),
        need,
        resources,
        {one.offer.id: np.isin(one.answer, OPEN) for one in asked},
        {one.offer.id: np.isin(one.answer, CHOSEN) for one in asked},
        {one.offer.id: _remote(one) for one in weighed if REMOTE & set(one.offer.places)},
        options,
        tuple(every),
        extra,
        Allocation(chosen, found.value, found.bound, found.exact),
    )


def _options(
    weighed: Sequence[Weighed], need: Ints, few: Flags, capacity: Capacity, every: dict[Way, int]
) -> tuple[Options, Flags]:
    """Return all options of the offers, with the rows of those that have the extra; `every` gathers the ways."""
    value, person, offer, way, extra = [], [], [], [], []
    for place, one in enumerate(weighed):
        found = ways_of(one, capacity.bridges)
        bare = np.array([w.bare for w in found.ways], bool)[found.way]
        more = few[found.rows] | found.needs_bridge
        value.append(points(priority(), one.offer, need[found.rows], more, bare))
        person.append(found.rows.astype(np.int32))
        offer.append(np.full(len(found.rows), place, np.int16))
        way.append(np.array([every.setdefault(w, len(every)) for w in found.ways], np.int16)[found.way])
        extra.append(more)
    if not value:
        nothing = np.zeros(0, np.int32)
        return Options(np.zeros(0, np.float32), nothing, nothing, nothing), np.zeros(0, bool)
    options = Options(np.concatenate(value), np.concatenate(person), np.concatenate(offer), np.concatenate(way))
    return options, np.concatenate(extra)


def _limits(offers: Sequence[Offer], capacity: Capacity, ways: Sequence[Way]) -> Limits:
    at = {one.id: place for place, one in enumerate(offers)}
    apart = {
        (min(at[one.id], at[other.offer]), max(at[one.id], at[other.offer]))
        for one in offers
        for other in one.overlaps
        if other.kind == "one_is_enough" and other.offer in at
    }
    uses = np.array([[bridge in way.bridges for bridge in capacity.bridges] for way in ways], bool)
    return Limits(
        np.array([capacity.offers[one.id] for one in offers], np.int64),
        uses.reshape(len(ways), len(capacity.bridges)),
        np.array(list(capacity.bridges.values()), np.int64),
        capacity.per_person,
        tuple(sorted(apart)),
    )


def _remote(one: Weighed) -> Remote:
    eligible = one.indication == YES
    if one.window is not None:
        eligible = eligible & (one.window == YES)
    return Remote(eligible, one.answer == SUITABLE, np.isin(one.answer, OPEN) & (one.answer != SUITABLE))
