"""One person scored on the spot, from the store and from a chart: how long, what it costs, and where the time goes.

    python benchmarks/on_the_spot.py --work work                    # a scored work folder; nothing is written in it
    python benchmarks/on_the_spot.py --work work --threads 1 2 4
    python benchmarks/on_the_spot.py --index 1300000                # who is who among so many people, by two ways

Prints p50 and p99 on the wall, CPU-milliseconds, which vary less on a busy machine, and the memory of this process. How
many rows of the store at the landmark are those of the scored population is counted beside it. The process holds no
pandas, pyarrow or scikit-learn, as the service does not.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

ABSENT = ("pandas", "pyarrow", "sklearn", "mlflow", "statsmodels")


class Absent:
    """Says of some packages that they are not installed."""

    def find_spec(self, name, path=None, target=None):
        del path, target
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(name, name=name)


sys.meta_path.insert(0, Absent())
sys.path[0] = str(Path(__file__).parent.parent)  # not this folder, where another service lies

from service.served import open_served  # noqa: E402
from service.spot import Spot  # noqa: E402
from stratify.features.part import Region  # noqa: E402
from stratify.pseudonym import pseudonym  # noqa: E402
from stratify.registers.clock import day_number  # noqa: E402
from stratify.store.layout import buckets  # noqa: E402
from stratify.store.one import open_reader  # noqa: E402
from stratify.store.read import Store  # noqa: E402
from stratify.workspace import Workspace  # noqa: E402
from tests.unit.fhir.writer import written  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="a scored work folder")
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--index", type=int, metavar="PEOPLE")
    given = parser.parse_args()
    if given.index:
        who_is_who(given.index)
    if given.work:
        of_work(Workspace(given.work), given.people, given.threads)


def of_work(work, people, threads) -> None:
    started = time.perf_counter()
    served = open_served(work)
    print(f"opened the scored population   {time.perf_counter() - started:6.2f} s   {resident():4d} MiB")
    spot, started = Spot(work, served), time.perf_counter()
    spot.warm()
    print(f"warmed up                      {time.perf_counter() - started:6.2f} s   {resident():4d} MiB")
    store, system = Store(work.store), served.meta["system"]
    ids, day = store.source_ids(), date.fromisoformat(served.meta["landmark"])
    picked = np.random.default_rng(1).choice(np.flatnonzero(np.array(ids) != ""), people, replace=False).tolist()
    rows = [spot.from_store(system, ids[person], day) for person in picked]
    nightly = [served.find(pseudonym(served.key, system, ids[person])) for person in picked]
    inside = [person for person, row in zip(picked, rows, strict=True) if row is not None]
    same = sum(alike(*pair) for pair in zip(rows, nightly, strict=True))
    print(f"as in the scored population    {same} of {people} people, {len(inside)} of them in a population")
    for number in threads:
        several(f"from the store, {number} threads", lambda p: spot.from_store(system, ids[p], day), inside, number)
    several("... somebody in no population", lambda p: spot.from_store(system, ids[p], day), picked, 1)
    several("... somebody unknown", lambda p: spot.from_store(system, f"nobody{p}", day), picked, 1)
    split(spot, inside, ids, day_number(day))
    charts = [written(store, person, ids[person], day_number(day)) for person in inside[:150]]
    for number in threads:
        several(f"from a chart, {number} threads", lambda chart: spot.from_bundle(chart, day), charts, number)
    several("... reading it alone", lambda chart: spot.chart(chart, day), charts, 1)
    print(f"at the end                                {resident():4d} MiB")


def alike(row, other) -> bool:
    if row is None or other is None:
        return row is other
    return row.stored == other.stored and np.array_equal(row.features.view(np.int64), other.features.view(np.int64))


def several(what, ask, those, threads) -> None:
    """Ask about everybody, shared out over threads, and say how long each answer took."""
    took, shares = [], [those[n::threads] for n in range(threads)]

    def work(share):
        for one in share:
            started = time.perf_counter()
            ask(one)
            took.append(time.perf_counter() - started)

    started, cpu = time.perf_counter(), time.process_time()
    running = [threading.Thread(target=work, args=(share,)) for share in shares]
    for one in running:
        one.start()
    for one in running:
        one.join()
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1e3
    each, rate = cpu / len(took) * 1e3, len(took) / wall
    print(f"{what:34s} p50 {p50:6.1f} ms  p99 {p99:6.1f} ms  {each:6.1f} CPU-ms  {rate:6.1f}/s")


def split(spot, those, ids, day) -> None:
    """Say what of one person's score is finding them, reading, features, models and facts."""
    spent = dict.fromkeys(("read", "features", "models and facts", "shape"), 0.0)
    reader, rule = open_reader(spot._workspace.store), spot._rule
    for person in those:
        with timed(spent, "read"):
            one = reader.find(ids[person], rule.domains)
        with timed(spent, "features"):
            part = Region.of(one).part(rule.scorer.catalogue, [day], 0, rule.populations, rule.families)
        with timed(spent, "models and facts"):
            scored = rule.scorer.score(one, day, part.kept.person, part.cells, rule.names, part.populations)
        with timed(spent, "shape"):
            scored.body(0)
    told = ", ".join(f"{name} {seconds / len(those) * 1e3:.1f}" for name, seconds in spent.items())
    print(f"of it, in ms: {told}")


