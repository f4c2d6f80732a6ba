"""The step from the event store to the landmark matrix, bucket by bucket, by as many processes as there are cores.

What a process holds is one bucket: memory does not grow with the number of people. The matrix lies in a folder for
each landmark with a file for each bucket, `multimorbid_adults/2024-01-01/bucket=000.parquet`, sorted by person: the
adults of any of `POPULATIONS`, with a column for each that tells who is in it. Beside it lie the matrices of index
events (`pipelines.index_build`), from the first landmark on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.data_steps import refuse_other_catalogue
from pipelines.index_build import asked_kinds, make_folders, told_counts, write_index_part
from pipelines.processes import shared_out, ticking
from pipelines.steps import MANIFEST, Step, manifest_digest, refuse_damaged, run_step
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MATRIX_KINDS
from stratify.definitions import (
    DEFINITIONS,
    MULTIMORBID,
    MULTIMORBIDITY_DEFINITION,
    POPULATIONS,
    PSYCHIATRIC_SOMATIC,
    PSYCHIATRIC_SOMATIC_DEFINITION,
    chosen,
    populations,
)
from stratify.features.columns import columns
from stratify.features.part import Part, Region
from stratify.files import digest_file, write_json
from stratify.registers.clock import day_number, day_of, first_of_january
from stratify.store.read import Store
from stratify.workspace import Workspace

COHORT = "multimorbid_adults"
LANDMARKS = 9  # the latest ones; the first of them has LOOK_BEHIND_DAYS of records before it
LOOK_BEHIND_DAYS = 5 * 365 - 31  # the longest window, less a month: nobody need be admitted on the first day
Counts = dict[str, Any]


def build_step(
    work: Workspace,
    catalogue: Catalogue,
    progress: Callable[[str, float], None],
    *,
    multimorbid: str = MULTIMORBIDITY_DEFINITION,
    both: str = PSYCHIATRIC_SOMATIC_DEFINITION,
    processes: int | None = None,
    as_of: date | None = None,
    most: int = LANDMARKS,
    share_out: Callable[..., list[Counts]] = shared_out,
) -> tuple[dict[str, Any], bool]:
    """Write the matrix of adults who are multimorbid or psychiatric-somatic; return the manifest, with their numbers.

    `multimorbid` and `both` name the definitions of these two populations, of which by default the first holds the
    second; the number of adults under every other definition stands beside. There is no landmark after `as_of`, and at
    most `most` of them, the latest: training wants many, a nightly list one. Raises UsageError for a name that is none,
    BundleError for a store that is damaged, or of another catalogue. The same store and catalogue give the same bytes,
    whatever `processes` is.
    """
    several_by, both_by = chosen(multimorbid, MULTIMORBID), chosen(both, PSYCHIATRIC_SOMATIC)
    refuse_other_catalogue(work, catalogue)
    inputs = {"store": manifest_digest(work.store, "land")}
    definitions = {"multimorbid": several_by.id, "both": both_by.id}
    parameters: dict[str, Any] = {
        "landmarks": most,
        "look_behind_days": LOOK_BEHIND_DAYS,
        "cohort": COHORT,
        "populations": list(POPULATIONS),
        "index_events": [kind.folder for kind in asked_kinds(catalogue)],
        **definitions,
    }
    parameters |= {"as_of": as_of.isoformat()} if as_of else {}
    step = Step("build", work.features, inputs, parameters, catalogue.digest_of(*MATRIX_KINDS))

    def make(out: Path) -> dict[str, Any]:
        refuse_damaged(work.store, "land")
        store = Store(work.store)
        days = landmarks(store, as_of, most)
        for day in days:
            (out / COHORT / day_of(day).isoformat()).mkdir(parents=True)
        last = min(store.day("covers_to"), day_number(as_of)) if as_of else store.day("covers_to")
        make_folders(out, catalogue, days[0], last)

        tick = ticking(progress, "building features, {n} of {of} parts", store.buckets)
        progress("building features", 0.0)
        jobs = [(store.root, out, catalogue, days, last, bucket, definitions) for bucket in range(store.buckets)]
        found = share_out(write_part, jobs, tick, processes)
        under = {day: {key: sum(part["under"][day][key] for part in found) for key in DEFINITIONS} for day in days}
        people_with = np.sum([part["people_with"] for part in found], axis=0)
        write_json(out / "columns.json", [column.as_dict() for column in columns(catalogue)])
        return {
            "cohort": COHORT,
            "definitions": definitions,
            "landmarks": [day_of(day).isoformat() for day in days],
            "score_landmark": day_of(days[-1]).isoformat(),
            "flow": {
                day_of(day).isoformat(): {
                    "adults": sum(part["adults"][day] for part in found),
                    "multimorbid": under[day][several_by.id],
                    "psychiatric_somatic": under[day][both_by.id],
                }
                for day in days
            },
            "index_events": told_counts(catalogue, [part["index_events"] for part in found]),
            "under": {day_of(day).isoformat(): counts for day, counts in under.items()},
            "people_with": {
                key: int(count) if key in store.measurable["conditions"] else None
                for key, count in zip(catalogue.conditions, people_with, strict=True)
            },
            "columns": len(columns(catalogue)),
        }

    return run_step(step, make)


def write_part(
    root: Path,
    out: Path,
    catalogue: Catalogue,
    days: Sequence[int],
    last: int,
    bucket: int,
    definitions: Mapping[str, str],
    tick: Callable[[], None],
) -> Counts:
    """Write a bucket's part of the matrix, a file for each landmark, and its index events up to the last day.

    Return how many people it has under what.
    """
    region = _region(root, digest_file(root / MANIFEST))
    part = region.part(catalogue, days, bucket, populations(definitions))
    names = [column.id for column in columns(catalogue)]
    on = {day: part.everyone.day == day for day in days}
    for day in days:
        mine = part.kept.day == day
        cells = np.asfortranarray(part.cells[mine])
        arrays = [
            pa.array(part.kept.person[mine].astype(np.int32)),
            *(pa.array(part.populations[name][mine]) for name in POPULATIONS),
            *(pa.array(cells[:, i]) for i in range(len(names))),
        ]
        table = pa.Table.from_arrays(arrays, names=["person", *POPULATIONS, *names])
        path = out / COHORT / day_of(day).isoformat() / f"bucket={bucket:03d}.parquet"
        pq.write_table(table, path, compression="zstd")
    counts = _counts(part, on, days)
    del part, on  # before the index events: what is held is one of the two
    counts["index_events"] = write_index_part(region, out, catalogue, days[0], last, bucket, populations(definitions))
    tick()
    return counts


@lru_cache(maxsize=1)
def _region(root: Path, _manifest: str) -> Region[Store]:
    """The region a process reads its buckets from; its people are read once."""
    return Region.of(Store(root))


def _counts(part: Part, on: dict[int, Any], days: Sequence[int]) -> Counts:
    return {
        "adults": {day: int(on[day].sum()) for day in days},
        "under": {day: {key: int((on[day] & holds).sum()) for key, holds in part.under.items()} for day in days},
        "people_with": part.present.conditions[on[days[-1]]].sum(axis=0),
    }


def landmarks(store: Store, as_of: date | None = None, most: int = LANDMARKS) -> list[int]:
    """Return each 1 January the store has the past for, up to the day to score; at most so many of them.

    None of them comes after `as_of`.
    """
    last = first_of_january(day_of(store.day("covers_to")))
    last = min(last, date(as_of.year, 1, 1)) if as_of else last
    row = duckdb.execute(f"SELECT min(day) FROM {store.events('contact', None)}").fetchone()
    first = row[0] + LOOK_BEHIND_DAYS if row and row[0] is not None else day_number(last)
    years = range(last.year - most + 1, last.year + 1)
    days = [day_number(date(year, 1, 1)) for year in years]
    return [day for day in days if day >= first] or [day_number(last)]
