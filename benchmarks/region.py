"""How long the simulator takes, how many rows it writes, and how much memory its processes need.

    python benchmarks/region.py --people 20000 200000 1300000 --years 10

Prints for each size: seconds on the wall, CPU-seconds of all processes, person-years, rows in the registers, files,
disk, the largest process, the peak of all processes together (sampled every half second), and rows per CPU-second.
Everything is written to a folder that is removed afterwards (--keep leaves it).
"""

import argparse
import resource
import shutil
import tempfile
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.synthesis import synthesise

MIB = 1024


def rss_of_all() -> int:
    """Return the resident memory of this process and its children, in KiB."""
    pages, mine = 0, {str(p) for p in _tree()}
    for pid in mine:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return pages * resource.getpagesize() // 1024


def _tree() -> list[int]:
    import os

    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(path.parent.name)] = int(words[1])
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid and child not in found]
    return found


def measure(people: int, years: int, seed: int, keep: Path | None) -> None:
    root = Path(tempfile.mkdtemp(prefix="region-", dir=keep))
    registers, truth = root / "registers", root / "truth"
    registers.mkdir()
    truth.mkdir()
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            peak[0] = max(peak[0], rss_of_all())

    watcher = threading.Thread(target=watch)
    watcher.start()
    clock, cpu = time.perf_counter(), cpu_seconds()
    rows = synthesise(registers, truth, people=people, years=years, seed=seed)
    wall, cpu = time.perf_counter() - clock, cpu_seconds() - cpu
    stop.set()
    watcher.join()
    files = [path for path in root.rglob("*") if path.is_file()]
    person_years = sum(pq.ParquetFile(path).metadata.num_rows for path in (truth / "truth_risk").glob("*.parquet"))
    total, largest = sum(rows.values()), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    largest = max(largest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    print(
        f"{people:>9,} people x {years} years: {wall:6.1f} s wall, {cpu:6.1f} CPU-s, {person_years:,} person-years, "
        f"{total:,} rows, {len(files):,} files, {sum(path.stat().st_size for path in files) / 1e9:.2f} GB, "
        f"largest process {largest / MIB:,.0f} MiB, all together {peak[0] / MIB:,.0f} MiB, "
        f"{total / cpu / 1e6:.2f} M rows per CPU-s, {cpu / person_years * 1e6:.1f} CPU-us per person-year"
    )
    for name, count in sorted(rows.items(), key=lambda each: -each[1])[:8]:
        print(f"            {name:<24} {count:>13,}  {count / person_years:6.2f} per person-year")
    if keep is None:
        shutil.rmtree(root)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder to leave the regions in")
    given = parser.parse_args()
    for people in given.people:
        measure(people, given.years, given.seed, given.keep)


if __name__ == "__main__":
    main()
