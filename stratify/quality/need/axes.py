"""Axes that counts are laid out on, and the counts of every node at once: leaves, the groups above them, the whole.

A node is (level, label); the whole is ("", ""). Every leaf hangs below the whole by one path, so that the parts of each
node add up to it. Counts of buckets are added up as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from stratify.quality.cases import Bools

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Node = tuple[str, str]
WHOLE: Node = ("", "")
BITS = 4_000_000  # cells times people that are marked one by one, where more are sorted


@dataclass(frozen=True, eq=False)
class Axis:
    """What counts are parted by. within int64[leaves, depth]: the nodes of each leaf from the whole down, then -1."""

    name: str
    nodes: tuple[Node, ...]
    leaves: tuple[Node, ...]
    within: Ints
    sums: tuple[tuple[int, tuple[int, ...]], ...]  # a node, and those it is the sum of

    @staticmethod
    def of(name: str, leaves: Sequence[Node], above: Mapping[Node, Node] | None = None) -> Axis:
        """Return the axis of leaves, each below the node that `above` names for it, or below the whole.

        >>> Axis.of("day", [("day", "weekday"), ("day", "weekend")]).sums
        ((0, (1, 2)),)
        """
        up = above or {}
        paths = []
        for leaf in leaves:
            path = [leaf]
            while path[0] != WHOLE:
                path.insert(0, up.get(path[0], WHOLE))
            paths.append(path)
        nodes = list(dict.fromkeys([WHOLE, *(node for path in paths for node in path[:-1]), *leaves]))
        place = {node: number for number, node in enumerate(nodes)}
        within = np.full((len(leaves), max((len(path) for path in paths), default=1)), -1, dtype=np.int64)
        parts: dict[int, dict[int, None]] = {}
        for row, path in enumerate(paths):
            within[row, : len(path)] = [place[node] for node in path]
            for over, under in pairwise(path):
                parts.setdefault(place[over], {})[place[under]] = None
        sums = tuple((total, tuple(of)) for total, of in parts.items())
        return Axis(name, tuple(nodes), tuple(leaves), within, sums)

    @cached_property
    def holds(self) -> Floats:
        """Whether each node holds each leaf, 0 or 1, float64[nodes, leaves]."""
        found = np.zeros((len(self.nodes), len(self.leaves)))
        leaf, depth = np.nonzero(self.within >= 0)
        found[self.within[leaf, depth], leaf] = 1
        return found

    def parents(self) -> list[tuple[Node, Node]]:
        """Return each leaf with the node above it."""
        depth = (self.within >= 0).sum(axis=1)
        over = [int(path[n - 2]) if n > 1 else 0 for path, n in zip(self.within, depth.tolist(), strict=True)]
        return [(leaf, self.nodes[at]) for leaf, at in zip(self.leaves, over, strict=True)]

    def without(self, level: str) -> Axis:
        """Return the axis without the nodes of its finest level; leaves below them are counted in what is above."""
        kept = [at for at, (one, _) in enumerate(self.nodes) if one != level]
        new = np.full(len(self.nodes) + 1, -1, dtype=np.int64)
        new[kept] = np.arange(len(kept))
        sums = tuple(
            (int(new[one]), tuple(int(new[part]) for part in parts))
            for one, parts in self.sums
            if (new[list(parts)] >= 0).all()
        )
        nodes = tuple(self.nodes[at] for at in kept)
        return Axis(self.name, nodes, self.leaves, new[self.within], sums)

    def at(self, *levels: str) -> list[int]:
        """Return the places of the nodes of these levels, in their order; "" is the whole."""
        return [number for number, (level, _) in enumerate(self.nodes) if level in levels]

    def leaf_of(self, labels: Sequence[str], level: str, other: int) -> Ints:
        """Return the leaf of each label at a level, `other` where it is none; one more at the end, for -1."""
        place = {label: number for number, (at, label) in enumerate(self.leaves) if at == level}
        return np.array([*(place.get(label, other) for label in labels), other], dtype=np.int64)


def yes_no(name: str) -> Axis:
    """Return an axis of no and yes, in this order."""
    return Axis.of(name, [(name, "no"), (name, "yes")])


def count(axes: Sequence[Axis], codes: Sequence[Ints], person: Ints, keep: Bools | None = None) -> Ints:
    """Return int64[*nodes, 2]: rows in every combination of nodes, and how many different people stand behind them.

    codes: the leaf of each row, by axis.
    """
    if keep is not None:
        codes, person = [code[keep] for code in codes], person[keep]
    shape = tuple(len(axis.nodes) for axis in axes)
    people = np.zeros(int(np.prod(shape)), np.int64)
    _, who = np.unique(person, return_inverse=True)
    span = int(who.max(initial=0)) + 1
    for key, some in _each(axes, codes, who):
        people += _different(key, some, span, len(people))
    return np.stack([heads(axes, codes), people.reshape(shape)], axis=-1)


def heads(axes: Sequence[Axis], codes: Sequence[Ints]) -> Ints:
    """Return int64[*nodes], the rows in every combination of nodes."""
    return np.rint(total(axes, codes, None)).astype(np.int64)


def total(axes: Sequence[Axis], codes: Sequence[Ints], weight: Floats | None) -> Floats:
    """Return float64[*nodes], the sum of a number of each row in every combination of nodes; without it, the rows."""
    shape = tuple(len(axis.leaves) for axis in axes)
    key = np.ravel_multi_index(tuple(codes), shape)
    found = np.bincount(key, weight, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
    for number, axis in enumerate(axes):
        found = np.moveaxis(np.tensordot(axis.holds, found, axes=(1, number)), 0, number)
    return found


def _different(key: Ints, who: Ints, span: int, cells: int) -> Ints:
    """Return how many different people there are by key."""
    if cells * span <= BITS:
        seen = np.zeros(cells * span, dtype=bool)
        seen[key * span + who] = True
        return np.asarray(seen.reshape(cells, span).sum(axis=1), dtype=np.int64)
    return np.bincount(np.unique(key * span + who) // span, minlength=cells)


def _each(axes: Sequence[Axis], codes: Sequence[Ints], values: NDArray[np.generic]) -> list[tuple[Ints, NDArray]]:  # type: ignore[type-arg]
    shape = tuple(len(axis.nodes) for axis in axes)
    found = []
    for depths in product(*(range(axis.within.shape[1]) for axis in axes)):
        at = [axis.within[code, depth] for axis, code, depth in zip(axes, codes, depths, strict=True)]
        there = np.logical_and.reduce([one >= 0 for one in at])
        found.append((np.ravel_multi_index([one[there] for one in at], shape).astype(np.int64), values[there]))
    return found
