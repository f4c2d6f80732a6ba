"""Reading a family's events from the store: which rows of a domain belong to which of its groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.errors import DataError
from stratify.features.kernel import Events, Floats, Ints
from stratify.store.read import Store

VALUES = {"stay": "hours / 24.0", "drug": "ddd", "lab": "value"}  # what sum and last read, by domain


def read_events(store: Store, family: FeatureFamily, of: Sequence[FeatureGroup], bucket: int | None) -> Events:
    """Return a family's events, one for each group an event belongs to, in the order of the store.

    A stay that has not ended has no event in a family that counts stays at their end. A diagnosis refuted later holds
    until the delivery that says so.
    """
    day, known = ("end_day", "end_known") if family.at == "end" else ("day", "known")
    value = f"CAST({VALUES[family.domain]} AS DOUBLE)" if family.domain in VALUES else "CAST(NULL AS DOUBLE)"
    until = f"CASE WHEN refuted THEN {store.day('delivered')} END" if family.domain == "diagnosis" else "NULL"
    code = "dense_rank() OVER (ORDER BY code)" if "distinct" in family.aggregates else "NULL"
    belongs = ", ".join(f"CASE WHEN {_condition(group)} THEN {place} END" for place, group in enumerate(of))
    found = duckdb.execute(
        f"SELECT person, day, known, value, until, grp, which FROM (SELECT person, {day} AS day, {known} AS known, "
        f"{value} AS value, CAST({until} AS DOUBLE) AS until, {code} AS which, "
        f"file_row_number AS nth, unnest([{belongs}]) AS grp "
        f"FROM {store.events(family.domain, bucket)} WHERE {day} IS NOT NULL) AS e WHERE grp IS NOT NULL "
        "ORDER BY person, day, nth, grp"
    ).fetchnumpy()
    return Events(
        person=_days(found["person"], family, "person"),
        day=_days(found["day"], family, "day"),
        known=_days(found["known"], family, "known"),
        group=_days(found["grp"], family, "group"),
        value=_numbers(found["value"]) if family.domain in VALUES else None,
        until=_numbers(found["until"]) if family.domain == "diagnosis" else None,
        code=_days(found["which"], family, "code") if "distinct" in family.aggregates else None,
    )


def _days(values: Any, family: FeatureFamily, what: str) -> Ints:
    if np.ma.is_masked(values):
        raise DataError(f"store: {family.domain}: a row without `{what}`; land the extract again")
    return np.asarray(values, dtype=np.int64)


def _numbers(values: Any) -> Floats:
    return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))


def _condition(group: FeatureGroup) -> str:
    tests = [f"({' OR '.join(f'starts_with(code, {_quoted(code)})' for code in group.codes)})"] if group.codes else []
    for column, value in group.where.items():
        tests.append(f"{column} = {str(value).lower() if isinstance(value, bool) else _quoted(value)}")
    return " AND ".join(tests) or "true"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
