"""From the store to the matrix: what it costs, beside a mere scan and beside DuckDB, and for one person.

    python benchmarks/features.py --people 200000
    python benchmarks/features.py --work DIR                  # registers or a store that are there already
    python benchmarks/features.py --build 200000 650000 1300000

Prints CPU-seconds, which vary less on a busy machine than time on the wall, rates and ratios, all of one run. Rows are
all adults at the two latest landmarks, so that nobody is left out as cheap. The cells that DuckDB makes too are
compared. `--build` simulates, lands and builds regions of these sizes and prints how each grows; `--repeat` builds a
store whose buckets are those of the region over and over, other people each time, which takes minutes and not an hour.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from long_sql import by_sql, wanted
from region import rss_of_all

from pipelines.build_step import landmarks
from pipelines.data_steps import land_step
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.steps import OUTSIDE
from stratify.catalogue import load
from stratify.cohort import residents
from stratify.features.build import cell, gather, matrix
from stratify.features.columns import columns, groups
from stratify.features.conditions import present
from stratify.features.events import read_events
from stratify.features.kernel import Events, Rows, aggregate
from stratify.features.part import Region, row_of
from stratify.files import digest_tree
from stratify.store.layout import DOMAINS, bucket_file
from stratify.store.one import open_reader
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--work", type=Path, help="a work folder; made and removed where none is named")
    parser.add_argument(
        "--repeat", type=int, nargs="+", metavar="BUCKETS", help="builds of the store repeated so often"
    )
    parser.add_argument("--landmarks", type=int, default=2, help="of whole builds; the product's own are 9")
    parser.add_argument("--build", type=int, nargs="+", metavar="PEOPLE", help="whole builds of these sizes instead")
    given = parser.parse_args()
    if given.build:
        grow(given.build, given.years, given.seed, given.landmarks)
        return
    with contextlib.ExitStack() as stack:
        work = Workspace(given.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="features-"))))
        landed(work, given.people, given.years, given.seed)
        store = Store(work.store)
        if given.repeat:
            for buckets in given.repeat:
                repeated(store, buckets, given.landmarks)
            return
        days = landmarks(store)[-2:]
        load_loops(store, days[-1])
        floor = scan_floor(store)
        ours, rows, events = whole_matrix(store, days)
        print(f"matrix / scan floor {ours / floor:.1f}")
        beside_duckdb(store, rows)
        one_person(store, days[-1])
        print(f"peak memory of this process {peak():,.0f} MiB; events {events:,}")


def landed(work: Workspace, people: int, years: int, seed: int) -> None:
    """Simulate and land what is not there yet, and say what landing cost."""
    if not work.registers.exists():
        synthesise_step(work, Wanted(people, years, seed, date(2024, 12, 31)), lambda *_: None)
    spent, doing, since = dict.fromkeys(("reading", "checking", "landing"), 0.0), "reading", cpu()

    def say(what: str, *_: float) -> None:
        nonlocal doing, since
        spent[doing], doing, since = spent[doing] + cpu() - since, what.split()[0], cpu()

    _, ran = land_step(work, CATALOGUE, source="synthetic", data=work.registers, progress=say)
    say("reading")
    manifest, run = (json.loads((work.store / name).read_text()) for name in ("manifest.json", "run.json"))
    events, whole = sum(manifest["results"]["events"].values()), run["cpu_seconds"]
    rows = sum(table["rows_in"] for table in manifest["results"]["tables"].values())
    print(f"landing       {whole:7.1f} CPU-s  {run['seconds']:.1f} s on the wall  {rows:,} rows, {events:,} events")
    print(
        f"              {events / whole / 1e6:7.2f} million events a CPU-second, memory {run['peak_memory_mib']:,} MiB"
    )
    if ran:
        told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items())
        print(
            f"              {told} CPU-s; {events / spent['landing'] / 1e6:.2f} million events mapped, sorted, written"
        )


def load_loops(store: Store, day: int) -> None:
    """Compute one person, and say what a process spends on loading the kernel's loops before its first row."""
    region, started = Region.of(store), cpu()
    row_of(open_reader(store.root).of(int(residents(region.people, region.lived, [day]).person[0])), CATALOGUE, day)
    print(f"loading       {cpu() - started:7.1f} CPU-s, once in a process")


