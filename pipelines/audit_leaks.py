"""The proof that the matrix is blind to the future, over every landmark that was built."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.data_steps import refuse_other_catalogue
from pipelines.matrix import read_part
from pipelines.processes import shared_out, ticking
from pipelines.steps import manifest_digest, read_manifest, refuse_damaged
from stratify.catalogue import Catalogue
from stratify.definitions import POPULATIONS, populations
from stratify.disclosure import shown, words
from stratify.errors import BundleError, GateError
from stratify.features.columns import columns
from stratify.features.leaks import Audit, audit_landmark, bits
from stratify.features.part import Part
from stratify.registers.clock import day_number, day_of, read_date
from stratify.store.read import Store
from stratify.workspace import Workspace


def audit_leaks_step(
    work: Workspace, catalogue: Catalogue, progress: Callable[[str, float], None], processes: int | None = None
) -> tuple[dict[str, Any], bool]:
    """Return what was compared, as lines to show; raises GateError (exit 12) naming each column and table that leaks.

    The matrix must be the one that this store and this catalogue give (BundleError, exit 13). A process works on one
    landmark and holds one bucket of it; copies of the store lie in the work folder and are gone afterwards.
    """
    built = read_manifest(work.features, "build")
    refuse_other_catalogue(work, catalogue)
    refuse_damaged(work.store, "land")
    if built["inputs"]["store"] != manifest_digest(work.store, "land"):
        raise BundleError(f"{work.features}: built from another store than stands here; run `stratify build` again")
    days = [day_number(read_date(text, "landmark")) for text in built["results"]["landmarks"]]
    parts = len(days) * Store(work.store).buckets
    tick = ticking(progress, "looking for leaks, {n} of {of} parts", parts)
    progress("looking for leaks", 0.0)
    audit = Audit()
    definitions = built["results"]["definitions"]
    shutil.rmtree(work.leaks, ignore_errors=True)  # of a run that was killed
    work.leaks.mkdir(mode=0o700)
    try:
        for found in shared_out(audit_day, [(work, catalogue, day, definitions) for day in days], tick, processes):
            audit.add(found)
    finally:
        shutil.rmtree(work.leaks, ignore_errors=True)
    if audit.moved:
        raise GateError("leak: cells move with what was not known before their landmark:", leaks(audit))
    return {"results": {"lines": lines(audit)}}, True


def audit_day(
    work: Workspace, catalogue: Catalogue, day: int, definitions: Mapping[str, str], tick: Callable[[], None]
) -> Audit:
    """Return what was compared on a landmark, and what moved; raises BundleError for a matrix not made by this code."""
    names = [column.id for column in columns(catalogue)]

    def each(bucket: int, part: Part) -> None:
        _refuse_other_part(work.features, day, bucket, part, names)
        tick()

    scratch = work.leaks / day_of(day).isoformat()
    try:
        return audit_landmark(Store(work.store), catalogue, day, populations(definitions), scratch, each)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def leaks(audit: Audit) -> list[str]:
    """Return a line for each column and table that leak, those that move most first."""
    told = sorted(audit.moved.items(), key=lambda item: (-item[1], item[0]))
    return [f"column {column}, table {table}: {words(count)} cells move" for (column, table), count in told]


def lines(audit: Audit) -> list[str]:
    """Return what to show of an audit without a leak, the verdict last."""
    told = [
        f"{table}: {words(late)} rows not known before their landmark, removed and moved; "
        f"{words(audit.later_facts[table])} more with an end or a refutation known later"
        for table, late in sorted(audit.late.items())
    ]
    many = sum(count for count in audit.late.values() if shown(count) is not None)  # a sum must not tell a hidden part
    return [
        *told,
        f"no leak: {audit.landmarks} landmarks, {words(audit.rows)} rows, {words(audit.cells)} cells compared with the "
        f"future removed and moved; rows not known yet: {many}; cells moved: 0",
    ]


def _refuse_other_part(features: Path, day: int, bucket: int, part: Part, names: list[str]) -> None:
    """Refuse a matrix on disk that is not what the code that is audited makes."""
    columns_there, person, cells, of = read_part(features, day, bucket)
    same = columns_there == names and np.array_equal(person, part.kept.person)
    same &= all(np.array_equal(of[name], part.populations[name]) for name in POPULATIONS)
    if not (same and np.array_equal(bits(cells), bits(part.cells))):
        raise BundleError(
            f"{features}: not the matrix that this store and this catalogue give; run `stratify build` again"
        )
