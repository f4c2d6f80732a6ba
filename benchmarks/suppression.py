"""What secondary suppression hides of a region's grid and what it costs, by the size of the region.

    python benchmarks/suppression.py                        # --people 20000 for one size, --zeros, --fewest 30

Grids are drawn with a seed, 24 targets by 5 years: region, months, hospital by month, municipalities, practices,
psychiatric departments, five equity cuts. Each target is a share of its own base, from 1 in 1,000 people to 1 in 8,
met by 2 to 95 of 100; units differ in size as units do (gamma weights). The smallest range of a hidden count is
worked out by HiGHS, for whole numbers, on --audit grids, spread over all. With --fewest, partners in small two-way
tables are counted beside the fewest that any choice of cells needs.
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations

import numpy as np

from stratify.quality.attacker import Relation, feasible
from stratify.quality.partners import Grid
from stratify.quality.suppress import primary, suppress

TARGETS, YEARS = 24, 5
MONTHS, HOSPITALS = 12, 6
STARS = {"municipality": 20, "practice": 400, "department": 10, "equity": 30}
CUTS = 5


def relations() -> tuple[list[Relation], int, dict[str, range]]:
    """Return the declared relations, the number of cells and where each kind of cell lies; cell 0 is the region."""
    sizes = {"region": 1, "month": MONTHS, "hospital": HOSPITALS, "hospital by month": HOSPITALS * MONTHS, **STARS}
    start = np.concatenate([[0], np.cumsum(list(sizes.values()))])
    at = {name: range(start[i], start[i + 1]) for i, name in enumerate(sizes)}
    table = np.array(at["hospital by month"]).reshape(HOSPITALS, MONTHS)
    rules = [Relation(0, at["month"]), Relation(0, at["hospital"])]
    rules += [Relation(at["hospital"][i], table[i]) for i in range(HOSPITALS)]
    rules += [Relation(at["month"][j], table[:, j]) for j in range(MONTHS)]
    rules += [Relation(0, at[name]) for name in ("municipality", "practice", "department")]
    rules += [Relation(0, cut) for cut in np.array(at["equity"]).reshape(CUTS, -1)]
    return rules, int(start[-1]), at


def drawn(random: np.random.Generator, people: int, target: int, at: dict[str, range], cells: int) -> np.ndarray:
    """Return counts [cells, 2], met and not met, of one target and year."""
    base = people * 0.001 * 125 ** (target / (TARGETS - 1))
    share = np.linspace(0.02, 0.95, TARGETS)[(target * 7) % TARGETS]
    total = random.poisson([base * share, base * (1 - share)])
    counts = np.zeros((cells, 2), dtype=np.int64)
    counts[0] = total

    def split(size: int, evenness: float) -> np.ndarray:
        weight = random.gamma(evenness, size=size)
        odds = random.normal(0, 0.2, size)
        each = [weight * np.exp(sign * odds) for sign in (0.5, -0.5)]
        return np.stack([random.multinomial(total[k], each[k] / each[k].sum()) for k in range(2)], axis=1)

    table = split(HOSPITALS * MONTHS, 2.0).reshape(HOSPITALS, MONTHS, 2)
    counts[at["hospital by month"]] = table.reshape(-1, 2)
    counts[at["hospital"]], counts[at["month"]] = table.sum(axis=1), table.sum(axis=0)
    for name in ("municipality", "practice", "department"):
        counts[at[name]] = split(STARS[name], 3.0)
    for cut in np.array(at["equity"]).reshape(CUTS, -1):
        counts[cut] = split(len(cut), 3.0)
    return counts


def main() -> None:
    """Print a line for each size of region, and what is hidden by kind of cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="*", default=[20_000, 200_000, 1_300_000])
    parser.add_argument("--zeros", action="store_true", help="a hidden 0 may be known where its total is shown as 0")
    parser.add_argument("--audit", type=int, default=TARGETS * YEARS, help="grids on which HiGHS finds each range")
    parser.add_argument("--fewest", type=int, metavar="TABLES", help="small tables to try each choice of cells on")
    given = parser.parse_args()
    if given.fewest:
        fewest(given.fewest)
        return
    rules, cells, at = relations()
    for people in given.people:
        one(people, rules, cells, at, given.zeros, given.audit)


