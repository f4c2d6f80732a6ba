"""What of a plan may be told: counts of people, none of 1 to 4, and none from which such a one could be worked out.

Hospitals, municipalities and strata are told as one grid, where what would give a hidden number away is hidden with it
(`Nest`). Offers and bridges are sets of people that overlap: one that lies within another that is told, and is smaller
by 1 to 4 people, is hidden. Two plans made of the same people with other capacities may still be held against each
other: whoever publishes one should not publish the next beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.nested import Nest
from models.evaluation.rows import Factor, Rows
from models.evaluation.small import small
from stratify.care.capacity import Capacity
from stratify.care.people import Flags
from stratify.care.planned import Planned
from stratify.catalogue import Catalogue
from stratify.disclosure import SMALLEST_SHOWN, shown
from stratify.strata import levels

UNITS = ("hospital", "municipality")
STANDING = ("no_open_offer", "planned", "waiting")  # a person's, of the offers that have places
Count = int | None


def counts(
    plan: Planned, catalogue: Catalogue, capacity: Capacity, groups: Mapping[str, NDArray[np.str_]], opted_out: Flags
) -> dict[str, Any]:
    """Return what may be told of a plan, as plain JSON-ready values; what is hidden is None."""
    standing = np.zeros(len(plan.need), np.int64)
    standing[np.any(list(plan.open.values()), axis=0)] = 2
    standing[plan.whom(plan.given)] = 1
    told = Told()
    everybody = told.line({name: standing == place for place, name in enumerate(STANDING)})
    offers = {one.id: _offer(plan, one.id, capacity, told) for one in plan.offers}
    return {
        "people": everybody,
        "offers": offers,
        "without_capacity": [one.id for one in plan.without],
        "bridges": _bridges(plan, capacity, told),
        "left_without_a_bridge": _pairs(plan, [nth for nth, way in enumerate(plan.ways) if way.bare], told),
        **_grid(
            standing, {"stratum": _strata(plan, catalogue), **{one: groups[one] for one in UNITS if one in groups}}
        ),
        "telemedicine": {
            key: told.line(
                {
                    "as_they_are": one.as_they_are & one.eligible,
                    "with_bridges": one.with_bridges & one.eligible,
                    "not_now": one.eligible & ~one.as_they_are & ~one.with_bridges,
                }
            )
            for key, one in plan.remote.items()
        },
        "extra_for_few_resources": _extra(plan, all_told=all(one["open"] is not None for one in offers.values())),
        "opted_out": told.line({"opted_out": opted_out, "others": ~opted_out})["opted_out"],
        "gap": round(plan.allocation.gap, 6),
        "exact": plan.allocation.exact,
    }


class Told:
    """The sets of people whose sizes have been told, as bits, so that the next one is held against them."""

    def __init__(self) -> None:
        self._sets: list[tuple[int, NDArray[np.uint8]]] = []

    def line(self, parts: Mapping[str, Flags]) -> dict[str, Count]:
        """Return the sizes of sets with nobody in common, and of all together; all None where one must be hidden."""
        whole = np.any(list(parts.values()), axis=0)
        sets = [(int(one.sum()), np.packbits(one)) for one in (whole, *parts.values())]
        hidden = any(0 < size < SMALLEST_SHOWN or self._near(size, bits) for size, bits in sets)
        if not hidden:
            self._sets += sets
        names = ("all", *parts)
        return {name: None if hidden else size for name, (size, _) in zip(names, sets, strict=True)}

    def _near(self, size: int, bits: NDArray[np.uint8]) -> bool:
        """Return whether it lies in or around one that was told, with 1 to 4 people between them."""
        for other, theirs in self._sets:
            if 0 < abs(other - size) < SMALLEST_SHOWN:
                inner, outer = (bits, theirs) if size < other else (theirs, bits)
                if size and other and not (inner & ~outer).any():
                    return True
        return False


def _offer(plan: Planned, offer: str, capacity: Capacity, told: Told) -> dict[str, Count]:
    given = plan.given_of(offer)
    line = told.line({"planned": given, "waiting": plan.open[offer] & ~given})
    return {
        "places": capacity.offers[offer],
        "open": line["all"],
        "planned": line["planned"],
        "waiting": line["waiting"],
        "chosen_otherwise": told.line({"people": plan.chosen[offer]})["people"],
    }


def _bridges(plan: Planned, capacity: Capacity, told: Told) -> dict[str, dict[str, Count]]:
    """Return, by bridge that is limited or used, the units there are (None: not limited) and those used."""
    names = sorted({*capacity.bridges, *(bridge for way in plan.ways for bridge in way.bridges)})
    found = {}
    for name in names:
        ways = [nth for nth, way in enumerate(plan.ways) if name in way.bridges]
        found[name] = {"units": capacity.bridges.get(name), "used": _pairs(plan, ways, told)}
    return found


def _pairs(plan: Planned, ways: list[int], told: Told) -> Count:
    """Return how many offers are given by these ways; hidden where the people are too few."""
    rows = plan.given[np.isin(plan.options.way[plan.given], ways)]
    return None if told.line({"people": plan.whom(rows)})["people"] is None else len(rows)


def _extra(plan: Planned, *, all_told: bool) -> dict[str, Count]:
    """Return how many pairs of person and offer have the extra, of those that are open and of those given.

    Of how many is told where all offers are told: else it would give the hidden one away.
    """
    found: dict[str, Count] = {}
    pairs = plan.options.person.astype(np.int64) * len(plan.offers) + plan.options.offer
    for name, rows in (("open", np.unique(pairs, return_index=True)[1]), ("planned", plan.given)):
        with_it, rest = rows[plan.extra[rows]], rows[~plan.extra[rows]]
        people = [int(plan.whom(of).sum()) for of in (with_it, rest)]
        hidden = shown(len(with_it), len(rows)) is None or any(0 < one < SMALLEST_SHOWN for one in people)
        found |= {name: None if hidden else len(with_it), f"{name}_of": None if hidden or not all_told else len(rows)}
    return found


def _strata(plan: Planned, catalogue: Catalogue) -> NDArray[np.str_]:
    need, resources = ([one.id for one in levels(catalogue, axis)] for axis in ("need", "resources"))
    names = np.array([f"{one} / {other}" for one in need for other in resources], np.str_)
    return np.asarray(names[plan.need.astype(np.int64) * len(resources) + plan.resources])


def _grid(standing: NDArray[np.int64], groups: Mapping[str, NDArray[np.str_]]) -> dict[str, Any]:
    """Return, by grouping and level, how people stand; all None where a level is hidden."""
    factors = {}
    for name, labels in groups.items():
        levels_of, code = np.unique(labels, return_inverse=True)
        factors[name] = Factor(tuple(levels_of.tolist()), code.astype(np.int64))
    n, kinds = len(standing), len(STANDING)
    nothing = np.zeros(n)
    rows = Rows(
        y=nothing, risk=nothing, weight=nothing, person=np.arange(n), identity=np.zeros(n, np.uint64),
        died_first=None, days=None, factors=factors, others={},
    )  # fmt: skip
    nest = Nest.of(rows)
    each = [
        np.bincount(one.code * kinds + standing, minlength=len(one.levels) * kinds).reshape(-1, kinds)
        for one in nest.factors.values()
    ]
    every = np.concatenate(each)
    few = small(every, SMALLEST_SHOWN)
    hidden = nest.hidden(every, few, few, lambda _whole, _members, left: bool(small(left, SMALLEST_SHOWN)))
    found: dict[str, Any] = {}
    for name, factor in factors.items():
        at = nest.places[name]
        found[name] = {
            level: dict.fromkeys(("all", *STANDING))
            if hidden[at + nth]
            else {"all": int(every[at + nth].sum()), **dict(zip(STANDING, every[at + nth].tolist(), strict=True))}
            for nth, level in enumerate(factor.levels)
        }
    return found
