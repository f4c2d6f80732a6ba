"""People to whom the same could be given, taken together as one kind, and dealt out to one by one again.

How many of a kind are given what is enough to know, as long as offers that are apart form sets with no offer in common,
in each of which any two are apart (an offer alone is such a set). Then what a kind is given, set after set, is dealt to
its n people in turn, again and again: of a set there are n at most, so nobody gets two of it, and of all there are n
times so many as one may have, so nobody gets more. Where sets have an offer in common the people of a kind are split
into modes: those who may be given that offer and nothing apart from it, and those who may be given all but it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stratify.care.options import Flags, Ints

Offers = frozenset[int]


class Kinds(NamedTuple):
    """People by kind, in each kind in their order, and where in `people` each kind begins, int64[kinds + 1]."""

    people: Ints
    first: Ints

    @property
    def size(self) -> Ints:
        """How many people are of each kind."""
        return np.diff(self.first)

    @property
    def one(self) -> Ints:
        """The first person of each kind."""
        return self.people[self.first[:-1]]


class Parts(NamedTuple):
    """The modes of the kinds, and columns: how many of the people in a mode are given an option.

    kind int64[parts], a kind's beside each other. Of columns, by part and by set of offers apart: part, the option's
    place among the person's, and block, a number of part and set.
    """

    kind: Ints
    part: Ints
    place: Ints
    block: Ints


def kinds_of(first: Ints, alike: Ints) -> Kinds:
    """Return the kinds of people whose options begin at `first`; alike: the same number where options are the same."""
    words, seen = alike.astype(np.int64).tobytes(), dict[bytes, int]()
    spans = pairwise((8 * first).tolist())
    kind = np.fromiter((seen.setdefault(words[start:end], len(seen)) for start, end in spans), np.int64)
    sizes = np.bincount(kind, minlength=len(seen))
    return Kinds(np.argsort(kind, kind="stable"), np.concatenate([[0], np.cumsum(sizes)]))


def parts_of(kinds: Kinds, first: Ints, offer: Ints, clash: Flags) -> Parts:
    """Return the parts of kinds; offer int[options] of people's options, which begin at `first`."""
    apart = {one: frozenset(np.flatnonzero(clash[one]).tolist()) - {one} for one in range(len(clash))}
    known: dict[Offers, range] = {}  # by the offers of a kind, the places of its modes
    every: list[NDArray[np.int64]] = []
    kind: list[int] = []
    mode: list[int] = []
    for nth, (start, end) in enumerate(zip(first[kinds.one].tolist(), first[kinds.one + 1].tolist(), strict=True)):
        offers = frozenset(offer[start:end].tolist())
        if offers not in known:
            own = [_sets(one, apart) for one in modes(offers, apart)]
            known[offers] = range(len(every), len(every) + len(own))
            every += own
        kind += [nth] * len(known[offers])
        mode += known[offers]
    whose, modes_of, sets = np.array(kind), np.array(mode), np.array(every)
    starts, times = first[kinds.one][whose], np.diff(first)[kinds.one][whose]
    part = np.repeat(np.arange(len(whose)), times)
    place = np.arange(len(part)) - np.repeat(np.cumsum(times) - times, times)
    block = sets[modes_of[part], offer[starts[part] + place]]
    kept = np.flatnonzero(block >= 0)
    kept = kept[np.lexsort([place[kept], block[kept], part[kept]])]
    numbers = np.unique(part[kept] * len(clash) + block[kept], return_inverse=True)[1]
    return Parts(whose, part[kept], place[kept], numbers)


def modes(offers: Offers, apart: Mapping[int, Offers]) -> list[Offers]:
    """Return sets of offers, in each of which whatever is apart is so in sets without an offer in common.

    What a person may be given together lies within one of them.
    """
    hub = max(_hubs(offers, apart), key=lambda one: len(apart[one] & offers), default=None)
    if hub is None:
        return [offers]
    found = modes(offers - {hub}, apart) + modes(offers - apart[hub], apart)
    return [one for one in dict.fromkeys(found) if not any(one < other for other in found)]


def _hubs(offers: Offers, apart: Mapping[int, Offers]) -> Iterator[int]:
    """Yield the offers that are apart from two which are not apart from each other."""
    for one in sorted(offers):
        near = apart[one] & offers
        if any(near - apart[other] - {other} for other in near):
            yield one


def _sets(mode: Offers, apart: Mapping[int, Offers]) -> NDArray[np.int64]:
    """Return, by offer, the first of those that it is apart from in a mode and of itself; -1 for what it leaves out."""
    found = np.full(len(apart), -1)
    for one in mode:
        found[one] = min({one} | (apart[one] & mode))
    return found


def dealt(kinds: Kinds, parts: Parts, people: Ints, given: Ints) -> tuple[Ints, Ints]:
    """Return who is given which of their options: people, and places among each one's.

    people: by part, how many are in this mode, those of a kind together no more than it has. given: by column.
    """
    before = np.cumsum(people) - people
    ahead = before - before[np.searchsorted(parts.kind, parts.kind)]
    column = np.repeat(np.arange(len(given)), given)
    part = parts.part[column]
    nth = np.arange(len(part)) - np.searchsorted(part, part)
    return kinds.people[kinds.first[parts.kind[part]] + ahead[part] + nth % people[part]], parts.place[column]
