"""The declared grid: which cells of a target are published at all, and what is hidden in it.

| grouping | by month | by year |
|---|---|---|
| region | x | x |
| hospital, psychiatric department, municipality | x | x |
| few resources or not | x | x |
| GP practice | | x |
| every other cut | | x |

A month is published when it is mature, a year when all its months are. Every partition is complete (whom no unit or
group is told of is a part of it), so that sums are exact: from them nobody may work out a small count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Target
from stratify.quality.cases import Bools
from stratify.quality.counting import Tally
from stratify.quality.measuring import REGION
from stratify.quality.months import Months
from stratify.quality.suppress import Relation, primary, suppress

Ints = NDArray[np.int64]
LEVELS = ("region", "hospital", "psychiatric", "municipality", "practice")
BY_MONTH = ("hospital", "psychiatric", "municipality", "few_resources")


@dataclass
class Cells:
    """Cells of one target: what each is of, its exact counts, and whether it is hidden.

    grouping and label: a level with its unit, or a cut with its group. month: its place, -1 for a whole year. counts
    int64[n, 2]: yes and no of a share, events and days lived of a rate. people: at risk, of a rate.
    """

    grouping: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    month: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    year: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
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
    every = [_year(target, by, months, mature, year) for year in range(len(months.years))]
    found = Cells([g for one in every for g in one.grouping], [label for one in every for label in one.label])
    for name in ("month", "year", "counts", "unknown", "people", "hidden", "hidden_unknown"):
        setattr(found, name, np.concatenate([getattr(one, name) for one in every]))
    return found


def _year(target: Target, by: Mapping[str, Tally], months: Months, mature: Bools, year: int) -> Cells:
    inside = np.arange(year * 12, min(year * 12 + 12, months.count))
    shown = inside[mature[inside]]
    whole = months.whole_year(year) and len(shown) == 12
    cells, relations, at = _laid_out(by, year, shown, whole)
    rate = target.unit == "rate"
    for name, tally in by.items():
        for number, label in enumerate(tally.labels):
            for month in [*(int(one) for one in shown), -1]:
                cell = at.get((name, label, month))
                if cell is None:
                    continue
                four = tally.months[number, month] if month >= 0 else tally.months[number, inside].sum(axis=0)
                cells.counts[cell] = four[:2] if rate else (four[1], four[0])
                cells.unknown[cell] = 0 if rate else four[2]
                cells.people[cell] = (four[2] if month >= 0 else tally.people[number, year]) if rate else 0
    asked = np.stack([cells.counts[:, 0], cells.people], axis=1) if rate else cells.counts
    additive = cells.counts[:, :1] if rate else cells.counts
    cells.hidden = suppress(additive, relations, primary(asked, "rate" if rate else "share"))
    few = (cells.unknown > 0) & (cells.unknown < 5)
    cells.hidden_unknown = cells.hidden | (
        suppress(cells.unknown[:, None], relations, cells.hidden | few) if (cells.unknown > 0).any() else cells.hidden
    )
    return cells


Key = tuple[str, str, int]


def _laid_out(
    by: Mapping[str, Tally], year: int, shown: Sequence[int] | Ints, whole: bool
) -> tuple[Cells, list[Relation], dict[Key, int]]:
    """Return the cells of a year, empty, the sums that tie them, and each one's place."""
    at: dict[Key, int] = {}
    relations: list[tuple[Key, list[Key]]] = []
    region: list[Key] = [(REGION, "", int(month)) for month in shown]
    if whole:
        at[REGION, "", -1] = len(at)
        relations.append(((REGION, "", -1), region))
    for key in region:
        at[key] = len(at)
    for name, tally in by.items():
        if name == REGION:
            continue
        monthly = name in BY_MONTH
        for label in tally.labels:
            if whole:
                at[name, label, -1] = len(at)
            if monthly:
                for month in shown:
                    at[name, label, int(month)] = len(at)
                if whole:
                    relations.append(((name, label, -1), [(name, label, int(month)) for month in shown]))
        for key in [*(region if monthly else []), *([(REGION, "", -1)] if whole else [])]:
            relations.append((key, [(name, label, key[2]) for label in tally.labels]))
    n = len(at)
    cells = Cells(
        [key[0] for key in at],
        [key[1] for key in at],
        np.array([key[2] for key in at], dtype=np.int64),
        np.full(n, year, dtype=np.int64),
        np.zeros((n, 2), np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    tied = [Relation(at[total], np.array([at[part] for part in parts])) for total, parts in relations]
    return cells, tied, at
