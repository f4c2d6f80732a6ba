"""What happened after an index day: who had the outcome, who died or left first, by when, whenever it became known.

The window opens and closes as `window` says. What comes first decides: the event, death, leaving the region, or the
window's end. On one day an event comes before death, and both before leaving. Death is an outcome, not a gap: who dies
without the event first has had none. Who leaves before anything happened was not seen to the end: `models.censoring`
weights the others for them. Nobody whose window or register delay is not over when the data end takes part, whatever
had happened by then: else the labels of a window half over would hold events alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import Outcome, OutcomeExample
from stratify.catalogue.prediction import Injuries
from stratify.codes import starts_with_any
from stratify.cohort import Spells, spell_of, spells
from stratify.features.kernel import Floats, Ints, Rows
from stratify.registers.stays import ADMISSION_HOURS, CHAIN_HOURS, NO_ADMISSION
from stratify.store.read import Store
from stratify.store.records import Columns

NEITHER, EVENT, DIED_FIRST, LEFT, OPEN = range(5)
MINUTES = 24 * 60
GAP = CHAIN_HOURS * 60  # minutes after a discharge within which a stay would be the same one
INJURY = ("S", "T")  # S00-T98
STAY_COLUMNS = ("person", "start_min", "admission", "acute", "care")


@dataclass(frozen=True)
class FollowUp:
    """What came first after each row, and when.

    state int8[n]: NEITHER, EVENT, DIED_FIRST, LEFT (not seen to the end) or OPEN (window or register delay not over at
    the delivery). days float64[n]: whole days from the window's first day to what came first, the horizon where nothing
    did, NaN while OPEN.
    """

    state: npt.NDArray[np.int8]
    days: Floats

    @property
    def y(self) -> Floats:
        """1 with the event, 0 without, NaN where nobody can tell."""
        label = np.array([0.0, 1.0, 0.0, np.nan, np.nan])
        return np.asarray(label[self.state], dtype=np.float64)

    def of(self, kept: npt.NDArray[np.generic]) -> FollowUp:
        """Return some rows."""
        return FollowUp(self.state[kept], self.days[kept])


def window(outcome: Outcome, rows: Rows, minute: Ints | None = None) -> tuple[Ints, Ints, Ints]:
    """Return the minute from which events count, the window's first day, and the day before which they count.

    From a landmark on; from 4 hours after the `minute` of a discharge, and until so many days after its day; from the
    day after that of a psychiatric outpatient contact, of which many have a day and no hour. ValueError where
    discharges come without their minutes.
    """
    first = rows.day + (1 if outcome.index == "psychiatric_outpatient" else 0)
    opens = first * MINUTES
    if outcome.index == "discharge":
        if minute is None:
            raise ValueError("discharges need the minute they were at")
        opens = minute + GAP
    return opens, first, first + outcome.horizon_days


def outcome_stays(outcome: Outcome, stays: Columns, *, acute_told: bool) -> npt.NDArray[np.bool_]:
    """Return which stays are the outcome's event. Where a source cannot tell acute from planned, any admission is.

    A stay without a diagnosis is none of an outcome that names diagnoses, and no injury.
    """
    which = stays["admission"].astype(bool) if outcome.stay == "admission" else np.ones(len(stays["care"]), dtype=bool)
    if outcome.care:
        which &= np.isin(stays["care"], outcome.care)
    if outcome.acute is not None and acute_told:
        which &= np.equal(stays["acute"], outcome.acute).astype(bool)
    if outcome.icd10:
        which &= _coded(stays["first_code"], outcome.icd10)
    if unless := _left_out(outcome):
        which &= ~_coded(stays["first_code"], unless)
    return which


def follow_up(
    outcome: Outcome,
    rows: Rows,
    *,
    stay_person: Ints,
    stay_min: Ints,
    death: Floats,
    lived: Spells,
    covers_to: int,
    delivered: int,
    minute: Ints | None = None,
) -> FollowUp:
    """Return what came first after each row.

    `stay_person`, `stay_min`: the outcome's stays by the minute they began, sorted. `death`: day of death by person,
    NaN while alive. `minute`: of discharges. ValueError for a row of somebody who is not resident on its day.
    """
    opens, first, end = window(outcome, rows, minute)
    dies = np.where(np.isnan(death[rows.person]), np.inf, death[rows.person])
    leaves = lived.end[spell_of(rows, lived)]
    of_death = outcome.event == "death"
    event = dies if of_death else np.floor(_next_stay(rows.person, opens, stay_person, stay_min) / MINUTES)
    happened = (event < end) & (event <= dies) & (event <= leaves)
    died = ~happened & (dies < end) & (dies <= leaves)
    left = ~happened & ~died & (leaves < end)
    closed = (end <= covers_to + 1) & (end + outcome.register_delay_days <= delivered)
    cases = [~closed, happened, died, left]
    state = np.select(cases, [OPEN, EVENT, DIED_FIRST, LEFT], NEITHER).astype(np.int8)
    when = np.select(cases, [np.nan, event, dies, leaves], end.astype(np.float64))
    return FollowUp(state, when - first)


def followed(store: Store, outcome: Outcome, rows: Rows, minute: Ints | None = None) -> FollowUp:
    """Return what came first after each row, by a store's stays, deaths and residence."""
    person, begun = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    if outcome.event == "stay":
        stays = store.read("stay", [*STAY_COLUMNS, *(["first_code"] if _asks_for_codes(outcome) else [])])
        which = outcome_stays(outcome, stays, acute_told=bool(store.measurable["acute"]))
        person, begun = stays["person"][which].astype(np.int64), stays["start_min"][which].astype(np.int64)
        order = np.lexsort((begun, person))
        person, begun = person[order], begun[order]
    return follow_up(
        outcome,
        rows,
        stay_person=person,
        stay_min=begun,
        death=store.persons()["death"],
        lived=spells(store.residence()),
        covers_to=store.day("covers_to"),
        delivered=store.day("delivered"),
        minute=minute,
    )


