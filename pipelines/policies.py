"""Who takes part in which offers when places are given by one rule or another.

`uniform`: those to whom an offer is open as they are, by lot. `risk_ranked`: the same, the highest risk of an acute
admission first. `differentiated`: as `stratify plan` does, by need and with bridges. All have the same places. Who is
given an offer does not always take part: whoever truly has few resources does so less, unless a bridge goes along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipelines.scored import Scored
from stratify.care.allocate import Limits, Options, allocate
from stratify.care.capacity import Capacity
from stratify.care.people import Flags, Floats
from stratify.care.planned import Planned, planned
from stratify.care.weigh import OPEN, Given, Weigher
from stratify.catalogue import Catalogue
from stratify.mixing import GOLDEN, mixed

POLICIES = ("uniform", "risk_ranked", "differentiated")
# Of those who are given an offer, how many take part. OURS: of the home visits planned in Holbæk 55 % took place; that
# is taken for those with few resources and no bridge, and 85 % for all others.
TAKE_PART, WITHOUT_HELP = 0.85, 0.55
RISK = "risk_acute_admission_365d"


@dataclass(frozen=True)
class Reached:
    """Who takes part in which offer under a policy, by offer."""

    policy: str
    offers: Mapping[str, Flags]

    @property
    def anybody(self) -> Flags:
        """Who takes part in one offer at least."""
        return np.asarray(np.any(list(self.offers.values()), axis=0))


def reached_by(
    name: str, scored: Scored, catalogue: Catalogue, day: date, capacity: Capacity, few: Flags, lot: NDArray[np.uint64]
) -> Reached:
    """Return who takes part under a policy: given a place, and then by a draw that is the same under all policies."""
    place = np.empty(len(lot), np.int64)
    place[np.argsort(lot, kind="stable")] = np.arange(len(lot))
    if name == "differentiated":
        plan = planned(scored.people, catalogue, Given(day), capacity, place)
        given = {one.id: plan.given_of(one.id) for one in plan.offers}
        helped = {one.id: _helped(plan, one.id) for one in plan.offers}
    else:
        risk = scored.people.columns[RISK].values if name == "risk_ranked" else np.ones(scored.people.n)
        given = _without_bridges(scored, catalogue, day, capacity, np.nan_to_num(risk), place)
        helped = {key: np.zeros(scored.people.n, bool) for key in given}
    found = {}
    for at, key in enumerate(sorted(catalogue.offers)):
        if key in given:
            own = np.full(1, at + 1, np.uint64) * GOLDEN
            drawn = (mixed(lot + own) >> np.uint64(11)).astype(np.float64) * 2.0**-53
            found[key] = given[key] & (drawn < np.where(few & ~helped[key], WITHOUT_HELP, TAKE_PART))
    return Reached(name, found)


def _helped(plan: Planned, offer: str) -> Flags:
    """Return to whom an offer is given with a bridge."""
    place = [one.id for one in plan.offers].index(offer)
    with_bridge = np.array([bool(way.bridges) for way in plan.ways], bool)
    rows = plan.given
    return plan.whom(rows[(plan.options.offer[rows] == place) & with_bridge[plan.options.way[rows]]])


def _without_bridges(
    scored: Scored, catalogue: Catalogue, day: date, capacity: Capacity, value: Floats, place: NDArray[np.int64]
) -> dict[str, Flags]:
    """Return to whom each offer is given: of those to whom it is open as they are, by value and then by lot."""
    weighed = [
        one
        for one in Weigher(scored.people, catalogue, Given(day, bridges=frozenset())).all()
        if one.offer.id in capacity.offers
    ]
    rows = [np.flatnonzero(np.isin(one.answer, OPEN)) for one in weighed]
    person = np.concatenate(rows)
    offer = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    options = Options(
        (1 + value[person]).astype(np.float32), place[person], offer.astype(np.int16), np.zeros(len(person), np.int16)
    )
    names = [one.offer.id for one in weighed]
    apart = {
        tuple(sorted((at, names.index(other.offer))))
        for at, one in enumerate(weighed)
        for other in one.offer.overlaps
        if other.kind == "one_is_enough" and other.offer in names
    }
    limits = Limits(
        np.array([capacity.offers[name] for name in names], np.int64),
        np.zeros((1, 0), bool),
        np.zeros(0, np.int64),
        capacity.per_person,
        tuple(sorted((first, other) for first, other in apart)),
    )
    chosen = allocate(options, limits).chosen
    found = {}
    for at, name in enumerate(names):
        found[name] = np.zeros(scored.people.n, bool)
        found[name][person[chosen & (offer == at)]] = True
    return found
