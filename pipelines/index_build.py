"""The matrices of index events: discharges of multimorbid adults, outpatient contacts of the psychiatric-somatic.

A folder for each kind and year with a file for each bucket, `discharges/2023/bucket=000.parquet`, sorted by person and
day: person, day, minute, the facts of the index event (`index_…`), and the same feature columns as the landmark matrix,
taken on that day. A kind is built where the catalogue has an outcome that is counted from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stratify.catalogue import Catalogue
from stratify.catalogue.prediction import IndexEvent
from stratify.definitions import Definition
from stratify.disclosure import shown
from stratify.features.columns import columns
from stratify.features.conditions import present
from stratify.features.part import Region
from stratify.indexed import INDEX, IndexEvents, index_events
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store


@dataclass(frozen=True)
class IndexKind:
    """A kind of index event: its folder, and the population whose events are built."""

    index: IndexEvent
    folder: str
    population: str


KINDS = (
    IndexKind("discharge", "discharges", "multimorbid"),
    IndexKind("psychiatric_outpatient", "psychiatric_outpatient", "psychiatric_somatic"),
)


def asked_kinds(catalogue: Catalogue) -> list[IndexKind]:
    """Return the kinds that some outcome is counted from."""
    return [kind for kind in KINDS if catalogue.outcomes_at(kind.index)]


def index_years(first: int, last: int) -> list[int]:
    """Return the years of the days from `first` to `last`, none where there are no days."""
    return list(range(day_of(first).year, day_of(last).year + 1)) if first <= last else []


def make_folders(out: Path, catalogue: Catalogue, first: int, last: int) -> None:
    """Make the folder of each kind and year."""
    for kind in asked_kinds(catalogue):
        for year in index_years(first, last):
            (out / kind.folder / str(year)).mkdir(parents=True)


def write_index_part(
    region: Region[Store],
    out: Path,
    catalogue: Catalogue,
    first: int,
    last: int,
    bucket: int,
    populations: Mapping[str, Definition],
) -> dict[str, Any]:
    """Write a bucket's index events of each kind from `first` to `last`; return how many there are, by folder.

    `rows` by year, and of discharges `diagnosis_known`: at how many the stay's diagnosis was known before the day.
    """
    counts: dict[str, Any] = {}
    for kind in asked_kinds(catalogue):
        counts[kind.folder] = {"rows": {}, "diagnosis_known": 0}
        for year in index_years(first, last):  # a year at a time: what is held does not grow with the years
            begins, ends = max(first, day_number(date(year, 1, 1))), min(last, day_number(date(year, 12, 31)))
            events = index_events(kind.index, region, bucket, begins, ends)
            path = out / kind.folder / str(year) / f"bucket={bucket:03d}.parquet"
            kept = _write(path, region, events, catalogue, bucket, populations[kind.population])
            counts[kind.folder]["rows"][year] = len(kept)
            counts[kind.folder]["diagnosis_known"] += int(np.sum(kept.facts.get("diagnosis_known", 0)))
    return counts


def told_counts(catalogue: Catalogue, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the manifest tells of index events: rows by year, and of discharges the share with a diagnosis.

    A year of 1 to 4 rows has None, and so has a share by which so few could be worked out.
    """
    answer: dict[str, Any] = {}
    for kind in asked_kinds(catalogue):
        mine = [part[kind.folder] for part in parts]
        rows = {str(year): sum(one["rows"][year] for one in mine) for year in mine[0]["rows"]}
        told = {year: shown(count) for year, count in rows.items()}
        answer[kind.folder] = {"index": kind.index, "population": kind.population, "rows": told}
        if kind.index == "discharge":
            known, total = sum(one["diagnosis_known"] for one in mine), sum(rows.values())
            hidden = not total or shown(known, total) is None
            answer[kind.folder]["diagnosis_known_share"] = None if hidden else round(known / total, 4)
    return answer


def _write(
    path: Path, region: Region[Store], events: IndexEvents, catalogue: Catalogue, bucket: int, definition: Definition
) -> IndexEvents:
    """Write the events of those a definition holds for on the day, and return them."""
    found = present(region.store, events.rows, catalogue, bucket)
    holds = found.holds(definition)
    kept = events.of(holds)
    cells = region.cells(catalogue, kept.rows, found.only(holds), bucket)
    table: dict[str, pa.Array] = {
        "person": pa.array(kept.rows.person.astype(np.int32)),
        "day": pa.array(kept.rows.day.astype(np.int32)),
        "minute": pa.array(kept.minute.astype(np.int64)),
        **{f"{INDEX}{name}": _fact(values) for name, values in kept.facts.items()},
        **{column.id: pa.array(cells[:, place]) for place, column in enumerate(columns(catalogue))},
    }
    pq.write_table(pa.table(table), path, compression="zstd")
    return kept


def _fact(values: Any) -> pa.Array:
    """An array of its own kind; texts are texts also where there is no row."""
    return pa.array(values.tolist(), pa.string()) if values.dtype == object else pa.array(values)