def scan_floor(store: Store) -> float:
    """Return the CPU-seconds DuckDB needs to read and decode the columns of the domains that families read."""
    con, spent = duckdb.connect(), 0.0
    for domain in read_domains(store):
        kinds = {"person": "INTEGER", **DOMAINS[domain]}
        sums = [f"sum({n})" for n, kind in kinds.items() if kind in ("INTEGER", "DOUBLE", "BIGINT")]
        sums += [f"sum(length({n}))" for n, kind in kinds.items() if kind == "VARCHAR"]
        started = cpu()
        con.execute(f"SELECT {', '.join(sums)} FROM {store.events(domain, None)}").fetchall()
        spent += cpu() - started
    print(f"scan floor    {spent:7.1f} CPU-s")
    return spent


def whole_matrix(store: Store, days: list[int]) -> tuple[float, Rows, int]:
    """Return the CPU-seconds of every column of every adult on these days, the rows, and the events read."""
    started = cpu()
    region, found, size = Region.of(store), [], 0
    for bucket in range(store.buckets):
        mine = np.flatnonzero(region.lived.person % store.buckets == bucket)
        rows = residents(region.people, region.lived.of(mine), days)
        had = present(store, rows, CATALOGUE, bucket)
        size += matrix(store, rows, had, region.people, region.lived, CATALOGUE, bucket).nbytes
        found.append(rows)
    spent = cpu() - started
    events = sum(rows_of(store, domain) for domain in read_domains(store))
    rows = Rows(*(np.concatenate([getattr(part, name) for part in found]) for name in ("person", "day")))
    print(
        f"matrix        {spent:7.1f} CPU-s  {len(rows):,} rows x {len(columns(CATALOGUE))} columns, {size >> 20:,} MiB"
    )
    print(f"              {events / spent / 1e6:7.2f} million events a CPU-second, {events:,} events in the store")
    return spent, rows, events


def beside_duckdb(store: Store, rows: Rows) -> None:
    """Make the windowed columns by the kernel and by DuckDB, compare the cells, and say what each cost."""
    chosen = wanted(CATALOGUE)
    families = {column.family.id: column.family for column in chosen if store.has(column.family.domain)}
    ours: dict[str, list] = {column.id: [] for column in chosen}
    started, place = cpu(), []
    for bucket in range(store.buckets):
        mine = np.flatnonzero(rows.person % store.buckets == bucket)
        order = mine[np.lexsort((rows.day[mine], rows.person[mine]))]
        place.append(order)
        part = Rows(rows.person[order], rows.day[order])
        for family in families.values():
            of = groups(family, CATALOGUE)
            nth = {group.id: n for n, group in enumerate(of)}
            counted = gather(read_events(store, family, of, bucket), part, family, len(of))
            for column in (c for c in chosen if c.family.id == family.id):
                ours[column.id].append(cell(counted, column, nth[column.group.id]))
    kernel = cpu() - started
    con = duckdb.connect()
    con.register("given", {"nth": np.arange(len(rows)), "person": rows.person, "t": rows.day})
    con.execute("CREATE TABLE landmarks AS SELECT * FROM given")
    started = cpu()
    theirs = by_sql(con, store, CATALOGUE, chosen)
    duck = cpu() - started
    back = np.argsort(np.concatenate(place))
    for name, cells in theirs.items():
        np.testing.assert_allclose(np.concatenate(ours[name])[back], cells, rtol=1e-6, err_msg=name)
    print(f"{len(theirs)} windowed columns, every cell of both the same:")
    print(f"  kernel      {kernel:7.1f} CPU-s\n  DuckDB long {duck:7.1f} CPU-s\n  DuckDB / kernel {duck / kernel:.1f}")