@contextmanager
def timed(spent, what):
    started = time.perf_counter()
    yield
    spent[what] += time.perf_counter() - started


def who_is_who(people) -> None:
    """Say what it costs to find one of so many people by a query of the file, and by the index a reader makes."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as con:
        file = Path(folder) / "persons.parquet"
        con.execute(
            "COPY (SELECT range::INTEGER AS person, "
            "lpad(CAST((range * 7919000003) % 10000000000 AS VARCHAR), 10, '0') AS source_id, "
            "1 AS sex, 0 AS birth, NULL::INTEGER AS death "
            f"FROM range({people})) TO '{file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 10000)"
        )
        ids = [row[0] for row in con.execute(f"SELECT source_id FROM '{file}' USING SAMPLE 200").fetchall()]
        query = f"SELECT person FROM read_parquet('{file}') WHERE source_id = ?"
        took = [clocked(lambda one=one: con.execute(query, [one]).fetchall()) for one in ids]
        print(f"a query of the file of {people:,}: p50 {np.median(took):.1f} ms, p99 {np.quantile(took, 0.99):.1f} ms")
        con.execute(
            "COPY (SELECT 0 AS person, 0 AS start, NULL::INTEGER AS \"end\", '' AS municipality) "
            f"TO '{folder}/residence.parquet' (FORMAT parquet)"
        )
        delivery = {"covers_to": "2024-12-31", "delivered": "2024-12-31"}
        told = {"people": people, "measurable": {"domains": []}, "delivery": delivery}
        (Path(folder) / "condition").mkdir()
        empty = f"COPY (SELECT 0 AS person, 0 AS day, 0 AS known, '' AS code, 0 AS until) TO '{folder}/condition/"
        for bucket in range(buckets(people)):
            con.execute(f"{empty}bucket={bucket:03d}.parquet' (FORMAT parquet)")
        (Path(folder) / "manifest.json").write_text(json.dumps({"results": told}), encoding="utf-8")
        before = resident()
        spent = clocked(lambda: readers.append(open_reader(Path(folder))))
        took = [clocked(lambda one=one: readers[0].find(one, ())) for one in ids]
        print(f"an index: made in {spent:.0f} ms, {resident() - before} MiB more, {len(readers[0]._numbers):,} people")
        print(f"asked: p50 {np.median(took):.1f} ms, p99 {np.quantile(took, 0.99):.1f} ms")


readers: list = []


def clocked(do) -> float:
    started = time.perf_counter()
    do()
    return (time.perf_counter() - started) * 1e3


def resident() -> int:
    """The memory of this process now, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) >> 10


if __name__ == "__main__":
    main()
