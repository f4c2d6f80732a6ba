"""What happened after a landmark: labels for models, by what occurred in [t, t + horizon), whenever it became known.

Death is an outcome, not a gap: who dies without the event first has had no event. Who moves away within the window has
no label (NaN), whatever had happened by then: to keep the events of movers and drop the rest would make them look
sicker. Nor has anybody whose window or register delay is not over when the data end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import Outcome, OutcomeExample
from stratify.cohort import Spells, spell_of
from stratify.features.kernel import Floats, Ints, Rows
from stratify.registers.stays import ADMISSION_HOURS
from stratify.store.read import Columns


def outcome_stays(outcome: Outcome, stays: Columns, *, acute_told: bool) -> npt.NDArray[np.bool_]:
    """Return which stays are the outcome's event. Where a source cannot tell acute from planned, any admission is."""
    which = stays["admission"].astype(bool)
    if outcome.care:
        which &= np.isin(stays["care"], outcome.care)
    if outcome.acute is not None and acute_told:
        which &= np.equal(stays["acute"], outcome.acute).astype(bool)
    return which


def labels(
    outcome: Outcome,
    rows: Rows,
    *,
    stay_person: Ints,
    stay_day: Ints,
    death: Floats,
    lived: Spells,
    covers_to: int,
    delivered: int,
) -> Floats:
    """Return 1, 0 or NaN for each row: the event came in the window, it did not, or nobody can tell.

    `stay_person`, `stay_day`: the outcome's stays, sorted. `death`: day of death by person, NaN while alive.
    """
    end = rows.day + outcome.horizon_days
    dies = death[rows.person]
    event = dies if outcome.event == "death" else _next_stay(rows, stay_person, stay_day)
    happened = event < end  # never before the row: the next stay is at or after t, and people in rows are alive
    leaves = lived.end[spell_of(rows, lived)]
    left = (leaves < end) & ~(dies <= leaves)
    answer = np.where(left, np.nan, (happened & ~(leaves < event)).astype(np.float64))
    closed = (end <= covers_to + 1) & (end + outcome.register_delay_days <= delivered)
    return np.where(closed, answer, np.nan)


def _next_stay(rows: Rows, person: Ints, day: Ints) -> Floats:
    """The day of the first stay at or after each row, infinite when there is none."""
    if not len(person):
        return np.full(len(rows), np.inf)
    span = int(max(day.max(), rows.day.max(initial=0))) + 2
    base = int(min(day.min(), rows.day.min(initial=0)))
    span -= base - 1
    at = np.searchsorted(person * span + (day - base), rows.person * span + (rows.day - base), side="left")
    inside = np.minimum(at, len(person) - 1)
    found = (at < len(person)) & (person[inside] == rows.person)
    return np.where(found, day[inside], np.inf)


def evaluate_example(outcome: Outcome, example: OutcomeExample) -> bool | str:
    """Return the label of the example's person at landmark 0, or "unknown", to be held against its `expect`."""
    in_order = sorted(example.stays)
    stays: Columns = {
        "day": np.array([day for day, *_ in in_order], dtype=np.int64),
        "admission": np.array([hours >= ADMISSION_HOURS for _, hours, *_ in in_order], dtype=bool),
        "acute": np.array([acute for *_, acute, _ in in_order], dtype=bool),
        "care": np.array([care for *_, care in in_order], dtype=object),
    }
    days = stays["day"][outcome_stays(outcome, stays, acute_told=True)]
    leaves = [told for told in (example.leaves, example.death) if told is not None]  # a death ends residence too
    answer = labels(
        outcome,
        Rows(np.array([0]), np.array([0])),
        stay_person=np.zeros(len(days), dtype=np.int64),
        stay_day=days,
        death=np.array([np.nan if example.death is None else example.death]),
        lived=Spells(np.array([0]), np.array([-1]), np.array([float(min(leaves, default=np.inf))])),
        covers_to=outcome.horizon_days,
        delivered=outcome.horizon_days + outcome.register_delay_days,
    )[0]
    return "unknown" if np.isnan(answer) else bool(answer)
