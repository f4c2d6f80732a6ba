"""Random numbers with an address: (seed, purpose, year, person, column) always gives the same uniform number.

A number does not depend on which others were read, on how people are cut into blocks, on the number of processes, or on
what happens to anybody else. So two runs that differ in one hazard differ only where that hazard matters (common random
numbers), and the same arguments give the same bytes. State is drawn with Philox counters; details of events, of which
a person has any number, come from a 64-bit hash of the person's key, the purpose, the year and the event's index.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stratify.mixing import GOLDEN, mixed

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Draws:
    """The numbers of some people who stand side by side: `address` is that of the first, `count` how many they are."""

    seed: int
    address: int
    count: int

    def uniforms(self, purpose: str, columns: int, year: int = 0) -> Floats:
        """Return uniform numbers in [0, 1), one row per person; `columns` is a multiple of 4."""
        if columns % 4:
            raise ValueError(f"columns: a multiple of 4 is required, got {columns}")
        counter = [self.address * (columns // 4), year, 0, 0]
        generator = np.random.Generator(np.random.Philox(key=[self.seed, word(purpose)], counter=counter))
        return generator.random((self.count, columns))

    def keys(self) -> Words:
        """Return a 64-bit key per person, from which the details of events are hashed."""
        raw = np.random.Philox(key=[self.seed, word("key")], counter=[self.address, 0, 0, 0])
        found: Words = raw.random_raw(4 * self.count)[::4]
        return found

    def part(self, start: int, stop: int) -> Draws:
        """Return the numbers of people start to stop."""
        return Draws(self.seed, self.address + start, stop - start)


@cache
def word(purpose: str) -> int:
    """Return the 64-bit word that stands for a purpose."""
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")


def hashed(keys: Words, purpose: str, index: NDArray[np.integer], year: int = 0) -> Words:
    """Return 64 hashed bits per event: `keys` is the key of each event's person, `index` which of theirs it is."""
    with np.errstate(over="ignore"):
        state = keys + np.uint64(word(purpose)) * np.uint64(2 * year + 1)
        state = mixed(state) + index.astype(np.uint64) * GOLDEN
    return mixed(state)


def unit(bits: Words, place: int = 0) -> Floats:
    """Return a uniform number in [0, 1) from hashed bits; another `place` gives an independent one of the same bits."""
    with np.errstate(over="ignore"):
        bits = mixed(bits + np.uint64(place) * GOLDEN) if place else bits
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def nth(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, 2, … for each so many in turn.

    >>> nth(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    found: NDArray[np.int64] = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return found


def place_in_run(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return each value's place among the equal ones beside it: of rows sorted by person, which of theirs it is.

    >>> place_in_run(np.array([4, 4, 7, 9, 9, 9])).tolist()
    [0, 1, 0, 0, 1, 2]
    """
    places = np.arange(len(values))
    leads = np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]
    found: NDArray[np.int64] = places - np.maximum.accumulate(np.where(leads, places, 0)) if len(values) else places
    return found


def events(
    people: NDArray[np.int64], counts: NDArray[np.int64], keys: Words, purpose: str, year: int
) -> tuple[NDArray[np.int64], Words]:
    """Return the person and 64 hashed bits of each event, for so many events of each of these people."""
    person = np.repeat(people, counts)
    return person, hashed(keys[person], purpose, nth(counts), year)


def poisson(uniform: Floats, mean: Floats) -> NDArray[np.int64]:
    """Return Poisson counts by inverting their distribution: never fewer events for a higher mean and the same number.

    >>> poisson(np.array([0.1, 0.5, 0.99]), np.array([1.0, 1.0, 1.0])).tolist()
    [0, 1, 4]
    """
    counts = np.zeros(len(mean), np.int64)
    left = np.flatnonzero(uniform >= np.exp(-mean))
    term = np.exp(-mean[left])
    below = term.copy()
    mu, u = mean[left], uniform[left]
    step = 0
    while len(left):
        step += 1
        term = term * mu / step
        below = below + term
        more = (u >= below) & ((term > 1e-18) | (step < mu))
        counts[left] = step
        left, term, below, mu, u = left[more], term[more], below[more], mu[more], u[more]
    return counts
