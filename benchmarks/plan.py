"""How long planning takes, and how near the best it comes, on made-up people, offers, bridges and places.

    python benchmarks/plan.py                  # all: some minutes
    python benchmarks/plan.py --people 200000  # the large ones smaller

The first lines are of people as a region has them, of few kinds, so that thousands are alike, with 15 offers and 7
bridges that are few: the best choice for 50,000 and for 1.3 million, beside the one by prices. The others are of people
of whom hardly two are alike: a middle size both ways; 200,000 pairs of person and offer the exact way; 1.3 million
people with about 10 million pairs by prices. Each with seconds, CPU-seconds, the peak memory of the process so far, and
how far from the best it may be.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from stratify.care.allocate import Allocation, Limits, Options, allocate
from stratify.care.priority import priority

OFFERS, BRIDGES, WAYS, PER_PERSON = 40, 6, 10, 2
REGION_PEOPLE = 50_000
EACH = 8  # offers open to a person, on average nearly so many
CHUNK = 100_000
APART = ((0, 5), (5, 6), (0, 6), (7, 8), (7, 9), (7, 10), (12, 13))
REGION_OFFERS, REGION_KINDS = 15, 1500
REGION_APART = ((0, 1), (2, 3), (2, 4), (2, 5))
TALK, INSTEAD = 0, range(1, 5)  # an interpreter; somebody along, transport, a visit at home, a call: each helps instead
ALONE = ((5,), (6,))  # two more bridges, each needed now and then


def region(people: int, seed: int = 1) -> tuple[Options, Limits]:
    """Return options of people of few kinds, some of them with thousands of people, others with a few."""
    draw = np.random.default_rng(seed)
    bridges = [(), *((one,) for one in range(7)), *((TALK, one) for one in range(1, 7))]
    uses = np.array([[bridge in way for bridge in range(7)] for way in bridges])
    common = draw.permutation(np.geomspace(0.01, 0.95, REGION_OFFERS))
    by_offer = draw.integers(0, 4, REGION_OFFERS) * priority().evidence.points
    kinds = [_kind(draw, bridges, common, by_offer) for _ in range(REGION_KINDS)]
    share = draw.pareto(1.2, REGION_KINDS) + 0.01
    kind = draw.choice(REGION_KINDS, people, p=share / share.sum())
    times = np.array([len(one) for one in kinds])
    table, first = np.concatenate(kinds), np.cumsum(times) - times
    person = np.repeat(np.arange(people, dtype=np.int32), times[kind])
    nth = np.arange(len(person)) - np.repeat(np.cumsum(times[kind]) - times[kind], times[kind])
    value, offer, way = table[first[kind][person] + nth].T
    options = Options(value.astype(np.float32), person, offer.astype(np.int16), way.astype(np.int16))
    pairs = np.unique(person * np.int64(REGION_OFFERS) + options.offer)
    places = (np.bincount(pairs % REGION_OFFERS) * draw.uniform(0.05, 0.2, REGION_OFFERS)).astype(np.int64)
    units = (uses[options.way].sum(axis=0) * draw.uniform(0.01, 0.06, 7)).astype(np.int64)
    return options, Limits(places, uses, units, PER_PERSON, REGION_APART)


def _kind(draw, bridges, common, by_offer):
    """Return the options of a kind of people, [options, (value, offer, way)]."""
    declared = priority()
    need = declared.need[draw.choice(4, p=[0.1, 0.4, 0.3, 0.2])].points
    talk = (TALK,) if draw.random() < 0.1 else ()
    rows = []
    for offer in np.flatnonzero(draw.random(REGION_OFFERS) < common):
        helps = [(one,) for one in INSTEAD if draw.random() < 0.5] if draw.random() < 0.5 else []
        helps = helps or ([ALONE[draw.integers(2)]] if draw.random() < 0.1 else [])
        value = need + by_offer[offer] + declared.few_resources.points * bool(talk or helps)
        rows += [(value, offer, bridges.index(talk + one)) for one in helps]
        rows.append((value + declared.bare.points * bool(helps), offer, bridges.index(talk)))
    return np.array(rows or [(need, 0, 0)])


def made(people: int, seed: int = 1) -> tuple[Options, Limits]:
    """Return made-up options, valued as priority.toml declares; a third of the pairs have ways by bridges."""
    draw = np.random.default_rng(seed)
    popular = draw.dirichlet(np.full(OFFERS, 1.5))
    by_offer = draw.integers(0, 4, OFFERS) * priority().evidence.points
    by_offer += np.where(np.arange(OFFERS) < OFFERS // 8, priority().window.points, 0)
    uses = np.zeros((WAYS, BRIDGES), bool)
    for way in range(1, WAYS):
        uses[way, draw.choice(BRIDGES, 1 + (way > 6), replace=False)] = True
    parts = [_some(min(CHUNK, people - at), at, draw, popular, by_offer) for at in range(0, people, CHUNK)]
    options = Options(*(np.concatenate(of) for of in zip(*parts, strict=True)))
    asked = np.bincount(options.offer, minlength=OFFERS)
    wanted = np.array([uses[options.way, bridge].sum() for bridge in range(BRIDGES)])
    places = (asked * draw.uniform(0.05, 0.8, OFFERS)).astype(np.int64)
    return options, Limits(
        places, uses, (wanted * draw.uniform(0.05, 0.4, BRIDGES)).astype(np.int64), PER_PERSON, APART
    )


def _some(people, first, draw, popular, by_offer):
    rank = np.argsort(np.argsort(-np.log(popular) - draw.gumbel(size=(people, OFFERS)), axis=1), axis=1)
    person, offer = np.nonzero(rank < draw.integers(1, 2 * EACH, people)[:, None])
    need = np.array([one.points for one in priority().need])[draw.choice(4, people, p=[0.3, 0.4, 0.2, 0.1])]
    few, hard = draw.random(people) < 0.2, draw.random(len(person)) < 0.35
    value = need[person] + by_offer[offer] + np.where(few[person] | hard, priority().few_resources.points, 0)
    times = np.where(hard, draw.integers(1, 4, len(person)), 1)
    pair = np.repeat(np.arange(len(person)), times)
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
    way = np.where(hard[pair], 1 + (draw.integers(0, WAYS - 1, len(person))[pair] + nth) % (WAYS - 1), 0)
    return (
        value[pair].astype(np.float32),
        (person[pair] + first).astype(np.int32),
        offer[pair].astype(np.int16),
        way.astype(np.int16),
    )


def timed(name: str, options: Options, limits: Limits, exact_up_to: int) -> Allocation:
    seconds, cpu = time.perf_counter(), time.process_time()
    found = allocate(options, limits, exact_up_to=exact_up_to)
    seconds, cpu = time.perf_counter() - seconds, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = len(np.unique(options.person.astype(np.int64) * OFFERS + options.offer))
    print(
        f"{name:<24} {pairs:>11,} pairs {len(options):>11,} options {seconds:8.1f} s {cpu:8.1f} CPU-s "
        f"{memory:7,.0f} MiB   value {found.value:,.0f}  bound {found.bound:,.0f}  gap {found.gap:.4%}"
        f"  {'exact' if found.exact else 'by prices'}",
        flush=True,
    )
    return found


def both(name: str, problem: tuple[Options, Limits]) -> None:
    best = timed(f"{name}, exact", *problem, exact_up_to=10**9)
    near = timed(f"{name}, by prices", *problem, exact_up_to=0)
    print(f"{'':<24} by prices {1 - near.value / best.value:.4%} below the best, told as at most {near.gap:.4%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_300_000, help="of the large one")
    parser.add_argument("--exact", type=int, default=25_000, help="people of the exact one")
    parser.add_argument("--middle", type=int, default=8_000, help="people of the one that is done both ways")
    asked = parser.parse_args()
    allocate(*made(100), exact_up_to=0)  # compiled before the clock starts
    both("region", region(REGION_PEOPLE))
    both("large region", region(asked.people))
    both("middle", made(asked.middle))
    timed("exact", *made(asked.exact), exact_up_to=10**9)
    timed("large", *made(asked.people), exact_up_to=0)


if __name__ == "__main__":
    main()
