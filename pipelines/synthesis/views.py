"""The register tables of a folder as DuckDB views, with their column names in lower case.

A file's columns may be in capitals, and DuckDB takes HÆND_MDR and hænd_mdr for two columns; so files are read together
with those that name their columns alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from stratify.errors import DataError
from stratify.registers.read import quoted


def attach_registers(con: duckdb.DuckDBPyConnection, registers: Path) -> tuple[str, ...]:
    """Return the names of the views made, one for each folder of Parquet files; DataError where there is none."""
    found = {folder.name: sorted(folder.glob("*.parquet")) for folder in sorted(registers.iterdir()) if folder.is_dir()}
    found = {name: paths for name, paths in found.items() if paths}
    if not found:
        raise DataError(f"{registers}: no register table here; `stratify synthesise` writes them")
    for name, paths in found.items():
        con.execute(f"CREATE OR REPLACE VIEW {name} AS {_select(paths)}")
    return tuple(found)


def _select(paths: Sequence[Path]) -> str:
    alike: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        alike.setdefault(tuple(pq.read_schema(path).names), []).append(path)
    return " UNION ALL BY NAME ".join(
        f"SELECT {', '.join(f'{_named(title)} AS {_named(title.lower())}' for title in titles)} "
        f"FROM read_parquet([{', '.join(map(quoted, files))}])"
        for titles, files in alike.items()
    )


def _named(title: str) -> str:
    return '"' + title.replace('"', '""') + '"'
