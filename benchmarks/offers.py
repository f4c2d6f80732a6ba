"""What weighing offers costs: one person as the service does it, and 1.3 million at once, by one evaluator.

    python benchmarks/offers.py
    python benchmarks/offers.py --people 1300000

People are made up: facts drawn from the words that rules ask for, hints and gaps among them. One person is weighed with
every word of the answer; the many are given answers, bridges and places on both axes, as `stratify score` does. Beside
each figure stands what was asked of it: one person 5 ms, 1.3 million 3 minutes.
"""

import argparse
import resource
import time
from datetime import date

import numpy as np

from stratify.care.facts import WORDS
from stratify.care.logic import Judge
from stratify.care.people import NO, UNKNOWN, YES, Column, Members, People
from stratify.care.recommend import recommend
from stratify.care.weigh import ANSWERS, Given, Weigher
from stratify.catalogue import load
from stratify.strata import places, stratify_person

DAY = date(2026, 11, 22)
ASKED = {"one person": 5.0, "1.3 million": 180.0}  # ms, seconds
GAPS = 0.5  # of facts that nobody has told, of those that registers hold none


def drawn(people, catalogue, seed=1):
    """Return made-up people: half of what could be told is not, a tenth of what is told is a hint."""
    draws = np.random.default_rng(seed)
    kinds = {name: (word.kind, word.words) for name, word in WORDS.items()}
    kinds |= {asked.id: (asked.kind, ()) for offer in catalogue.offers.values() for asked in offer.ask}
    columns = {}
    for name, (kind, words) in kinds.items():
        if kind == "set":
            continue
        most = {"flag": 2, "word": max(len(words), 1)}.get(kind)
        values = draws.random(people) if kind == "share" else draws.integers(0, most or 90, people).astype(float)
        values[draws.random(people) < GAPS] = np.nan
        hint = (draws.random(people) < 0.1) & ~np.isnan(values)
        columns[name] = Column(values, kind, words or (("a",) if kind == "word" else ()), hint)
    has = {key: np.where(draws.random(people) < 0.08, YES, NO) for key in catalogue.conditions}
    flags = {flag.id for family in catalogue.features.values() for flag in family.flag}
    warned = {key: np.where(draws.random(people) < 0.05, YES, NO) for key in sorted(flags)}
    known = np.full(people, NO)
    sets = {"conditions": Members(has, known), "medication_flags": Members(warned, np.where(known == NO, NO, UNKNOWN))}
    return People(people, columns, sets)


def main():
    """Print what each costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_300_000)
    given = parser.parse_args()
    catalogue = load()
    print(f"{len(catalogue.offers)} offers, {len(catalogue.needs)} needs, {len(catalogue.bridges)} bridges")
    some = drawn(400, catalogue)
    alone = [some.of(np.array([row])) for row in range(some.n)]
    recommend(alone[0], catalogue, Given(DAY))
    took = []
    for one in alone:
        start = time.process_time()
        recommend(one, catalogue, Given(DAY))
        stratify_person(one, catalogue)
        took.append(1000 * (time.process_time() - start))
    middle, most = np.median(took), np.quantile(took, 0.99)
    told(f"one person: {middle:.2f} CPU-ms, 99 of 100 within {most:.2f}", middle, ASKED["one person"], "ms")
    many = drawn(given.people, catalogue)
    start, cpu = time.perf_counter(), time.process_time()
    weigher = Weigher(many, catalogue, Given(DAY))
    weighed = weigher.all()
    bridged = {one.offer.id: one.bridges() for one in weighed}
    for axis in ("need", "resources"):
        places(Judge(many), catalogue, axis)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    counts = np.sum([np.bincount(one.answer, minlength=len(ANSWERS)) for one in weighed], axis=0)
    told(f"{given.people:,} people: {seconds:.1f} s, {cpu:.1f} CPU-s", seconds, ASKED["1.3 million"], "s")
    print(f"  answers: {', '.join(f'{name} {count:,}' for name, count in zip(ANSWERS, counts, strict=True) if count)}")
    print(f"  offers with a bridge to somebody: {sum(bool(one) for one in bridged.values())}")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def told(line, value, most, unit):
    """Print a figure beside what was asked of it."""
    print(f"{line}  [≤ {most:g} {unit}] {'holds' if value <= most else 'MISSED'}")


if __name__ == "__main__":
    main()
