"""The landmark matrix: declared columns, computed by the kernel from the store, bucket by bucket.

A cell is NaN where the source cannot tell (its domain was not delivered, its code is not measurable here); a cell with
nothing to count holds the family's fallback.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import duckdb
import numpy as np

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.cohort import DAYS_PER_YEAR, Spells, spell_of
from stratify.features.columns import Column, columns, groups
from stratify.features.conditions import Present, charlson
from stratify.features.kernel import Cells, Events, Floats, Rows, aggregate
from stratify.store.read import Columns, Store

VALUES = {"stay": "hours / 24.0", "drug": "ddd", "lab": "value"}  # what sum and last read, by domain


def matrix(
    store: Store, rows: Rows, found: Present, people: Columns, lived: Spells, catalogue: Catalogue, bucket: int
) -> Floats:
    """Return the cells of rows that lie in one bucket, shape (rows, columns)."""
    declared = columns(catalogue)
    answer = np.full((len(rows), len(declared)), np.nan)
    place = {column.id: position for position, column in enumerate(declared)}
    for family_id, of_family in groupby(declared, key=lambda column: column.family.id):
        family = catalogue.features[family_id]
        for column, cell in _family_cells(
            store, family, list(of_family), rows, found, people, lived, catalogue, bucket
        ):
            answer[:, place[column.id]] = cell
    return answer


def _family_cells(
    store: Store,
    family: FeatureFamily,
    declared: Sequence[Column],
    rows: Rows,
    found: Present,
    people: Columns,
    lived: Spells,
    catalogue: Catalogue,
    bucket: int,
) -> list[tuple[Column, Floats]]:
    if family.domain == "person":
        told = _person(rows, people, lived)
        return [(column, told[column.group.id]) for column in declared]
    if family.per == "condition":
        cells = found.cells()
        return [(column, cells[:, found.condition_ids.index(column.group.id)]) for column in declared]
    if family.per == "charlson":
        scores = charlson(found, catalogue, told=bool(store.measurable["charlson"]))
        return [(column, scores[column.group.id]) for column in declared]
    if not store.has(family.domain):
        return []
    of = groups(family, catalogue)
    events = read_events(store, family, of, bucket)
    counted = aggregate(events, rows, len(of), family.windows)
    order = {group.id: position for position, group in enumerate(of)}
    told_groups = [column for column in declared if _measurable(store, column.group)]
    return [(column, _cell(counted, column, order[column.group.id])) for column in told_groups]


def _cell(cells: Cells, column: Column, group: int) -> Floats:
    assert column.aggregate is not None
    window = column.family.windows.index(column.window or 0)
    value = getattr(cells, column.aggregate)[:, group, window].astype(np.float64)
    fallback = column.family.fallback[column.aggregate]
    nothing = cells.count[:, group, window] == 0
    told = np.nan if fallback == "missing" else float(fallback)
    return np.where(nothing | np.isnan(value), told, value)


def _measurable(store: Store, group: FeatureGroup) -> bool:
    if "acute" in group.where and not store.measurable["acute"]:
        return False
    return not ("care" in group.where and not store.measurable["care"])


def _person(rows: Rows, people: Columns, lived: Spells) -> dict[str, Floats]:
    since = rows.day - lived.start[spell_of(rows, lived)]
    sex = people["sex"][rows.person]
    return {
        "age": (rows.day - people["birth"][rows.person]) / DAYS_PER_YEAR,
        "female": np.where(sex == 0, np.nan, (sex == 2).astype(np.float64)),
        "resident_days": np.minimum(since, 1825).astype(np.float64),
    }


def read_events(store: Store, family: FeatureFamily, of: Sequence[FeatureGroup], bucket: int | None) -> Events:
    """Return a family's events, one for each group an event belongs to, in the order of the store."""
    at_end = family.at == "end"
    day, known = ("end_day", "end_known") if at_end else ("day", "known")
    value = VALUES.get(family.domain, "NULL")
    parts = [
        f"SELECT person, {day} AS day, {known} AS known, CAST({value} AS DOUBLE) AS value, file_row_number AS nth, "
        f"{position} AS grp FROM {store.events(family.domain, bucket)} WHERE {_condition(group)} AND {day} IS NOT NULL"
        for position, group in enumerate(of)
    ]
    sql = f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY person, day, nth, grp"
    found = duckdb.execute(sql).fetchnumpy()
    return Events(
        person=np.asarray(found["person"], dtype=np.int64),
        day=np.asarray(found["day"], dtype=np.int64),
        known=np.asarray(found["known"], dtype=np.int64),
        group=np.asarray(found["grp"], dtype=np.int64),
        value=np.ma.asarray(found["value"]).astype(np.float64).filled(np.nan),
    )


def _condition(group: FeatureGroup) -> str:
    tests = [f"({' OR '.join(f'starts_with(code, {_quoted(code)})' for code in group.codes)})"] if group.codes else []
    for column, value in group.where.items():
        tests.append(f"{column} = {str(value).lower() if isinstance(value, bool) else _quoted(value)}")
    return " AND ".join(tests) or "true"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