def one_person(store: Store, day: int, tries: int = 500) -> None:
    """Compute single people as the batch is computed, and say how long that took, with and without reading."""
    region, reader = Region.of(store), open_reader(store.root)
    rows = residents(region.people, region.lived, [day])
    people = np.random.default_rng(1).choice(rows.person, min(tries, len(rows)), replace=False).tolist()
    whole, kernel, count = [], [], 0
    for person in people:
        started = time.perf_counter()
        row_of(reader.of(person), CATALOGUE, day)
        whole.append(time.perf_counter() - started)
    for person in people:
        history = History.of(reader.of(person), 0)
        row = Rows(np.array([0]), np.array([day]))
        started = time.perf_counter()
        count = len(history.columns(row))
        kernel.append(time.perf_counter() - started)
    for name, took in ((f"{len(columns(CATALOGUE))} columns with the store read", whole),
                       (f"{count} columns in the kernel", kernel)):  # fmt: skip
        print(f"one person, {name}: median {np.median(took) * 1e3:.2f} ms, p99 {np.quantile(took, 0.99) * 1e3:.2f} ms")


@dataclass(frozen=True)
class History:
    """A person's events of all windowed families at once, groups numbered through, for one call of the kernel."""

    events: Events
    groups: int
    windows: list
    asked: list  # (aggregate, window, places of the groups)

    @classmethod
    def of(cls, store: Store, bucket: int) -> "History":
        """Return the history of the person a store is of."""
        chosen, parts, first = wanted(CATALOGUE), [], 0
        asked: dict = {}
        for family in {column.family.id: column.family for column in chosen}.values():
            of = groups(family, CATALOGUE)
            if store.has(family.domain):
                read, group, _ = read_events(store, family, of, bucket).each()
                nothing = np.full(len(read.day), np.nan)
                value = nothing if read.value is None else read.value
                code = np.zeros(len(read.day), dtype=np.int64) if read.code is None else read.code
                parts.append((read.person, read.day, read.known, group + first, value, code))
                for column in (c for c in chosen if c.family.id == family.id):
                    asked.setdefault((column.aggregate, column.window), set()).update(range(first, first + len(of)))
            first += len(of)
        columns_of = [np.concatenate(one) for one in zip(*parts, strict=True)]
        order = np.argsort(columns_of[1], kind="stable")  # by day; within a family nothing changes places
        person, day, known, group, value, code = (one[order] for one in columns_of)
        several = [(*what, np.array(sorted(places))) for what, places in asked.items()]
        windows = sorted({w for _, w, _ in several if isinstance(w, int)})
        windows += sorted({w for _, w, _ in several if not isinstance(w, int)})
        return cls(Events(person, day, known, group, value, None, code), first, windows, several)

    def columns(self, row: Rows) -> list[float]:
        """Return every column of every family at one row."""
        names = {aggregate for aggregate, _, _ in self.asked}
        cells, found = aggregate(self.events, row, self.groups, self.windows, names), []
        for name, window, places in self.asked:
            found += cells.column(name, places, window)[:, 0].tolist()
        return found


