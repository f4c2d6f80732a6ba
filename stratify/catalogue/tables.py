"""Code tables beside an entry: the groups of an index that has too many of them for a TOML file to be read easily."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LISTS = ("icd10", "icd10_except", "atc", "atc_except", "conditions")  # several in a cell, with a bar between them
WEIGHT = "weight_"  # a column `weight_danish` holds the weights named `danish`


def with_table(raw: dict[str, Any], folder: Path) -> list[str]:
    """Put the rows of the CSV that `table` names in the place of `group`; return what is wrong with it.

    The first line names the columns: `id`, `name`, `weight_…`, and any of icd10, icd10_except, atc, atc_except,
    conditions and superseded_by. An entry without `table` stays as it is.
    """
    table = raw.pop("table", None)
    if table is None:
        return []
    if not isinstance(table, str) or Path(table).name != table:
        return [f"table: needs the name of a CSV file beside this one, got {table!r}"]
    if "group" in raw:
        return ["table: stands in the place of [[group]]; needs one of the two, got both"]
    try:
        with (folder / table).open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = list(reader)
            names = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return [f"table: {table} is not readable as CSV: {error}"]
    faults = [
        f"table: {table}: no such column {name!r}"
        for name in names
        if name not in ("id", "name", "superseded_by", *LISTS) and not name.startswith(WEIGHT)
    ]
    groups = []
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            faults.append(f"table: {table}: line {number}: needs {len(names)} cells")
            continue
        try:
            groups.append(_group(row))
        except ValueError as error:
            faults.append(f"table: {table}: line {number}: {error}")
    raw["group"] = groups
    return faults


def _group(row: Mapping[str, str]) -> dict[str, Any]:
    group: dict[str, Any] = {"weights": {}}
    for name, cell in row.items():
        if name.startswith(WEIGHT):
            group["weights"][name.removeprefix(WEIGHT)] = float(cell)
        elif cell:
            group[name] = cell.split("|") if name in LISTS else cell
    return group
