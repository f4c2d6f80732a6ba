"""What it costs to measure every quality target at every level over five years, after the store stands.

    python benchmarks/targets.py WORK

Prints seconds, CPU-seconds and the ratio of both for counting (each bucket in a process) and for telling (charts,
intervals, disclosure), on the store of a work folder. What `stratify monitor` does besides is not in it: expected cases
by the served models' risk, files, report.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.monitor import count_all, months_of, several, tell_all
from stratify.catalogue import load
from stratify.quality.tables import lacking
from stratify.store.read import Store
from stratify.workspace import Workspace


def cpu() -> float:
    """Return the CPU-seconds of this process and of those that it waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def timed(name: str, do: Callable[[], Any]) -> tuple[Any, float]:
    """Return what was done and the seconds it took, which are printed."""
    began, spent = time.monotonic(), cpu()
    found = do()
    seconds, spent = time.monotonic() - began, cpu() - spent
    print(f"{name:9} {seconds:6.1f} s {spent:7.1f} CPU-s, {spent / seconds:.2f} CPUs", flush=True)
    return found, seconds


def main(root: Path) -> None:
    """Measure and print."""
    work, catalogue = Workspace(root), load()
    store = Store(work.store)
    months = months_of(work, store)
    found, counting = timed("counting", lambda: count_all(store, catalogue, months, lambda *_: None))
    lacks = {key: why for key, target in catalogue.targets.items() if (why := lacking(store, target))}
    until = store.day("covers_to"), store.day("delivered")
    each = several(lambda *_: None)
    told, telling = timed("telling", lambda: tell_all(catalogue.targets, found, months, until, lacks, None, each))
    measured = sum(one["status"] == "measured" for one in told.values())
    print(
        f"{measured} of {len(told)} targets, {months.count} months, {store.people:,} people: {counting + telling:.1f} s"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
