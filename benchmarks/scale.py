"""What landing and building cost by engine, and what that makes for a country, in CPU-hours, disk and memory.

    python benchmarks/scale.py WORK                         # Spark beside it with --master 'local[2]'

WORK is a work folder with registers, as `stratify synthesise` leaves it. Prints rates of the region measured and, from
them, a straight line to --people and --years. CPU-seconds are those of the process and all that it started, Spark's
Java machine and workers too. Events grow with years as well as people, and so do landmarks, so the line is drawn by
years of people.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from region import _tree, rss_of_all

from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.spark import engine_of
from stratify.catalogue import load
from stratify.files import digest_tree
from stratify.workspace import Workspace

CATALOGUE = load()
STEPS = ("land", "build")
OUTSIDE = frozenset({"run.json"})


def main() -> None:
    """Print a line for each step and engine, then the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a work folder with registers")
    parser.add_argument("--master", help="of Spark, to run it beside DuckDB")
    parser.add_argument("--people", type=int, default=6_000_000)
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--scratch", type=Path, help="where the stores have room")
    given = parser.parse_args()
    registers = Workspace(given.work).registers
    with TemporaryDirectory(dir=given.scratch) as scratch:
        one = measured("duckdb", None, registers, Workspace(Path(scratch).resolve() / "duckdb"))
        plan(one, given.people, given.years)
        if given.master:
            two = measured("spark", given.master, registers, Workspace(Path(scratch).resolve() / "spark"))
            same = all(one[step]["files"] == two[step]["files"] for step in STEPS)
            ratio = {step: two[step]["cpu"] / one[step]["cpu"] for step in STEPS}
            told = ", ".join(f"{step} {times:.1f}" for step, times in ratio.items())
            print(f"the same files: {same}; Spark / DuckDB in CPU-seconds: {told}")
            if not same:
                raise SystemExit(1)


def measured(engine: str, master: str | None, registers: Path, work: Workspace) -> dict[str, Any]:
    """Land and build on an engine; print and return what each cost."""
    with engine_of(engine, master) as (lands, shares):
        land = cost(
            lambda: land_step(
                work, CATALOGUE, source="synthetic", data=registers, progress=lambda *_: None, engine=lands
            )
        )
        build = cost(lambda: build_step(work, CATALOGUE, lambda *_: None, share_out=shares))
    told = land["results"]
    land |= {"events": sum(told["events"].values()), "rows": sum(t["rows_in"] for t in told["tables"].values())}
    land |= {"files": digest_tree(work.store, leave_out=OUTSIDE), "disk": size(work.store), "people": told["people"]}
    days = len(build["results"]["landmarks"])
    land["years"] = 1 + int(told["delivery"]["covers_to"][:4]) - first_year(registers)
    adults = sum(flow["adults"] for flow in build["results"]["flow"].values())
    build |= {"files": digest_tree(work.features, leave_out=OUTSIDE), "adults": adults, "disk": size(work.features)}
    build |= {"landmarks": days}
    for name, found, what, many in (
        ("landing", land, "events", land["events"]),
        ("building", build, "adult rows", adults),
    ):
        print(
            f"{engine:<7} {name:<9} {found['cpu']:8.1f} CPU-s {found['seconds']:7.1f} s  {many:>12,} {what}, "
            f"{many / found['cpu']:,.0f} a CPU-s, peak {found['peak']:,} MiB, {found['disk'] >> 20:,} MiB on disk"
        )
    return {"land": land, "build": build, "registers": size(registers)}


def plan(found: dict[str, Any], people: int, years: int) -> None:
    """Print the straight line from what was measured to a country."""
    land, build = found["land"], found["build"]
    by_events = people / land["people"] * years / land["years"]
    sizes = {"registers": found["registers"], "store": land["disk"], "matrix": build["disk"]}
    gib = {key: by_events * size / 2**30 for key, size in sizes.items()}
    print(f"{people:,} people, {years} years: {land['events'] * by_events / 1e9:.1f} thousand million events")
    print(f"  landing   {land['cpu'] * by_events / 3600:.1f} CPU-hours; registers {gib['registers']:,.0f} GiB")
    print(f"  store     {gib['store']:,.0f} GiB")
    print(f"  building  {build['cpu'] * by_events / 3600:.1f} CPU-hours")
    print(f"  matrix    {gib['matrix']:,.0f} GiB")


def cost(do: Callable[[], Any]) -> dict[str, Any]:
    """Return a step's results with its seconds, CPU-seconds and peak memory (MiB)."""
    peak, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            peak[0] = max(peak[0], rss_of_all() // 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    cpu, clock = cpu_of_all(), time.perf_counter()
    try:
        manifest, _ = do()
    finally:
        ended.set()
        watcher.join()
    return {
        "results": manifest["results"],
        "seconds": time.perf_counter() - clock,
        "cpu": cpu_of_all() - cpu,
        "peak": peak[0],
    }


def cpu_of_all() -> float:
    """Return the CPU-seconds of this process and all it started, those that have ended among them."""
    ticks = 0
    for pid in _tree():
        try:
            words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(word) for word in words[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def size(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def first_year(registers: Path) -> int:
    """Return the first year the extract has medicine of, by the names of its files."""
    return min(int(path.stem.split("_")[1]) for path in (registers / "lmdb").glob("*.parquet"))


if __name__ == "__main__":
    main()
