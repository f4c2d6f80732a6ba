"""The window kernel's speed on made-up events, against the same cells by SQL in the same run.

Prints rows, events, CPU-seconds and million events a second for each, and the ratio. CPU-seconds, not time on the wall:
they vary less on a busy machine. Both make count, sum, last and days-since of every group in three windows, from events
that are already sorted in memory; their cells are compared before anything is printed.

    python benchmarks/kernel.py --people 20000 --events 200
"""

import argparse
import resource
import time

import duckdb
import numpy as np

from stratify.features.kernel import Events, Rows, aggregate

WINDOWS = (30, 365, 1825)
LANDMARKS = 9
DELAY = 14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200, help="events of a person, on average")
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    by_kernel(*made_up(10, 10, given.groups, given.seed), given.groups)  # loads the compiled loops
    rows, events = made_up(given.people, given.events, given.groups, given.seed)
    ours, kernel_cpu = timed(by_kernel, rows, events, given.groups)
    theirs, sql_cpu = timed(by_sql, rows, events, given.groups)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    print(f"rows {len(rows):,}  events {len(events.person):,}  columns {ours.shape[1]}")
    for name, cpu in (("kernel", kernel_cpu), ("sql", sql_cpu)):
        print(f"{name:<7} {cpu:7.2f} CPU-s  {len(events.person) / cpu / 1e6:6.2f} million events/s")
    print(f"sql / kernel {sql_cpu / kernel_cpu:.1f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


def made_up(people, mean, groups, seed):
    """Return rows at nine yearly landmarks, and events of ten years, more of them for some people than for others."""
    rng = np.random.default_rng(seed)
    each = rng.poisson(rng.gamma(0.8, mean / 0.8, people))
    person = np.repeat(np.arange(people), each)
    day = rng.integers(16_000, 19_650, len(person))
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    group = rng.integers(0, groups, len(person))
    value = np.where(rng.random(len(person)) < 0.1, np.nan, rng.integers(1, 100, len(person)))
    events = Events(person, day, day + DELAY, group, value)
    landmarks = 16_730 + 365 * np.arange(LANDMARKS)
    return Rows(np.repeat(np.arange(people), LANDMARKS), np.tile(landmarks, people)), events


def timed(build, *given):
    started = time.process_time()
    found = build(*given)
    return found, time.process_time() - started


def by_kernel(rows, events, groups):
    cells = aggregate(events, rows, groups, WINDOWS, ("count", "sum", "last", "days_since"))
    found = []
    for group in range(groups):
        for name in ("count", "sum"):
            found += [cells.column(name, group, window) for window in WINDOWS]
        found += [cells.column(name, group, WINDOWS[-1]) for name in ("last", "days_since")]
    return np.array(found).T


def by_sql(rows, events, groups):
    """The long form, which is DuckDB's fastest: one line for each row and group, spread over columns afterwards."""
    con = duckdb.connect()
    made = {name: getattr(events, name) for name in ("person", "day", "known", "group", "value")}
    con.register("events", {**made, "nth": np.arange(len(events.person))})
    con.register("landmarks", {"row": np.arange(len(rows)), "person": rows.person, "t": rows.day})
    counts = ", ".join(f"count(*) FILTER (day >= t - {w})" for w in WINDOWS)
    sums = ", ".join(f"coalesce(sum(v) FILTER (day >= t - {w}), 0)" for w in WINDOWS)
    long = con.execute(
        f'SELECT row, "group", {counts}, {sums}, arg_max(v, nth) FILTER (v IS NOT NULL), t - max(day) '
        "FROM landmarks AS r JOIN (SELECT *, CASE WHEN NOT isnan(value) THEN value END AS v FROM events) AS e "
        f'ON r.person = e.person AND day < t AND known < t AND day >= t - {WINDOWS[-1]} GROUP BY row, "group", t'
    ).fetchnumpy()
    row, group, *told = (np.ma.filled(values.astype(np.float64), np.nan) for values in long.values())
    width = len(told)
    answer = np.zeros((len(rows), groups, width))
    answer[:, :, -2:] = np.nan
    answer[row.astype(int), group.astype(int)] = np.stack(told, axis=1)
    return answer.reshape(len(rows), groups * width)


if __name__ == "__main__":
    main()
