"""The window kernel beside timeseriesflattener, on the same events and the same columns; a loop decides who is right.

    make bench-peers
    python benchmarks/peers/compare.py --peer .venv-peers/bin/python --people 20000 --events 100

Events are made up. The two answer count, sum, mean, min, max and last of every group in three windows before two
landmarks: ours in this process, the peer in its own, by `flatten.py`. CPU-seconds of all threads, imports apart; ours
begins with events sorted in memory, the peer with its frames made. Four runs:

    like for like    known on the day, the peer's windows set to end the day before: what both can say
    as documented    known on the day, the peer's ordinary windows and latest value
    known ignored    events known later than they happened; the peer has no word for it
    known as day     the same, the peer told the later of the two days
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from judge import AGGREGATES, READINGS, decide

from stratify.features.kernel import Events, Rows, aggregate

WINDOWS = (30, 365, 1825)
LANDMARKS = (18_993, 19_358)
FIRST_DAY, LAST_DAY = 16_000, 19_700
LATE = (0, 0, 3, 14, 60, 400)  # days until an event is known
RUNS = {  # known late; readings there can be; the peer's day, where its windows end, what its latest is ordered by
    "like for like": (False, ("first of a day",), "day", 1, "distance"),
    "as documented": (False, ("same day", "first of a day", "hidden by later"), "day", 0, "timestamp"),
    "known ignored": (True, ("known ignored", "first of a day"), "day", 1, "distance"),
    "known as day": (True, ("known as day", "first of a day"), "later", 1, "distance"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, default=Path(".venv-peers/bin/python"), help="the peer's own Python")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=100, help="events of a person, on average")
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("--sample", type=int, default=300, help="rows that the loop works out")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rows, late = made_up(given.people, given.events, given.groups, given.seed)
    told, columns = {}, named(given.groups)
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for name, (delayed, readings, *peer) in RUNS.items():
            events = late if delayed else replace(late, known=late.day)
            ours, cpu = timed(by_kernel, events, rows, given.groups)
            theirs, cost = by_peer(given.peer, Path(folder), events, rows, given.groups, *peer)
            judged = decide(events, rows, columns, ours, theirs, given.sample, readings)
            told[name] = {"ours": cpu, **cost, **judged}
    print(f"people {given.people:,}  rows {len(rows):,}  events {len(late.person):,}  columns {len(columns)}")
    versions = told["like for like"]["versions"]
    print("peer " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    speed(told)
    answers(told, len(rows) * len(columns))
    small(given.peer)


def named(groups):
    """Return (group, window, aggregate) of every column, in order."""
    return [(group, window, name) for group in range(groups) for window in WINDOWS for name in AGGREGATES]


def made_up(people, mean, groups, seed):
    """Return rows at two landmarks and events known late, more of them for some than for others.

    Values are whole numbers, so that two of a day can be told apart; sorted as the store sorts, by person, day, value.
    """
    rng = np.random.default_rng(seed)
    each = rng.poisson(rng.gamma(0.8, mean / 0.8, people))
    person = np.repeat(np.arange(people), each)
    day = rng.integers(FIRST_DAY, LAST_DAY, len(person))
    on_a_landmark = rng.random(len(person)) < 0.005
    day[on_a_landmark] = rng.choice(LANDMARKS, on_a_landmark.sum())
    value = rng.integers(1, 100, len(person)).astype(np.float64)
    group = rng.integers(0, groups, len(person))
    double = np.flatnonzero(rng.random(len(person)) < 0.02)  # measured twice on a day
    person, day, group = (np.concatenate([column, column[double]]) for column in (person, day, group))
    value = np.concatenate([value, rng.integers(1, 100, len(double)).astype(np.float64)])
    order = np.lexsort((value, day, person))
    person, day, group, value = person[order], day[order], group[order], value[order]
    known = day + rng.choice(LATE, len(day))
    rows = Rows(np.repeat(np.arange(people), len(LANDMARKS)), np.tile(np.array(LANDMARKS), people))
    return rows, Events(person, day, known, group, value)


def timed(build, *given):
    started = time.process_time()
    found = build(*given)
    return found, time.process_time() - started


def by_kernel(events, rows, groups):
    cells = aggregate(events, rows, groups, WINDOWS, AGGREGATES)
    return np.array([cells.column(name, group, window) for group, window, name in named(groups)]).T


def by_peer(python, folder, events, rows, groups, day, from_day, latest):
    """Return the peer's cells, in our order, and what they cost it."""
    asked, answer = folder / "asked.npz", folder / "answer.npy"
    seen = events.day if day == "day" else np.maximum(events.day, events.known)
    np.savez(
        asked, person=events.person, day=seen, group=events.group, value=events.value, row_person=rows.person,
        row_day=rows.day, groups=groups, windows=np.array(WINDOWS), aggregates=np.array(AGGREGATES),
    )  # fmt: skip
    told = flatten(python, asked, answer, "--from-day", from_day, "--latest", latest)
    return np.load(answer), told


def flatten(python, *words):
    """Run the peer's side in its own environment; what it prints last is one JSON object."""
    script = Path(__file__).with_name("flatten.py")
    done = subprocess.run([python, script, *map(str, words)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def speed(told):
    print("\nCPU-seconds         ours    peer  peer / ours  peer: on the wall, imports, frames, MiB")
    for name in ("like for like", "as documented"):
        of = told[name]
        print(
            f"{name:<16} {of['ours']:7.2f} {of['cpu']:7.2f} {of['cpu'] / of['ours']:12.1f}"
            f"        {of['wall']:.1f}, {of['imports']:.1f}, {of['frames']:.1f}, {of['memory']:,}"
        )
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB")


def answers(told, cells):
    print("\nanswers             differ  in a million   judged   ours right   peer right   neither   ours as the loop")
    for name, of in told.items():
        right = of["right"]
        print(
            f"{name:<16} {of['differ']:9,} {of['differ'] / cells * 1e6:13,.0f} {of['judged']:8,} {right['ours']:12,}"
            f" {right['theirs']:12,} {right['neither']:9,}   {of['as_loop']:,} of {of['of']:,}"
        )
    print("\nwhat the peer's answers are, where they are not the rule's")
    for name, of in told.items():
        by_reading = {}
        for (aggregated, reading), times in of["why"].items():
            by_reading.setdefault(reading, {})[aggregated] = times
        for reading, by in sorted(by_reading.items(), key=lambda item: -sum(item[1].values())):
            words = " and ".join(READINGS[word] for word in reading) if reading else "nothing we know of"
            whom = ", ".join(f"{aggregated} {times:,}" for aggregated, times in sorted(by.items()))
            print(f"  {name:<15} {sum(by.values()):7,}  {words} ({whom})")


def small(python):
    found = flatten(python, "--traps")
    print("\nhistories of one person, by the peer")
    before, after = found["same_day"]
    print(f"  one event on the day of the prediction: {before} as predictor and {after} as outcome")
    for key, words in (
        ("step_feature", "value 1.0, 78 days before, 30-90 days"),
        ("step_label", "label 80 days after"),
    ):
        plain, stepped = found[key]
        print(f"  {words}: {plain} at once, {stepped} with step_size")
    alone, later = found["latest"]
    print(f"  values 1.0 and 2.0 before: the latest is {alone}; with a third event afterwards it is {later}")


if __name__ == "__main__":
    main()