def with_and_without_injuries(
    store: Store, outcome: Outcome, rows: Rows, minute: Ints | None = None
) -> dict[Injuries, FollowUp]:
    """Return what came first where stays that began with an injury (S00-T98) count, and where they are left out."""
    both: tuple[Injuries, Injuries] = ("count", "leave_out")
    return {way: followed(store, outcome.model_copy(update={"injuries": way}), rows, minute) for way in both}


def _left_out(outcome: Outcome) -> tuple[str, ...]:
    """What a stay's diagnosis may not start with."""
    return (*outcome.icd10_except, *(INJURY if outcome.injuries == "leave_out" else ()))


def _asks_for_codes(outcome: Outcome) -> bool:
    return bool(outcome.icd10 or _left_out(outcome))


def _coded(codes: npt.NDArray[np.object_], prefixes: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    told = codes.tolist()
    known = {code: code is not None and starts_with_any(code, prefixes) for code in set(told)}
    return np.array([known[code] for code in told], dtype=bool)


def _next_stay(person: Ints, opens: Ints, stay_person: Ints, stay_min: Ints) -> Floats:
    """The minute of each person's first stay at or after a minute, infinite when there is none."""
    if not len(stay_person) or not len(person):
        return np.full(len(person), np.inf)
    base = int(min(stay_min.min(), opens.min()))
    span = int(max(stay_min.max(), opens.max())) - base + 1
    at = np.searchsorted(stay_person * span + (stay_min - base), person * span + (opens - base), side="left")
    inside = np.minimum(at, len(stay_person) - 1)
    found = (at < len(stay_person)) & (stay_person[inside] == person)
    return np.where(found, stay_min[inside], np.inf)


def evaluate_example(outcome: Outcome, example: OutcomeExample) -> bool | str:
    """Return the label of the example's person at day 0, or "unknown", to be held against its `expect`."""
    noon = MINUTES // 2 if outcome.index == "discharge" else 0
    step = 60 if example.begins_in == "hours" else MINUTES
    told = [
        (noon + stay[0] * step, stay[1], stay[2], stay[3], stay[4] if len(stay) == 5 else "") for stay in example.stays
    ]
    told = sorted(stay for stay in told if not starts_with_any(stay[4], NO_ADMISSION))  # no stay is made of those
    stays: Columns = {
        "start_min": np.array([begins for begins, *_ in told], dtype=np.int64),
        "admission": np.array([hours >= ADMISSION_HOURS for _, hours, *_ in told], dtype=bool),
        "acute": np.array([acute for _, _, acute, *_ in told], dtype=bool),
        "care": np.array([care for *_, care, _ in told], dtype=object),
        "first_code": np.array([code or None for *_, code in told], dtype=object),
    }
    begun = stays["start_min"][outcome_stays(outcome, stays, acute_told=True)]
    leaves = [day for day in (example.leaves, example.death) if day is not None]  # a death ends residence too
    answer = follow_up(
        outcome,
        Rows(np.array([0]), np.array([0])),
        stay_person=np.zeros(len(begun), dtype=np.int64),
        stay_min=begun,
        death=np.array([np.nan if example.death is None else example.death]),
        lived=Spells(np.array([0]), np.array([-1]), np.array([float(min(leaves, default=np.inf))])),
        covers_to=outcome.horizon_days + 1,
        delivered=outcome.horizon_days + 1 + outcome.register_delay_days,
        minute=np.array([noon]),
    ).y[0]
    return "unknown" if np.isnan(answer) else bool(answer)
