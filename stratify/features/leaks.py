"""The leak audit: a landmark's rows and cells are the same whatever was not known before it.

Each landmark is built three times by the code that builds the matrix: from the store, and from the store with what was
not known yet removed, and moved (`stratify.features.blind`). Who is a row, what conditions each has and every cell are
compared, bit for bit. Only where something differs is it looked for: one domain changed at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.cohort import residents, spells
from stratify.features.blind import PEOPLE, BlindStore, How
from stratify.features.build import matrix
from stratify.features.columns import columns
from stratify.features.conditions import Present, group_names, present
from stratify.features.kernel import Floats, Ints, Rows
from stratify.morbidity import is_multimorbid
from stratify.store.read import Store

HOWS: tuple[How, ...] = ("removed", "moved")
MEMBERSHIP = "who is a row"


@dataclass(frozen=True)
class Landmark:
    """One bucket's part of a landmark: everybody resident with their conditions, and the rows of the matrix."""

    everyone: Ints
    conditions: npt.NDArray[np.bool_]  # (everyone, conditions and Charlson groups)
    kept: Ints
    cells: Floats  # (kept, columns)


@dataclass
class Audit:
    """What was compared, and what moved: cells by (column, domain), where "column" may be `MEMBERSHIP`."""

    landmarks: int = 0
    rows: int = 0
    cells: int = 0
    late: Counter[str] = field(default_factory=Counter)  # rows by domain not known before their landmark
    later_facts: Counter[str] = field(default_factory=Counter)  # rows by domain with an end or refutation known later
    unread: list[str] = field(default_factory=list)  # domains of the store that no column reads
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)


def audit_leaks(
    store: Store, catalogue: Catalogue, days: Sequence[int], progress: Callable[[str, float], None]
) -> Audit:
    """Return what was compared on these landmarks, and every column that moved with the domain that moved it."""
    audit = Audit(landmarks=len(days))
    read: set[str] = set()
    for number, day in enumerate(days):
        for bucket in range(store.buckets):
            share = (number + bucket / store.buckets) / len(days)
            progress(f"landmark {number + 1} of {len(days)}, part {bucket + 1} of {store.buckets}", share)
            as_built = landmark(store, catalogue, day, bucket)
            audit.rows += len(as_built.kept)
            audit.cells += as_built.cells.size + as_built.conditions.size
            for how in HOWS:
                blind = BlindStore(store.root, day, how)
                found = moved(as_built, landmark(blind, catalogue, day, bucket), catalogue)
                read |= blind.read_domains
                if found:
                    audit.moved += _located(store, catalogue, as_built, blind, bucket, found)
        view = BlindStore(store.root, day)
        for domain in sorted(read - {PEOPLE}):
            late, later = view.touched(domain)
            audit.late[domain] += late
            audit.later_facts[domain] += later
        audit.unread = [domain for domain in view.stored() if domain not in read]
    return audit


def landmark(store: Store, catalogue: Catalogue, day: int, bucket: int) -> Landmark:
    """Return a bucket's part of a landmark, made from the store as the matrix is."""
    people, lived = store.persons(), spells(store.residence())
    everyone = residents(people, lived, [day])
    mine = everyone.person % store.buckets == bucket
    rows = Rows(everyone.person[mine], everyone.day[mine])
    found = present(store, rows, catalogue, bucket)
    several = is_multimorbid(found.conditions, found.condition_ids, catalogue.conditions)
    kept = Rows(rows.person[several], rows.day[several])
    theirs = Present(found.conditions[several], found.condition_ids, found.measurable, found.charlson[several])
    cells = matrix(store, kept, theirs, people, lived, catalogue, bucket)
    return Landmark(rows.person, np.hstack([found.conditions, found.charlson]), kept.person, cells)


def moved(before: Landmark, after: Landmark, catalogue: Catalogue) -> Counter[str]:
    """Return how many cells differ, by column, condition of anybody, or `MEMBERSHIP` for rows only one of them has."""
    found: Counter[str] = Counter()
    found[MEMBERSHIP] += len(np.setxor1d(before.everyone, after.everyone)) + len(np.setxor1d(before.kept, after.kept))
    _, mine, theirs = np.intersect1d(before.everyone, after.everyone, return_indices=True)
    names = [f"condition {name}" for name in group_names(catalogue)]
    found += _differing(before.conditions[mine].astype(float), after.conditions[theirs].astype(float), names)
    _, mine, theirs = np.intersect1d(before.kept, after.kept, return_indices=True)
    found += _differing(before.cells[mine], after.cells[theirs], [column.id for column in columns(catalogue)])
    return +found


def bits(cells: Floats) -> npt.NDArray[np.int64]:
    """Return the bits of cells, every NaN the same one."""
    return np.where(np.isnan(cells), np.nan, np.ascontiguousarray(cells, dtype=np.float64)).view(np.int64)


def _differing(before: Floats, after: Floats, names: Sequence[str]) -> Counter[str]:
    different = (bits(before) != bits(after)).sum(axis=0)
    return Counter({names[place]: int(different[place]) for place in np.flatnonzero(different).tolist()})


def _located(
    store: Store, catalogue: Catalogue, as_built: Landmark, blind: BlindStore, bucket: int, whole: Counter[str]
) -> Counter[tuple[str, str]]:
    """What moves when one domain at a time is changed; what only moves with several of them is told as such."""
    found: Counter[tuple[str, str]] = Counter()
    for domain in sorted(blind.read_domains):
        alone = BlindStore(store.root, blind.t, blind.how, domain)
        for name, count in moved(as_built, landmark(alone, catalogue, blind.t, bucket), catalogue).items():
            found[name, domain] += count
    told = {name for name, _ in found}
    found += Counter({(name, "several at once"): count for name, count in whole.items() if name not in told})
    return found
