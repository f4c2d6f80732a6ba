"""What a reader of the published targets of a region can work out of its hidden cells, by HiGHS.

    python benchmarks/disclosed.py WORK

WORK is a work folder with a landed store. Counts its targets, lays out the declared grid of each target and year, hides
what must be hidden, and then plays the reader: the least and the most that each count of each hidden cell can be, for
whole numbers that agree with all that is shown. Prints cells, hidden ones, and the smallest width there is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from pipelines.monitor import count_all, months_of
from stratify.catalogue import load
from stratify.quality.attacker import feasible
from stratify.quality.grid import grids_of
from stratify.store.read import Store
from stratify.workspace import Workspace


def audited(work: Workspace) -> tuple[int, int, int, float]:
    """Return how many grids and cells there are, how many are hidden, and the smallest width of a count of these."""
    catalogue, store = load(), Store(work.store)
    months = months_of(work, store)
    found = count_all(store, catalogue, months, lambda *_: None)
    grids, cells, hidden, least = 0, 0, 0, np.inf
    for key, by in found.tallies.items():
        target = catalogue.targets[key.partition(".")[0]]
        mature = months.mature(target.maturity_days, target.known_until(store.day("covers_to"), store.day("delivered")))
        for one, relations in grids_of(target, by, months, mature):
            counts = one.counts[:, :1] if target.unit == "rate" else one.counts
            for table, gone in ((counts, one.hidden), (one.unknown[:, None], one.hidden_unknown)):
                if gone.any() and table.any():  # where nobody is unknown that is told, and there is nothing to hide
                    low, high = feasible(table, gone, relations)
                    least = min(least, float((high - low)[gone].min()))
            grids, cells, hidden = grids + 1, cells + len(one), hidden + int(one.hidden.sum())
    return grids, cells, hidden, least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    grids, cells, hidden, least = audited(Workspace(parser.parse_args().work))
    print(f"{grids} grids, {cells:,} cells, {hidden:,} hidden; smallest width of a hidden count: {least:g}")


if __name__ == "__main__":
    main()
