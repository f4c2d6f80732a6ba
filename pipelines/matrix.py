"""Reading the matrix back: rows of one landmark or of all, with the columns they were declared with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from models.people import cells_of
from pipelines.build_step import COHORT
from pipelines.steps import manifest_digest, read_manifest, refuse_damaged
from stratify.definitions import POPULATIONS
from stratify.errors import DataError
from stratify.features.kernel import Floats, Ints, Rows
from stratify.indexed import INDEX, IndexEvents
from stratify.registers.clock import day_number, day_of, read_date
from stratify.workspace import Workspace


@dataclass(frozen=True)
class Matrix:
    """Rows sorted by person and landmark, their cells, and the columns as `columns.json` has them.

    `populations`: bool[rows] by name, who is in which; everybody is in one at least.
    """

    rows: Rows
    cells: Floats
    columns: Sequence[Mapping[str, Any]]
    populations: Mapping[str, npt.NDArray[np.bool_]]

    @property
    def names(self) -> list[str]:
        """The columns' ids, in order."""
        return [column["id"] for column in self.columns]

    def column(self, name: str) -> Floats:
        """Return one column's cells; missing ones where it has none of this name."""
        names = self.names
        return self.cells[:, names.index(name)] if name in names else np.full(len(self.rows), np.nan)

    def select(self, wanted: Sequence[Mapping[str, Any]]) -> Matrix:
        """Return the matrix with these columns alone, in this order, as a bundle expects them.

        A landmark has no facts of an index event: their columns are missing.
        """
        return replace(self, cells=cells_of(self.cells, self.names, wanted), columns=wanted)

    def of(self, population: str) -> Matrix:
        """Return the rows of one population."""
        mine = self.populations[population]
        rows = Rows(self.rows.person[mine], self.rows.day[mine])
        return Matrix(rows, self.cells[mine], self.columns, {name: of[mine] for name, of in self.populations.items()})


def read_columns(features: Path) -> list[dict[str, Any]]:
    """Return the matrix's columns as declared; BundleError where a file of it is not as it was built."""
    refuse_damaged(features, "build")
    columns: list[dict[str, Any]] = json.loads((features / "columns.json").read_text(encoding="utf-8"))
    return columns


def read_matrix(features: Path, landmarks: Sequence[int] | None = None) -> Matrix:
    """Return the rows of these landmarks, or of all; BundleError where a file is not as it was built."""
    declared = read_columns(features)
    manifest = read_manifest(features, "build")
    names = [column["id"] for column in declared]
    days = [day_number(read_date(text, "landmark")) for text in manifest["results"]["landmarks"]]
    person: list[Ints] = []
    day: list[Ints] = []
    cells: list[Floats] = []
    of: dict[str, list[npt.NDArray[np.bool_]]] = {name: [] for name in POPULATIONS}
    for landmark in days if landmarks is None else landmarks:
        files = sorted((features / COHORT / day_of(landmark).isoformat()).glob("bucket=*.parquet"))
        table = pa.concat_tables([pq.read_table(file, partitioning=None) for file in files])
        person.append(table["person"].to_numpy().astype(np.int64))
        day.append(np.full(table.num_rows, landmark))
        cells.append(np.column_stack([table[name].to_numpy() for name in names]))
        for name, parts in of.items():
            parts.append(table[name].to_numpy())
    who, when, what = np.concatenate(person), np.concatenate(day), np.concatenate(cells)
    order = np.lexsort((when, who))
    populations = {name: np.concatenate(parts)[order] for name, parts in of.items()}
    return Matrix(Rows(who[order], when[order]), what[order], declared, populations)


@dataclass(frozen=True)
class IndexMatrix:
    """Index events sorted by person and day, their facts by name, and the cells of their days."""

    events: IndexEvents
    cells: Floats
    columns: Sequence[Mapping[str, Any]]


def read_index(features: Path, folder: str, years: Sequence[int] | None = None) -> IndexMatrix:
    """Return the index events of one kind in these years, or in all.

    Raises DataError for a kind or year not built, BundleError where a file is not as it was built.
    """
    declared = read_columns(features)
    told = read_manifest(features, "build")["results"]["index_events"]
    built = [int(year) for year in told.get(folder, {}).get("rows", {})]
    missing = [year for year in years or () if year not in built]
    if missing or not built:
        raise DataError(f"{features}: {folder} needs index events of {missing or 'any year'}, built are {built}")
    files = [
        file
        for year in (built if years is None else years)
        for file in sorted((features / folder / str(year)).glob("bucket=*.parquet"))
    ]
    table = pa.concat_tables([pq.read_table(file, partitioning=None) for file in files])
    table = table.sort_by([("person", "ascending"), ("day", "ascending"), ("minute", "ascending")])
    facts = {name.removeprefix(INDEX): table[name].to_numpy() for name in table.column_names if name.startswith(INDEX)}
    rows = Rows(table["person"].to_numpy().astype(np.int64), table["day"].to_numpy().astype(np.int64))
    cells = np.column_stack([table[column["id"]].to_numpy() for column in declared])
    return IndexMatrix(IndexEvents(rows, table["minute"].to_numpy(), facts), cells, declared)


def read_part(
    features: Path, landmark: int, bucket: int
) -> tuple[list[str], Ints, Floats, dict[str, npt.NDArray[np.bool_]]]:
    """Return one file of the matrix as it lies there: its columns' ids, people, cells, and populations."""
    file = features / COHORT / day_of(landmark).isoformat() / f"bucket={bucket:03d}.parquet"
    table = pq.read_table(file, partitioning=None)
    names = [name for name in table.column_names if name not in ("person", *POPULATIONS)]
    cells = np.column_stack([table[name].to_numpy() for name in names])
    of = {name: table[name].to_numpy() for name in POPULATIONS}
    return names, table["person"].to_numpy().astype(np.int64), cells, of


def inputs_of_matrix(work: Workspace) -> dict[str, str]:
    """Return the digests of the matrix and the store it was built from.

    Raises DataError when the store is another one by now: people are numbered anew with each landing, so the rows of
    the matrix would be taken for other people.
    """
    store = manifest_digest(work.store, "land")
    if read_manifest(work.features, "build")["inputs"]["store"] != store:
        raise DataError("the matrix was built from another store than is here now; run `stratify build` first")
    return {"features": manifest_digest(work.features, "build"), "store": store}
