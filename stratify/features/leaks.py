"""The leak audit: a landmark's rows and cells are the same whatever was not known before it.

Each landmark is built three times by the code that builds the matrix: from the store, and from copies of it in which
what was not known yet is removed, and moved (`stratify.features.blind`). Who is a row, what conditions each adult has
and every cell are compared, bit for bit. Only where something differs is it looked for, one table changed at a time.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.definitions import Definition
from stratify.features.blind import PEOPLE, Blindfold, How, stored
from stratify.features.columns import columns
from stratify.features.kernel import Floats
from stratify.features.part import Part, Region
from stratify.store.layout import bucket_file
from stratify.store.read import Store

HOWS: tuple[How, ...] = ("removed", "moved")
MEMBERSHIP = "who is a row"
SEVERAL = "several at once"


@dataclass
class Audit:
    """What was compared, and what moved: cells by (column, table), where "column" may be `MEMBERSHIP`."""

    landmarks: int = 0
    rows: int = 0
    cells: int = 0
    late: Counter[str] = field(default_factory=Counter)  # rows by table not known before their landmark
    later_facts: Counter[str] = field(default_factory=Counter)  # rows by table with an end or refutation known later
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: Audit) -> None:
        """Take up what was compared elsewhere."""
        self.landmarks += other.landmarks
        self.rows += other.rows
        self.cells += other.cells
        self.late += other.late
        self.later_facts += other.later_facts
        self.moved += other.moved


def audit_landmark(
    store: Store,
    catalogue: Catalogue,
    day: int,
    populations: Mapping[str, Definition],
    scratch: Path,
    each: Callable[[int, Part], None] = lambda *_: None,
) -> Audit:
    """Return what was compared on a landmark, and every column that moved with the table that moved it.

    `each` is called with every bucket and its part as built. What a copy needs lies in `scratch`, a bucket at a time.
    """
    audit, region, found = Audit(landmarks=1), Region.of(store), _Found()
    tables = _tables(store, catalogue)
    folds = [Blindfold(store, day, how) for how in HOWS]
    blinded = {fold.how: Region.of(fold.write_people(scratch / fold.how)) for fold in folds}
    for bucket in range(store.buckets):
        as_built = region.part(catalogue, [day], bucket, populations)
        each(bucket, as_built)
        audit.rows += len(as_built.kept)
        audit.cells += as_built.cells.size + as_built.present.conditions.size
        for fold in folds:
            copy = replace(blinded[fold.how], store=Store(scratch / fold.how))  # with nothing kept of another bucket
            fold.write_bucket(copy.store.root, bucket)
            differs = moved(as_built, copy.part(catalogue, [day], bucket, populations), catalogue)
            _take_away(copy.store, bucket)
            if differs:

                def alone(table: str, fold: Blindfold = fold, bucket: int = bucket, as_built: Part = as_built) -> Any:
                    return _moved_by(table, fold, catalogue, bucket, populations, as_built, scratch / "alone")

                found.add(differs, alone, tables)
        for domain in stored(store):
            late, later = folds[0].touched(domain, bucket)
            audit.late[domain] += late
            audit.later_facts[domain] += later
    audit.moved = found.moved
    return audit


def moved(before: Part, after: Part, catalogue: Catalogue) -> Counter[str]:
    """Return how many cells differ, by column, what any adult has, or `MEMBERSHIP` for rows only one of them has."""
    found: Counter[str] = Counter()
    everyone, kept = (before.everyone.person, after.everyone.person), (before.kept.person, after.kept.person)
    found[MEMBERSHIP] += len(np.setxor1d(*everyone)) + len(np.setxor1d(*kept))
    _, mine, theirs = np.intersect1d(*everyone, return_indices=True)
    names = [
        *(f"condition {key}" for key in before.present.condition_ids),
        *(f"definition {key}" for key in before.under),
    ]
    found += _differing(_told(before)[mine], _told(after)[theirs], names)
    _, mine, theirs = np.intersect1d(*kept, return_indices=True)
    found += _differing(before.cells[mine], after.cells[theirs], [column.id for column in columns(catalogue)])
    return +found


def bits(cells: Floats) -> npt.NDArray[np.int64]:
    """Return the bits of cells, every NaN the same one."""
    return np.where(np.isnan(cells), np.nan, np.ascontiguousarray(cells, dtype=np.float64)).view(np.int64)


@dataclass
class _Found:
    """The columns that moved, each put down to the first table that moves it alone."""

    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    table_of: dict[str, str] = field(default_factory=dict)

    def add(self, differs: Counter[str], alone: Callable[[str], Counter[str]], tables: Sequence[str]) -> None:
        """Count what differs; `alone` tells what one table moves, and is asked only for columns not yet put down."""
        unknown = set(differs) - set(self.table_of)
        for table in sorted(tables, key=lambda name: name not in self.table_of.values()):  # those that leak first
            if not unknown:
                break
            mine = unknown & set(alone(table))
            self.table_of |= dict.fromkeys(mine, table)
            unknown -= mine
        for name, count in differs.items():
            self.moved[name, self.table_of.get(name, SEVERAL)] += count


def _tables(store: Store, catalogue: Catalogue) -> list[str]:
    """The tables of a store, those that the catalogue says are read first."""
    read = {family.domain for family in catalogue.features.values()} | {"drug"}
    return sorted([PEOPLE, *stored(store)], key=lambda name: name not in read)


def _moved_by(
    table: str,
    fold: Blindfold,
    catalogue: Catalogue,
    bucket: int,
    populations: Mapping[str, Definition],
    as_built: Part,
    out: Path,
) -> Counter[str]:
    """What moves when one table alone is changed."""
    store = fold.write_people(out, as_they_are=table != PEOPLE)
    fold.write_bucket(out, bucket, only=[table])
    found = moved(as_built, Region.of(store).part(catalogue, [fold.t], bucket, populations), catalogue)
    shutil.rmtree(out)
    return found


def _told(part: Part) -> Floats:
    under = np.array(list(part.under.values())).reshape(len(part.under), len(part.everyone)).T
    return np.hstack([part.present.conditions, under]).astype(np.float64)


def _differing(before: Floats, after: Floats, names: Sequence[str]) -> Counter[str]:
    different = (bits(before) != bits(after)).sum(axis=0)
    return Counter({names[place]: int(different[place]) for place in np.flatnonzero(different).tolist()})


def _take_away(store: Store, bucket: int) -> None:
    for domain in stored(store):
        (store.root / bucket_file(domain, bucket)).unlink()
