"""The landmark matrix: declared columns, computed by the kernel from the store, bucket by bucket.

A cell is NaN where the source cannot tell (its domain was not delivered, or the source does not tell acute from
planned, psychiatric from somatic), or does not count alike in the whole window (see `across`); a cell with nothing to
count holds the family's fallback.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import FeatureFamily, FeatureGroup
from stratify.catalogue.family import OF_VALUES
from stratify.cohort import DAYS_PER_YEAR, Spells, spell_of
from stratify.features.across import Across
from stratify.features.aggregates import AGGREGATES
from stratify.features.columns import Asked, Column, asked, columns, windows
from stratify.features.conditions import Present
from stratify.features.events import read_events
from stratify.features.flags import flag_cells
from stratify.features.indices import index_cells
from stratify.features.kernel import Cells, Events, Floats, Group, Rows, aggregate
from stratify.registers.switch import of_store
from stratify.store.records import Columns, Records

NEW_DAYS = 365  # who has lived here for less is a newcomer
EVERY_GROUP = slice(None)
RESIDENT_DAYS = 1825  # the longest window: to have lived here longer makes no record thicker


def matrix(
    store: Records,
    rows: Rows,
    found: Present,
    people: Columns,
    lived: Spells,
    catalogue: Catalogue,
    bucket: int,
    families: Collection[str] | None = None,
) -> Floats:
    """Return the cells of rows that lie in one bucket, shape (rows, columns).

    `families`: those whose cells are wanted, all of them where it is not given; the other cells are missing, and what
    no wanted family reads is not read.
    """
    answer = np.full((len(rows), len(columns(catalogue))), np.nan, order="F")  # it is filled column by column
    if not len(rows):
        return answer
    birth = people["birth"][rows.person]
    person = person_cells(rows, people, lived)
    if not store.measurable.get("residence", True):
        person |= {name: np.full(len(rows), np.nan) for name in person if name not in ("age", "female")}
    special = {
        "person": person,
        "condition": dict(zip(found.condition_ids, found.cells().T, strict=True)),
        **index_cells(store, rows, found, birth, catalogue, bucket),
    }
    for family_id, of_family in asked(catalogue).items():
        family = catalogue.features[family_id]
        if families is not None and family_id not in families:
            continue
        if family.per == "flag":
            special[family_id] = flag_cells(store, rows, found, birth, family, bucket)
        elif family.domain not in ("person", "condition"):
            if store.has(family.domain):
                _windowed(answer, store, rows, family, of_family, bucket)
            continue
        told = special[family_id if family.per == "flag" else family.index or family.domain]
        for asks in of_family:
            for column, place in zip(asks.columns, asks.places, strict=True):
                answer[:, place] = told[column.group.id]
    return answer


def _windowed(
    answer: Floats, store: Records, rows: Rows, family: FeatureFamily, asks: Sequence[Asked], bucket: int
) -> None:
    """Fill in the columns that a family's windows tell."""
    of = [column.group for column in asks[0].columns]
    told = _measurable(store, family.domain, of)
    events = read_events(store, family, of, bucket)
    counting = partial(gather, family=family, groups=len(of))
    counted, across = counting(events, rows), Across(of_store(store.measurable), family, events, rows, counting)
    amounts = family.domain != "drug" or store.measurable.get("drug_amounts", True)
    for one in asks:
        if one.columns[0].aggregate in OF_VALUES and not amounts:
            continue
        made = partial(cell, column=one.columns[0], group=EVERY_GROUP)
        answer.T[one.places[told]] = across.told(one.columns[0], made(counted), made)[told]


_SEEN = ("count",)  # tells whether a window holds anything at all


def gather(events: Events, rows: Rows, family: FeatureFamily, groups: int) -> Cells:
    """Return what the kernel gathers for a family's columns."""
    return aggregate(events, rows, groups, windows(family), {*family.aggregates, *_SEEN})


def cell(counted: Cells, column: Column, group: Group) -> Floats:
    """Return a column's cells: what was gathered, or the family's fallback where there was nothing to tell.

    With several groups, those of the column's aggregate and window for each of them, (groups, rows). What reads values
    has nothing to tell where no event has one; `count` and its like where there is no event.
    """
    assert column.aggregate is not None
    assert column.window is not None
    value = counted.column(column.aggregate, group, column.window)
    fallback = column.family.fallback[column.aggregate]
    told = np.nan if fallback == "missing" else fallback
    if np.isnan(AGGREGATES[column.aggregate].nothing):
        return np.where(np.isnan(value), told, value)
    if told == 0:  # what the aggregate says of an empty window
        return value
    part = "valued" if AGGREGATES[column.aggregate].of_values else "count"
    return np.where(counted.added(part, group, column.window) > 0, value, told)


def person_cells(rows: Rows, people: Columns, lived: Spells) -> dict[str, Floats]:
    """Return age in years, whether a woman (NaN where the register does not say), and how long the person lived here.

    That is days resident without a break, days resident in each window, and whether they are fewer than NEW_DAYS.
    """
    since = rows.day - lived.start[spell_of(rows, lived)]
    sex = people["sex"][rows.person]
    return {
        "age": (rows.day - people["birth"][rows.person]) / DAYS_PER_YEAR,
        "female": np.where(sex == 0, np.nan, (sex == 2).astype(np.float64)),
        "resident_days": np.minimum(since, RESIDENT_DAYS).astype(np.float64),
        "newcomer": (since < NEW_DAYS).astype(np.float64),
        **{f"covered_{days}": resident_within(rows, lived, days) for days in (30, 365, 1825)},
    }


def resident_within(rows: Rows, lived: Spells, days: int) -> Floats:
    """Return on how many of the days [t - days, t) each row's person lived here, breaks left out."""
    first, past = (np.searchsorted(lived.person, rows.person, side) for side in ("left", "right"))
    total = np.zeros(len(rows))
    for nth in range(int((past - first).max(initial=0))):
        at = np.minimum(first + nth, len(lived.person) - 1)
        inside = np.fmin(lived.end[at], rows.day) - np.maximum(lived.start[at], rows.day - days)
        total += np.where(first + nth < past, np.maximum(inside, 0), 0)
    return total


def _measurable(store: Records, domain: str, of: Sequence[FeatureGroup]) -> npt.NDArray[np.bool_]:
    """Whether the source tells apart what each group is chosen by; a source that does not say tells all codes."""
    told = store.measurable
    uncoded = domain in ("drug", "procedure") and not told.get(f"{domain}_codes", True)
    labs = set(told["lab_codes"]) if domain == "lab" and "lab_codes" in told else None
    return np.array(
        [
            (told.get("missed", True) or group.where.get("setting") != "missed")
            and not (group.codes and (uncoded or (labs is not None and labs.isdisjoint(group.codes))))
            and all(
                told.get(f"{domain}_{column}", told[column]) for column in ("acute", "care") if column in group.where
            )
            for group in of
        ]
    )
