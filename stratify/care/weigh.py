"""Offers weighed for many people at once: for each offer and person one answer, and what it rests on.

An offer is closed only by what is known and confirmed. What is unknown in an indication, a window or a danger is asked
first; what is unknown in a scheme's or a trial's own limit, or in a need, is noted, but for a limit that `decides`: it
is asked first too. A need that is known not to be met is met by a bridge, is asked about where a bridge hangs on what
nobody has told, or closes the offer; one that only seems hard adds a bridge. Services already in place can open an
offer and never close one (the catalogue refuses it). No risk alone opens or closes anything beyond what an offer's own
indication says, and the risk of death does neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stratify.care.logic import Judge
from stratify.care.people import NO, UNKNOWN, YES, Flags, Floats, People, Truths
from stratify.catalogue.load import Catalogue
from stratify.catalogue.offers import Bridge, Exclude, Needed, Offer, Preference, Requirement

Codes = NDArray[np.int8]

ANSWERS = (
    "suitable", "bridge", "duty", "ask", "in_use", "declined", "preference", "need", "overlap", "scheme", "danger",
    "window", "not_asked", "no_indication",
)  # fmt: skip
_CODES = np.arange(len(ANSWERS), dtype=np.int8)
SUITABLE, BRIDGE, DUTY, ASK = _CODES[:4]
IN_USE, DECLINED, PREFERENCE, NEED, OVERLAP = _CODES[4:9]
SCHEME, DANGER, WINDOW, NOT_ASKED, NO_INDICATION = _CODES[9:]
OPEN = (SUITABLE, BRIDGE)
MUCH = 3  # the burden of a course of weeks


@dataclass(frozen=True)
class Declined:
    """Who has declined or put off an offer: the days it was said and until which it holds, NaN for the others."""

    said: Floats  # days before today
    left: Floats  # days from today until it may be brought again


@dataclass(frozen=True)
class Given:
    """What is given beside the facts: the day, what people chose and have, and which bridges there are."""

    day: date
    declined: Mapping[str, Declined] = field(default_factory=dict)  # by offer
    in_use: Mapping[str, Flags] = field(default_factory=dict)  # by offer: who has it already
    wishes: Mapping[str, Flags] = field(default_factory=dict)  # by preference: whose it is
    bridges: frozenset[str] | None = None  # those that can be used; None for all
    hints_hold: bool = False  # what only seems hard is taken to be so: the darker side, for audits alone


@dataclass(frozen=True)
class Met:
    """One need of an offer for each person: whether it is met, whether it seems hard, and which bridges could help."""

    needed: Needed
    met: Truths
    hard: Flags  # met is unknown, and something hints that it is hard
    bridges: Mapping[str, Flags]  # that can be used, the one to try first before the others
    untold: Mapping[str, Flags]  # that could be used, were it known that what they rest on is there

    @cached_property
    def helped(self) -> Flags:
        """Where some bridge can be used."""
        return self._some(self.bridges)

    @cached_property
    def asked(self) -> Flags:
        """Where it is not met and no bridge can be used, but one could, depending on what nobody has told."""
        return np.asarray((self.met == NO) & ~self.helped & self._some(self.untold))

    @cached_property
    def closes(self) -> Flags:
        """Where it is not met and nothing helps."""
        return np.asarray((self.met == NO) & ~self.helped & ~self.asked)

    def _some(self, bridges: Mapping[str, Flags]) -> Flags:
        found = np.zeros(len(self.met), bool)
        for usable in bridges.values():
            found = found | usable
        return found


@dataclass
class Weighed:
    """One offer weighed for each person: the answer, and the parts it rests on."""

    offer: Offer
    indication: Truths
    window: Truths | None
    excludes: tuple[tuple[Exclude, Truths], ...]
    requires: tuple[tuple[Requirement, Truths], ...]
    needs: tuple[Met, ...]
    wished: tuple[tuple[Preference, Flags], ...]  # preferences that no way of giving the offer meets
    bridged_wishes: tuple[tuple[Preference, Mapping[str, Flags]], ...]  # those that only a bridge meets
    answer: Codes
    instead_of: dict[str, Flags] = field(default_factory=dict)  # by offer: where that one closes this as overlapping

    def bridges(self) -> dict[str, Flags]:
        """Return, by bridge, for whom it helps with a need that is not met or seems hard, or with a wish."""
        found: dict[str, Flags] = {}
        for one in self.needs:
            wanted = (one.met == NO) | one.hard
            for bridge, usable in one.bridges.items():
                found[bridge] = found.get(bridge, False) | (wanted & usable)
        for _, bridges in self.bridged_wishes:
            for bridge, usable in bridges.items():
                found[bridge] = found.get(bridge, False) | usable
        return found


class Weigher:
    """The offers of a catalogue, put to some people on a day."""

    def __init__(self, people: People, catalogue: Catalogue, given: Given) -> None:
        self.judge = Judge(people)
        self.catalogue = catalogue
        self.given = given
        self._bridges: dict[str, tuple[Flags, Flags]] = {}
        self._needs: dict[str, tuple[Truths, Flags]] = {}
        self._helping: dict[str, list[str]] = {}  # by need: bridges that help with it wherever an offer has it
        for bridge in catalogue.bridges.values():
            for need in bridge.helps:
                self._helping.setdefault(need, []).append(bridge.id)

    def all(self) -> list[Weighed]:
        """Return every offer weighed, enablers apart, in the order of priority; what overlaps has been settled."""
        offers = sorted(self.catalogue.offers.values(), key=lambda one: (one.priority, one.id))
        found = [self.weigh(offer) for offer in offers if offer.kind != "enabler"]
        settle_overlaps(found)
        return found

    def weigh(self, offer: Offer) -> Weighed:
        """Return one offer's answer for each person, before it is held against offers that are like it."""
        indication = self.judge.rule(offer.indication)
        window = self._window(offer)
        excludes = tuple((one, self.judge.rule(one.rule)) for one in offer.excludes)
        requires = tuple((one, self.judge.rule(one.rule)) for one in offer.requires)
        needs = tuple(self.needed(one) for one in offer.needs)
        wished, bridged = self._wishes(offer, needs)
        found = Weighed(offer, indication, window, excludes, requires, needs, wished, bridged, np.empty(0, np.int8))
        found.answer = self._answer(found)
        return found

    def needed(self, needed: Needed) -> Met:
        """Return how one need stands for each person, and which of its bridges could be used."""
        if needed.need not in self._needs:
            need = self.catalogue.needs[needed.need]
            met = self.judge.rule(need.met)
            hard = np.zeros(len(met), bool)
            if need.hard is not None:
                hard = (met == UNKNOWN) & (self.judge.rule(need.hard, confirmed=False) == YES)
            hard = hard | ((met == UNKNOWN) & (self.judge.rule(need.met, confirmed=False) == NO))
            if self.given.hints_hold:
                met, hard = np.where(hard, NO, met), np.zeros(len(met), bool)
            self._needs[needed.need] = met, hard
        met, hard = self._needs[needed.need]
        every = dict.fromkeys((*self._helping.get(needed.need, ()), *needed.bridges))
        told = {one: self._told(one) for one in every if self._there(one)}
        bridges = {one: usable for one, (usable, _) in told.items()}
        return Met(needed, met, hard, bridges, {one: untold for one, (_, untold) in told.items() if untold.any()})

    def usable(self, bridge: str) -> Flags:
        """Return for whom a bridge can be used: nothing known speaks against it, and what it asks can be met."""
        return self._told(bridge)[0]

    def _told(self, bridge: str) -> tuple[Flags, Flags]:
        """Return for whom a bridge can be used, and for whom nobody has told whether what it rests on is there."""
        if bridge not in self._bridges:
            found: Bridge = self.catalogue.bridges[bridge]
            usable = np.ones(self.judge.people.n, bool)
            if found.unless is not None:
                usable = self.judge.rule(found.unless) != YES
            for one in found.needs:
                need = self.needed(one)
                usable = usable & ((need.met != NO) | need.helped)
            there = np.full(len(usable), YES) if found.only is None else self.judge.rule(found.only)
            self._bridges[bridge] = usable & (there == YES), usable & (there == UNKNOWN)
        return self._bridges[bridge]

    def _there(self, bridge: str) -> bool:
        return self.given.bridges is None or bridge in self.given.bridges

    def _window(self, offer: Offer) -> Truths | None:
        return None if offer.window is None else self.judge.test(offer.window.test())

    def _since(self, offer: Offer) -> Floats:
        """Return the days since the event that opens an offer's window, as confirmed; NaN where nobody knows."""
        column = self.judge.people.columns.get(offer.window.since) if offer.window else None
        if column is None:
            return np.full(self.judge.people.n, np.nan)
        return column.values if column.hint is None else np.where(column.hint, np.nan, column.values)

    def _wishes(
        self, offer: Offer, needs: tuple[Met, ...]
    ) -> tuple[tuple[tuple[Preference, Flags], ...], tuple[tuple[Preference, Mapping[str, Flags]], ...]]:
        """Return the preferences that no way of giving the offer meets, and those that only some bridge meets."""
        closed, bridged = [], []
        for name, whose in self.given.wishes.items():
            wish = self.catalogue.preferences[name]
            if meets(wish, offer, self.given.day):
                continue
            helping = {
                bridge: usable & whose
                for need in needs
                for bridge, usable in need.bridges.items()
                if meets(wish, offer, self.given.day, self.catalogue.bridges[bridge])
            }
            helped = np.zeros(len(whose), bool)
            for usable in helping.values():
                helped = helped | usable
            closed.append((wish, whose & ~helped))
            if helping:
                bridged.append((wish, helping))
        return tuple(closed), tuple(bridged)

    def _answer(self, found: Weighed) -> Codes:
        """Return the answer for each person: what closes comes before what asks, and that before what opens."""
        offer, n = found.offer, self.judge.people.n
        answer = np.full(n, DUTY if offer.kind == "duty" else SUITABLE)
        dangers = [truth for one, truth in found.excludes if one.kind == "danger"]
        limits = [truth for one, truth in found.excludes if one.kind != "danger"]
        if offer.kind != "duty":
            wanted = [(one.met == NO) | one.hard for one in found.needs]
            wanted = [want & one.helped for want, one in zip(wanted, found.needs, strict=True)]
            wanted += [truth == NO for _, truth in found.requires]
            wanted += [usable for _, bridges in found.bridged_wishes for usable in bridges.values()]
            for want in wanted:
                answer[want] = BRIDGE
        deciding = [found.indication, *([] if found.window is None else [found.window])]
        deciding += [truth for one, truth in found.excludes if one.asked_first]
        for truth in deciding:
            answer[truth == UNKNOWN] = ASK
        if offer.kind != "duty":
            for one in found.needs:
                answer[one.asked] = ASK
        if offer.kind != "duty":
            for _, whose in found.wished:
                answer[whose] = PREFERENCE
            for one in found.needs:
                answer[one.closes] = NEED
            answer[self._declined(offer)] = DECLINED
        for truth in limits:
            answer[truth == YES] = SCHEME
        for truth in dangers:
            answer[truth == YES] = DANGER
        if offer.asked_of is not None:  # any sign will do, a hint too
            signs = self.judge.rule(offer.asked_of, confirmed=False) == YES
            answer[(answer == ASK) & (found.indication == UNKNOWN) & ~signs] = NOT_ASKED
        if offer.id in self.given.in_use:
            answer[self.given.in_use[offer.id]] = IN_USE
        if found.window is not None:
            answer[found.window == NO] = WINDOW
            answer[(found.window == NO) & np.isinf(self._since(offer))] = NO_INDICATION
        answer[found.indication == NO] = NO_INDICATION
        return answer

    def _declined(self, offer: Offer) -> Flags:
        """Return who has declined the offer for now. A no said before the event that brings it does not close it."""
        told = self.given.declined.get(offer.id)
        if told is None:
            return np.zeros(self.judge.people.n, bool)
        return (told.left > 0) & ~(self._since(offer) < told.said)


