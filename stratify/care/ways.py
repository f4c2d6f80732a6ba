"""The ways in which an open offer can be given to a person: as it is, or with bridges of which there are so many.

A way has a bridge for every need that is not met, or seems hard, and that some bridge helps; one bridge may help with
several. What only seems hard, by a register's hint that nobody has confirmed, never takes an offer away: where the
bridges for it are used up, the offer can still be given bare, and the person is asked at the first contact. What a
bridge itself asks of the person (an escort who needs an interpreter) is not counted again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stratify.care.people import NO, Flags
from stratify.care.weigh import BRIDGE, OPEN, Weighed

Ints = NDArray[np.int64]


class Way(NamedTuple):
    """The bridges that an offer is given with; bare where something may be hard and is left without one."""

    bridges: tuple[str, ...] = ()
    bare: bool = False


class Part(NamedTuple):
    """What bridges help with: for whom something is or seems hard, for whom it is known to be, and what helps whom."""

    wanted: Flags
    known: Flags
    bridges: dict[str, Flags]


class Found(NamedTuple):
    """The ways of one offer: rows of the people, the place of the way in `ways`, and who needs a bridge."""

    rows: Ints
    way: Ints
    ways: tuple[Way, ...]
    needs_bridge: Flags  # by option


def ways_of(weighed: Weighed, limited: Collection[str]) -> Found:
    """Return every way worth thinking of, of everybody to whom an offer is open.

    Of bridges that are not limited the first that helps is taken; a way that needs more of the limited ones than
    another does is left out.
    """
    rows = np.flatnonzero(np.isin(weighed.answer, OPEN))
    bridged = weighed.answer[rows] == BRIDGE
    parts = [
        Part(part.wanted[rows] & bridged, part.known[rows], {key: usable[rows] for key, usable in part.bridges.items()})
        for part in _parts(weighed)
    ]
    if not parts or not len(rows):
        return Found(rows, np.zeros(len(rows), np.int64), (Way(),), np.zeros(len(rows), bool))
    bits = np.column_stack([column for part in parts for column in _columns(part)])
    patterns, alike = np.unique(bits, axis=0, return_inverse=True)
    every: dict[Way, int] = {}
    lists = [[every.setdefault(way, len(every)) for way in _ways(told, parts, limited)] for told in patterns]
    times = np.array([len(ways) for ways in lists])
    starts = np.cumsum(times) - times
    option = np.repeat(np.arange(len(rows)), times[alike])
    nth = np.arange(len(option)) - np.repeat(np.cumsum(times[alike]) - times[alike], times[alike])
    way = np.concatenate([np.array(ways, np.int64) for ways in lists])[starts[alike][option] + nth]
    wanted = np.any([part.wanted for part in parts], axis=0)
    return Found(rows[option], way, tuple(every), wanted[option])


def _parts(weighed: Weighed) -> Iterator[Part]:
    for one in weighed.needs:
        yield Part(((one.met == NO) | one.hard) & one.helped, one.met == NO, dict(one.bridges))
    for _, bridges in weighed.bridged_wishes:
        wished = np.any(list(bridges.values()), axis=0)
        yield Part(wished, wished, dict(bridges))


def _columns(part: Part) -> Iterator[Flags]:
    """Yield what tells people apart who have different ways."""
    yield part.wanted
    yield part.wanted & part.known
    for usable in part.bridges.values():
        yield part.wanted & usable


def _ways(bits: NDArray[np.bool_], parts: Sequence[Part], limited: Collection[str]) -> list[Way]:
    """Return the ways of people with this pattern of bits, the one to try first before the others."""
    choices: list[tuple[bool, list[str]]] = []
    at = 0
    for part in parts:
        names = list(part.bridges)
        if bits[at]:
            choices.append(
                (bool(bits[at + 1]), [n for n, usable in zip(names, bits[at + 2 :], strict=False) if usable])
            )
        at += 2 + len(names)
    full = _sets([names for _, names in choices], limited)
    bare = _sets([names for known, names in choices if known], limited)
    ways = {scarce: Way(bridges) for scarce, bridges in full.items()}
    ways |= {scarce: Way(names, True) for scarce, names in bare.items() if not any(other <= scarce for other in full)}
    return list(ways.values())


def _sets(choices: Sequence[Sequence[str]], limited: Collection[str]) -> dict[frozenset[str], tuple[str, ...]]:
    """Return, by the limited bridges it takes, a set with one of each choice: of few bridges, then the first named."""
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for one in product(*choices):
        bridges = tuple(dict.fromkeys(one))
        scarce = frozenset(bridges) & frozenset(limited)
        if scarce not in found or len(bridges) < len(found[scarce]):
            found[scarce] = bridges
    return {scarce: bridges for scarce, bridges in found.items() if not any(other < scarce for other in found)}