def one(people: int, rules: list[Relation], cells: int, at: dict[str, range], zeros: bool, audit: int) -> None:
    """Suppress every grid of a region of this size and print what came of it."""
    random = np.random.default_rng(20)
    grids = [drawn(random, people, target, at, cells) for target in range(TARGETS) for _ in range(YEARS)]
    first = [primary(counts, "share") for counts in grids]
    each, after = [], []
    for counts, hidden in zip(grids, first, strict=True):
        began = time.process_time()
        after.append(suppress(counts, rules, hidden, zeros=zeros))
        each.append(time.process_time() - began)
    before, all_hidden = int(np.sum(first)), int(np.sum(after))
    counted = cells * len(grids)
    print(
        f"{people:,} people: {counted:,} cells, hidden for themselves {before:,} ({before / counted:.1%}), in addition "
        f"{all_hidden - before:,} ({(all_hidden - before) / counted:.1%}), "
        f"{sum(each):.1f} CPU-seconds, slowest grid {max(each):.2f}"
    )
    table, own = np.array(after), np.array(first)
    lines = [f"{name} {own[:, where].mean():.0%} + {(table & ~own)[:, where].mean():.1%}" for name, where in at.items()]
    print("    " + ", ".join(lines))
    began, widths, met = time.process_time(), [], 0
    for i in np.unique(np.linspace(0, len(grids) - 1, audit).astype(int)):
        low, high = feasible(grids[i], after[i], rules)
        width = (high - low)[after[i]]
        if zeros:
            met += int((high[after[i]] == 0).sum())
            width = width[high[after[i]] > 0]
        widths.append(width.min(initial=np.inf))
    print(
        f"    smallest range of a hidden count by HiGHS on {len(widths)} grids: {min(widths):.0f}"
        f"{f', {met} known to be 0' if zeros else ''} ({time.process_time() - began:.0f} CPU-seconds)"
    )


def fewest(tables: int) -> None:
    """Print how many partners are hidden in tables of 3 by 3, and how few could be, found by trying all choices."""
    random, hidden, least = np.random.default_rng(4), [], []
    cell = np.arange(9).reshape(3, 3)
    rules = [Relation(9 + i, cell[i]) for i in range(3)] + [Relation(12 + j, cell[:, j]) for j in range(3)]
    rules += [Relation(15, range(9, 12)), Relation(15, range(12, 15))]
    while len(hidden) < tables:
        table = random.poisson(random.gamma(1.5, 10, (3, 3, 1)) * [0.4, 1])
        counts = np.concatenate([table.reshape(9, 2), table.sum(axis=1), table.sum(axis=0), [table.sum(axis=(0, 1))]])
        own = primary(counts, "share")
        found = int((suppress(counts, rules, own) & ~own).sum())
        if not found:
            continue
        hidden.append(found)
        least.append(next((size for size in range(found) if enough(counts, own, rules, size)), found))
    best = sum(a == b for a, b in zip(hidden, least, strict=True))
    print(f"{tables} tables: {sum(hidden)} partners hidden, {sum(least)} at the fewest; the fewest in {best} tables")


def enough(counts: np.ndarray, own: np.ndarray, rules: list[Relation], size: int) -> bool:
    """Return whether any choice of so many partners keeps every hidden count in a range of 5."""
    for choice in combinations(np.flatnonzero(~own), size):
        hidden = own.copy()
        hidden[list(choice)] = True
        grid = Grid(counts, rules, hidden, width=5, fixed=~hidden, zeros=False)
        if any(grid.tells(rule) for rule in rules):
            continue
        low, high = feasible(counts, hidden, rules)
        if (high - low)[hidden].min() >= 5:
            return True
    return False


if __name__ == "__main__":
    main()
