"""Index events: the discharges and psychiatric outpatient contacts that some outcomes are counted from.

Both come back as rows of a person and a day at which features are taken as at a landmark (occurred and known before the
day), with facts of the index event itself beside them: what the ward or clinic that has the person there knows, though
the register does not yet.

A discharge is the end of a somatic admission (stay of 12 hours or more, or an LPR2 inpatient contact), whether or not
it was itself a readmission; stays still open are none. An outpatient contact is one with a psychiatric clinic on site,
at home or by video; at most one of a person counts in a quarter, drawn by a hash of the person's own id and the day, so
that it stays the same whoever else comes or goes. It is drawn before anything is asked about the person: a draw among
those contacts at which somebody was ill enough would favour the later ones. Index events are of adults alive and
resident on their day; who dies on it is not in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stratify.catalogue.prediction import IndexEvent
from stratify.cohort import adult_residents
from stratify.features.kernel import Ints, Rows
from stratify.features.part import Region
from stratify.mixing import GOLDEN, mixed
from stratify.outcomes import MINUTES
from stratify.store.read import Store
from stratify.store.records import Columns

BEFORE = 180  # days before an index stay in which earlier ones are counted, as in the LACE index
OUTPATIENT = ("outpatient", "home", "virtual")
SEED = 20_250
INDEX = "index_"  # before the name of a fact of an index event, where it stands as a column


@dataclass(frozen=True)
class IndexEvents:
    """Rows sorted by person and day; the minute of each, int64; and facts of the index event by name, each (rows,)."""

    rows: Rows
    minute: Ints
    facts: Mapping[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, kept: npt.NDArray[np.generic]) -> IndexEvents:
        """Return some of them."""
        rows = Rows(self.rows.person[kept], self.rows.day[kept])
        return IndexEvents(rows, self.minute[kept], {name: values[kept] for name, values in self.facts.items()})


def index_events(kind: IndexEvent, region: Region[Store], bucket: int, first: int, last: int) -> IndexEvents:
    """Return a bucket's index events of one kind on the days from `first` to `last`; ValueError for landmarks."""
    if kind == "discharge":
        return discharges(region, bucket, first, last)
    if kind == "psychiatric_outpatient":
        return outpatient_contacts(region, bucket, first, last)
    raise ValueError(f"{kind} is no index event")


def discharges(region: Region[Store], bucket: int, first: int, last: int) -> IndexEvents:
    """Return a bucket's live discharges from somatic admissions, several of a person on a day in their order.

    Facts: hours (of the stay), acute (1, 0, NaN where the source does not tell), care, unit (that discharges),
    admissions_180 and emergency_180 (acute somatic admissions and emergency contacts that began in the 180 days before
    the index stay did, known by the day of discharge), and diagnosis_known (a diagnosis of the stay was registered and
    known before that day).
    """
    store = region.store
    columns = ["person", "day", "end_min", "end_day", "end_known", "hours", "acute", "care", "admission", "unit_last"]
    stays = store.read("stay", columns, bucket=bucket)
    somatic = stays["admission"].astype(bool) & (stays["care"] == "somatic")
    ended = somatic & (stays["end_day"] >= first) & (stays["end_day"] <= last)
    found = _in_order(stays, ended, "end_day", "end_min")
    rows = Rows(found["person"].astype(np.int64), found["end_day"].astype(np.int64))
    begun = found["day"].astype(np.int64)
    earlier = somatic & np.equal(stays["acute"], True).astype(bool) & ~np.isnan(stays["end_known"])
    admitted = {name: stays[name][earlier] for name in ("person", "day", "end_known")}
    contacts = store.read("contact", ["person", "day", "known"], bucket=bucket, where="setting = 'emergency'")
    facts = {
        "hours": found["hours"],
        "acute": _as_number(found["acute"]),
        "care": found["care"],
        "unit": found["unit_last"],
        "admissions_180": _known_before(rows, begun, admitted["person"], admitted["day"], admitted["end_known"]),
        "emergency_180": _known_before(rows, begun, contacts["person"], contacts["day"], contacts["known"]),
        "diagnosis_known": _diagnosis_known(store, bucket, rows, begun),
    }
    events = IndexEvents(rows, found["end_min"].astype(np.int64), facts)
    return events.of(adult_residents(rows, region.people, region.lived))