def meets(wish: Preference, offer: Offer, day: date, bridge: Bridge | None = None) -> bool:
    """Return whether an offer can be given as a preference wishes, with the ways that a bridge adds."""
    places = {*offer.places, *(bridge.adds_places if bridge else ())} - set(wish.without_places)
    forms = {*offer.forms, *(bridge.adds_forms if bridge else ())} - set(wish.without_forms)
    if wish.less_burden and offer.burden == MUCH:
        return False
    return bool(places and forms) and (not wish.only_by or bool({*offer.by(day)} & {*wish.only_by}))


def settle_overlaps(weighed: list[Weighed]) -> None:
    """Close, of two open offers that are too much together, the one that comes later; `weighed` is in rank order.

    The one that stays is named, so that the person can choose the other instead.
    """
    places = {one.offer.id: place for place, one in enumerate(weighed)}
    pairs = {
        (min(places[one.offer.id], places[other.offer]), max(places[one.offer.id], places[other.offer]))
        for one in weighed
        for other in one.offer.overlaps
        if other.kind == "never_both" and other.offer in places
    }
    coordinating = [place for place, one in enumerate(weighed) if one.offer.coordinates]
    pairs |= {(first, later) for first in coordinating for later in coordinating if first < later}
    for first, later in sorted(pairs, key=lambda pair: (pair[1], pair[0])):
        both = np.isin(weighed[first].answer, OPEN) & np.isin(weighed[later].answer, OPEN)
        if both.any():
            weighed[later].instead_of[weighed[first].offer.id] = both
            weighed[later].answer = np.where(both, OVERLAP, weighed[later].answer)


def due(weighed: Weighed, people: People) -> Floats:
    """Return how many days are left of an offer's window for each person, infinite where it has none."""
    window = weighed.offer.window
    column = people.columns.get(window.since) if window else None
    if window is None or column is None:
        return np.full(people.n, np.inf)
    left = window.within_days - column.values
    return np.where(np.isnan(left) | (left < 0), np.inf, left)
