"""The steps from an extract to the matrix: land it, build the landmark matrix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.steps import OUTSIDE, Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.cohort import residents, spells
from stratify.errors import BundleError, DataError
from stratify.features.build import matrix
from stratify.features.columns import columns
from stratify.features.conditions import Present, present
from stratify.features.kernel import Floats, Rows
from stratify.files import digest_file, digest_tree, write_json
from stratify.morbidity import (
    MULTIMORBIDITY_DEFINITION,
    PSYCHIATRIC_SOMATIC_DEFINITION,
    is_multimorbid,
    is_psychiatric_somatic,
)
from stratify.registers.clock import day_number, day_of, first_of_january
from stratify.store.land import land
from stratify.store.read import Store
from stratify.workspace import Workspace

Progress = Callable[[str], None]
COHORT = "multimorbid_adults"
LANDMARKS = 9  # the latest ones; the first of them has LOOK_BEHIND_DAYS of records before it
LOOK_BEHIND_DAYS = 5 * 365 - 31  # the longest window, less a month: nobody need be admitted on the first day
DATA_KINDS = ("conditions", "indices")
MATRIX_KINDS = (*DATA_KINDS, "features")


def land_step(
    work: Workspace, catalogue: Catalogue, *, source: str, data: Path, progress: Progress
) -> tuple[dict[str, Any], bool]:
    """Write the event store of an extract; return the manifest, with what became of every row."""
    if not data.exists():
        made = "; run `stratify synthesise` first, or name an extract with --data" if data == work.registers else ""
        raise DataError(f"nothing there: {data}{made}")
    inputs = digest_tree(data, leave_out=OUTSIDE) if data.is_dir() else {data.name: digest_file(data)}
    step = Step("land", work.store, inputs, {"source": source}, catalogue.digest_of(*DATA_KINDS))

    def make(out: Path) -> dict[str, Any]:
        found = land(source, data, out, catalogue, progress)
        return {
            "people": found.people,
            "events": found.events,
            "tables": found.tables,
            "delivery": found.delivery.as_dict(),
            "measurable": found.measurable,
            "notes": found.notes,
            "people_with": found.people_with,
        }

    return run_step(step, make)


def build_step(work: Workspace, catalogue: Catalogue, progress: Progress) -> tuple[dict[str, Any], bool]:
    """Write the matrix of multimorbid adults, one file per landmark; return the manifest, with the flow of people."""
    refuse_other_catalogue(work, catalogue)
    inputs = {"store": manifest_digest(work.store, "land")}
    parameters = {"landmarks": LANDMARKS, "look_behind_days": LOOK_BEHIND_DAYS, "cohort": COHORT}
    step = Step("build", work.features, inputs, parameters, catalogue.digest_of(*MATRIX_KINDS))

    def make(out: Path) -> dict[str, Any]:
        store = Store(work.store)
        days = landmarks(store)
        people, lived = store.persons(), spells(store.residence())
        everyone = residents(people, lived, days)
        parts: list[tuple[Rows, Floats]] = []
        flow = {day: dict.fromkeys(("adults", "multimorbid", "psychiatric_somatic"), 0) for day in days}
        for bucket in range(store.buckets):
            progress(f"building features, part {bucket + 1} of {store.buckets}")
            mine = everyone.person % store.buckets == bucket
            rows = Rows(everyone.person[mine], everyone.day[mine])
            found = present(store, rows, catalogue, bucket)
            several = is_multimorbid(found.conditions, found.condition_ids, catalogue.conditions)
            both = is_psychiatric_somatic(found.conditions, found.condition_ids, catalogue.conditions)
            for day, counts in flow.items():
                on = rows.day == day
                counts["adults"] += int(on.sum())
                counts["multimorbid"] += int((on & several).sum())
                counts["psychiatric_somatic"] += int((on & both).sum())
            kept = Rows(rows.person[several], rows.day[several])
            cells = matrix(store, kept, _only(found, several), people, lived, catalogue, bucket)
            parts.append((kept, cells))
        _write_matrix(out, parts, days, catalogue)
        write_json(out / "columns.json", [column.as_dict() for column in columns(catalogue)])
        return {
            "cohort": COHORT,
            "definitions": {"multimorbid": MULTIMORBIDITY_DEFINITION, "both": PSYCHIATRIC_SOMATIC_DEFINITION},
            "landmarks": [day_of(day).isoformat() for day in days],
            "score_landmark": day_of(days[-1]).isoformat(),
            "flow": {day_of(day).isoformat(): counts for day, counts in flow.items()},
            "columns": len(columns(catalogue)),
        }

    return run_step(step, make)


def refuse_other_catalogue(work: Workspace, catalogue: Catalogue) -> None:
    """Refuse a store landed under other conditions and indices than these (BundleError, exit 13), before any work."""
    landed, ours = read_manifest(work.store, "land")["catalogue"], catalogue.digest_of(*DATA_KINDS)
    if landed != ours:
        raise BundleError(
            f"{work.store}: landed under another catalogue: needs conditions and indices {ours[:12]}, "
            f"got {landed[:12]}; run `stratify land` again with this catalogue, or name the same --catalogue"
        )


def landmarks(store: Store) -> list[int]:
    """Return each 1 January the store has the past for, up to the day to score; at most LANDMARKS of them."""
    last = first_of_january(day_of(store.day("covers_to")))
    row = duckdb.execute(f"SELECT min(day) FROM {store.events('contact', None)}").fetchone()
    first = row[0] + LOOK_BEHIND_DAYS if row and row[0] is not None else day_number(last)
    years = range(last.year - LANDMARKS + 1, last.year + 1)
    days = [day_number(date(year, 1, 1)) for year in years]
    return [day for day in days if day >= first] or [day_number(last)]


def _only(found: Present, kept: Any) -> Present:
    return Present(found.conditions[kept], found.condition_ids, found.measurable, found.charlson[kept])


def _write_matrix(out: Path, parts: list[tuple[Rows, Floats]], days: list[int], catalogue: Catalogue) -> None:
    person = np.concatenate([rows.person for rows, _ in parts])
    day = np.concatenate([rows.day for rows, _ in parts])
    cells = np.concatenate([cells for _, cells in parts])
    names = [column.id for column in columns(catalogue)]
    (out / COHORT).mkdir()
    for landmark in days:
        on = np.flatnonzero(day == landmark)
        on = on[np.argsort(person[on], kind="stable")]
        arrays = [pa.array(person[on].astype(np.int32)), *(pa.array(cells[on, i]) for i in range(len(names)))]
        table = pa.Table.from_arrays(arrays, names=["person", *names])
        pq.write_table(table, out / COHORT / f"{day_of(landmark).isoformat()}.parquet", compression="zstd")