def outpatient_contacts(region: Region[Store], bucket: int, first: int, last: int, seed: int = SEED) -> IndexEvents:
    """Return a bucket's drawn psychiatric outpatient contacts, at most one of a person in a quarter.

    Facts: setting (outpatient, home, virtual) and unit, of the day's first contact. `minute` is the day's first: many
    contacts have no hour.
    """
    store = region.store
    where = f"care = 'psychiatric' AND setting IN {OUTPATIENT}"
    contacts = store.read("contact", ["person", "day", "start_min", "setting", "unit"], bucket=bucket, where=where)
    inside = (contacts["day"] >= first) & (contacts["day"] <= last)
    found = _in_order(contacts, inside, "day", "start_min")
    person, day = found["person"].astype(np.int64), found["day"].astype(np.int64)
    kept = np.flatnonzero(_drawn(store, bucket, person, day, seed))
    rows = Rows(person[kept], day[kept])
    events = IndexEvents(rows, rows.day * MINUTES, {name: found[name][kept] for name in ("setting", "unit")})
    return events.of(adult_residents(rows, region.people, region.lived))


def _in_order(columns: Columns, which: npt.NDArray[np.bool_], day: str, minute: str) -> Columns:
    order = np.lexsort((columns[minute][which], columns[day][which], columns["person"][which]))
    return {name: values[which][order] for name, values in columns.items()}


def _as_number(told: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if one is None else float(one) for one in told.tolist()], dtype=np.float64)


def _known_before(
    rows: Rows, begun: Ints, person: Ints, day: npt.NDArray[Any], known: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """How many events began in the days before each index stay and were known before its discharge."""
    first, past = (np.searchsorted(person, rows.person, side) for side in ("left", "right"))
    answer = np.zeros(len(rows), dtype=np.int64)
    for row, (low, high) in enumerate(zip(first.tolist(), past.tolist(), strict=True)):
        mine, known_of = day[low:high], known[low:high]
        inside = (mine >= begun[row] - BEFORE) & (mine < begun[row]) & (known_of < rows.day[row])
        answer[row] = np.count_nonzero(inside)
    return answer


def _diagnosis_known(store: Store, bucket: int, rows: Rows, begun: Ints) -> npt.NDArray[np.bool_]:
    """Whether any diagnosis of a somatic contact within the index stay was known before the day of its discharge."""
    if not store.has("diagnosis"):
        return np.zeros(len(rows), dtype=bool)
    told = store.read("diagnosis", ["person", "day", "known"], bucket=bucket, where="care = 'somatic'")
    first, past = (np.searchsorted(told["person"], rows.person, side) for side in ("left", "right"))
    answer = np.zeros(len(rows), dtype=bool)
    for row, (low, high) in enumerate(zip(first.tolist(), past.tolist(), strict=True)):
        mine, known = told["day"][low:high], told["known"][low:high]
        answer[row] = bool(((mine >= begun[row]) & (mine <= rows.day[row]) & (known < rows.day[row])).any())
    return answer


def _drawn(store: Store, bucket: int, person: Ints, day: Ints, seed: int) -> npt.NDArray[np.bool_]:
    """Which contacts, sorted by person and time, are their person's one in the quarter: the day of the lowest hash."""
    if not len(person):
        return np.zeros(0, dtype=bool)
    opens = np.concatenate([[True], (np.diff(person) != 0) | (np.diff(day) != 0)])  # the first of a day
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    quarter = months // 3
    who = np.unique(person)
    ids = store.source_ids_of(bucket)
    own = np.array([_id_number(ids[one]) for one in who.tolist()], dtype=np.uint64)
    of_day = mixed(day.astype(np.uint64) + np.full(1, seed, dtype=np.uint64) + GOLDEN)
    number = mixed((own[np.searchsorted(who, person)] ^ of_day) + GOLDEN)
    order = np.lexsort((number, ~opens, quarter, person))
    leads = np.ones(len(order), dtype=bool)
    leads[1:] = (np.diff(person[order]) != 0) | (np.diff(quarter[order]) != 0)
    answer = np.zeros(len(person), dtype=bool)
    answer[order[leads]] = True
    return answer


def _id_number(source_id: str) -> int:
    return int.from_bytes(hashlib.md5(source_id.encode(), usedforsecurity=False).digest()[8:], "little")