def repeated(store: Store, buckets: int, most: int) -> None:
    """Write a store of so many buckets of about 25,000 people, repeating what there is, and say what its build took."""
    with tempfile.TemporaryDirectory(prefix="features-") as folder:
        work = Workspace(Path(folder))
        shutil.copytree(store.root, work.store, ignore=shutil.ignore_patterns("*.parquet"))
        for name in ("persons", "residence"):
            rows = pq.read_table(store.root / f"{name}.parquet")
            parts = [renumbered(rows, store.buckets, n, buckets, pick=True) for n in range(buckets)]
            pq.write_table(pa.concat_tables(parts).sort_by("person"), work.store / f"{name}.parquet")
        for domain in DOMAINS:
            for n in range(buckets if (store.root / domain).exists() else 0):
                rows = pq.read_table(store.root / bucket_file(domain, n % store.buckets), partitioning=None)
                pq.write_table(
                    renumbered(rows, store.buckets, n, buckets),
                    work.store / bucket_file(domain, n),
                    compression="zstd",
                    row_group_size=10_000,
                )
        manifest = json.loads((work.store / "manifest.json").read_text())
        manifest["results"]["people"] = buckets * 25_000
        manifest["files"] = digest_tree(work.store, leave_out=OUTSIDE)
        (work.store / "manifest.json").write_text(json.dumps(manifest))
        seconds, spent, memory = run_command(["build", "--landmarks", str(most), "--work", folder])
        people = pq.read_metadata(work.store / "persons.parquet").num_rows
        told = json.loads((work.features / "manifest.json").read_text())["results"]
        rows = sum(count["multimorbid"] for count in told["flow"].values())
        print(f"{people:>9,} people: build {seconds:.1f} s on the wall, {spent:.1f} CPU-s, {memory:,.0f} MiB in all")
        times = len(told["landmarks"])
        print(f"  {rows:,} rows at {times} landmarks written, {spent / people * 1e6:.0f} CPU-s a million people")


def renumbered(rows: pa.Table, of: int, bucket: int, buckets: int, *, pick: bool = False) -> pa.Table:
    """Return a bucket's rows with its people numbered as those of another bucket; `pick` them out of all first."""
    person = rows["person"].to_numpy()
    if pick:
        rows = rows.filter(pa.array(person % of == bucket % of))
        person = rows["person"].to_numpy()
    new = pa.array((person // of * buckets + bucket).astype(np.int32))
    return rows.set_column(rows.column_names.index("person"), "person", new)


def grow(sizes: list[int], years: int, seed: int, most: int) -> None:
    """Simulate, land and build regions, each in a process of its own, and say how the cost grows."""
    first = None
    for people in sizes:
        root = Path(tempfile.mkdtemp(prefix="features-"))
        region = ["synthesise", "--people", str(people), "--years", str(years), "--seed", str(seed)]
        told = {
            step[0]: run_command([*step, "--work", str(root)])
            for step in (region, ["land"], ["build", "--landmarks", str(most)])
        }
        seconds, spent, memory = told["build"]
        first = first or (people, spent)
        ratio = (spent / first[1]) / (people / first[0])
        print(f"{people:>9,} people: land {told['land'][1]:.0f} CPU-s, {told['land'][2]:,.0f} MiB")
        print(f"  build {seconds:.1f} s on the wall, {spent:.1f} CPU-s, {memory:,.0f} MiB in all processes", flush=True)
        print(f"  CPU-seconds per person, to the first size: {ratio:.2f}", flush=True)
        shutil.rmtree(root)


def run_command(arguments: list[str]) -> tuple[float, float, float]:
    """Return seconds on the wall, CPU-seconds and the peak of all processes together in MiB."""
    peak_kib, stop = [0], threading.Event()
    own = rss_of_all()

    def watch() -> None:
        while not stop.wait(0.2):
            peak_kib[0] = max(peak_kib[0], rss_of_all() - own)

    watcher = threading.Thread(target=watch)
    watcher.start()
    clock, spent = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "from pipelines.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=os.environ, capture_output=True)
    seconds, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    stop.set()
    watcher.join()
    return seconds, after.ru_utime + after.ru_stime - spent.ru_utime - spent.ru_stime, peak_kib[0] / 1024


def read_domains(store: Store) -> list[str]:
    """Return the domains that families and indices read, of those the store has."""
    named = {family.domain for family in CATALOGUE.features.values()} & set(DOMAINS)
    return sorted(domain for domain in named if store.has(domain))


def rows_of(store: Store, domain: str) -> int:
    return sum(pq.read_metadata(store.root / bucket_file(domain, n)).num_rows for n in range(store.buckets))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
