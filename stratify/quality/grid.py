"""The declared grid: which cells of a target are published at all, and what is hidden in it.

| grouping | by month or quarter | by year |
|---|---|---|
| region | x | x |
| hospital, psychiatric department, municipality | x | x |
| few resources or not | x | x |
| GP practice | | x |
| every other cut | | x |

Months are taken where at most a tenth of a grouping's cells are small in themselves, else quarters, else years alone,
and no part more finely than the region: what would be hidden anyway is not asked for, and a chart without its smallest
points would tell another level. A period is published when all its months are mature. Every partition is complete (whom
no unit or group is told of is a part of it), so that sums are exact: from them nobody may work out a small count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Target
from stratify.quality.attacker import Relation
from stratify.quality.cases import Bools
from stratify.quality.counting import OTHER, Tally
from stratify.quality.cuts import NOT_TOLD
from stratify.quality.measuring import REGION
from stratify.quality.months import Months
from stratify.quality.suppress import primary, suppress

Ints = NDArray[np.int64]
IN_YEAR = ("region", "hospital", "psychiatric", "municipality", "few_resources")  # told within the year, too
MONTH, QUARTER, YEAR = 1, 3, 12  # months in a period
STEPS = (MONTH, QUARTER, YEAR)
MOST_SMALL = 0.1


@dataclass
class Cells:
    """Cells of one target: what each is of, its exact counts, and whether it is hidden.

    grouping and label: a level with its unit, or a cut with its group. step: months in its period, 1, 3 or 12. period:
    its place among the periods of that step. counts int64[n, 2]: yes and no of a share, events and days lived of a
    rate. people: at risk, of a rate.
    """

    grouping: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    step: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    period: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    unknown: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    people: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    hidden: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    hidden_unknown: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.grouping)


def cells_of(target: Target, by: Mapping[str, Tally], months: Months, mature: Bools) -> Cells:
    """Return the published cells of a target, or of a part of it, with those hidden that must be."""
    every = [cells for cells, _ in grids_of(target, by, months, mature)]
    found = Cells([g for one in every for g in one.grouping], [label for one in every for label in one.label])
    for name in ("step", "period", "counts", "unknown", "people", "hidden", "hidden_unknown"):
        setattr(found, name, np.concatenate([getattr(one, name) for one in every]))
    return found


def grids_of(
    target: Target, by: Mapping[str, Tally], months: Months, mature: Bools
) -> Iterator[tuple[Cells, list[Relation]]]:
    """Yield the cells of each year with the sums that tie them: what a reader has to work with."""
    rate = target.unit == "rate"
    least = _step(by[REGION], REGION, months, mature, rate)  # no part is told more finely than the whole
    steps = {name: max(least, _step(tally, name, months, mature, rate)) for name, tally in by.items()}
    for year in range(len(months.years)):
        yield _year(by, steps, months, mature, year, rate)


def _step(tally: Tally, name: str, months: Months, mature: Bools, rate: bool) -> int:
    """Return the finest period in which at most a tenth of a grouping's cells are small in themselves."""
    if name not in IN_YEAR:
        return YEAR
    own = [at for at, label in enumerate(tally.labels) if label not in (OTHER, NOT_TOLD)]  # the rest is often small
    for step in (MONTH, QUARTER):
        whole = months.count // step
        ready = mature[: whole * step].reshape(whole, step).all(axis=1)
        counts = tally.months[own, : whole * step].reshape(len(own), whole, step, 4).sum(axis=2)[:, ready]
        counts = counts.reshape(-1, 4)
        counts = counts[counts.any(axis=1)]
        few = primary(counts[:, [0, 2]] if rate else counts[:, [1, 0]], "rate" if rate else "share")
        if len(few) and few.mean() <= MOST_SMALL:
            return step
    return YEAR


def _year(
    by: Mapping[str, Tally], steps: Mapping[str, int], months: Months, mature: Bools, year: int, rate: bool
) -> tuple[Cells, list[Relation]]:
    """Return the cells of a year, and the sums that tie them."""
    at, sums = _laid_out(by, steps, months, mature, year)
    n = len(at)
    cells = Cells(
        [key[0] for key in at],
        [key[1] for key in at],
        np.array([key[2] for key in at], dtype=np.int64),
        np.array([key[3] for key in at], dtype=np.int64),
        np.zeros((n, 2), np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    place = {name: {label: number for number, label in enumerate(tally.labels)} for name, tally in by.items()}
    for (name, label, step, period), cell in at.items():
        tally, number = by[name], place[name][label]
        four = tally.months[number, period * step : (period + 1) * step].sum(axis=0)
        cells.counts[cell] = four[:2] if rate else (four[1], four[0])
        cells.unknown[cell] = 0 if rate else four[2]
        if rate:  # of a quarter the people of its fullest month: fewer were at risk in none
            inside = tally.months[number, period * step : (period + 1) * step, 2]
            cells.people[cell] = tally.people[number, year] if step == YEAR else inside.max()
    relations = [Relation(at[total], [at[part] for part in parts]) for total, parts in sums]
    asked = np.stack([cells.counts[:, 0], cells.people], axis=1) if rate else cells.counts
    additive = cells.counts[:, :1] if rate else cells.counts
    cells.hidden = suppress(additive, relations, primary(asked, "rate" if rate else "share"))
    cells.hidden_unknown = cells.hidden
    few = (cells.unknown > 0) & (cells.unknown < 5)
    if few.any() or (cells.hidden.any() and cells.unknown.any()):
        cells.hidden_unknown = suppress(cells.unknown[:, None], relations, cells.hidden | few)
    return cells, relations


Key = tuple[str, str, int, int]  # grouping, label, step, period


def _laid_out(
    by: Mapping[str, Tally], steps: Mapping[str, int], months: Months, mature: Bools, year: int
) -> tuple[dict[Key, int], list[tuple[Key, list[Key]]]]:
    """Return the cells of a year with their places, and which are sums of which."""

    def periods(step: int) -> list[int]:
        first, last = year * 12 // step, min(year * 12 + 12, months.count) // step
        return [one for one in range(first, last) if mature[one * step : (one + 1) * step].all()]

    keys: list[Key] = []
    sums: list[tuple[Key, list[Key]]] = []
    needed = {steps[name] for name in by} | {YEAR}  # the region is told in every period that any grouping is told in
    for name, tally in by.items():
        own = sorted(needed) if name == REGION else sorted({steps[name], YEAR})
        for label in tally.labels:
            for step in own:
                keys += [(name, label, step, one) for one in periods(step)]
            for fine, coarse in pairwise(own):
                for one in periods(coarse):
                    parts = range(one * coarse // fine, (one + 1) * coarse // fine)
                    sums.append(((name, label, coarse, one), [(name, label, fine, part) for part in parts]))
    there = set(keys)
    for name, tally in by.items():
        if name != REGION:
            for step in sorted({steps[name], YEAR}):
                for one in periods(step):
                    if (REGION, "", step, one) in there:
                        sums.append(((REGION, "", step, one), [(name, label, step, one) for label in tally.labels]))
    return {key: number for number, key in enumerate(keys)}, sums
