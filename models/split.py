"""Rows for training, calibration and test: apart in time and, against the test, apart in people.

- test: the test people at the last landmark whose labels have closed.
- calibrate: the other people at the latest landmark whose label window ended by the test landmark.
- train: the other people at landmarks whose window ended by the calibration landmark, and was known at the test's.
With yearly landmarks and a horizon of 365 days that is: the last closed year, the one before, and all earlier ones.
People are dealt by a hash of their number, so the same person falls on the same side in every run on one store.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.spec import SplitSpec
from models.table import Floats, Ints
from stratify.catalogue.entries import Outcome

Part = Literal["train", "calibrate", "test"]
PARTS: tuple[Part, ...] = ("train", "calibrate", "test")
TELLS_FROM = 5  # a count of 1-4 people is not published
_GOLDEN, _MIX_1, _MIX_2 = (np.uint64(v) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True)
class Split:
    """Row numbers of each part, and the landmarks they stand at; a part without rows has no landmarks."""

    rows: dict[Part, NDArray[np.intp]]
    landmarks: dict[Part, tuple[int, ...]]


@dataclass(frozen=True)
class NotTrained:
    """Why an outcome has no model: not an error, but an answer that stands in the bundle."""

    outcome: str
    split: Part
    events: int | None  # None: fewer than 5, and not told
    needs: int
    text: str

    def told(self) -> dict[str, Any]:
        """Return it as it stands in a bundle's manifest."""
        return asdict(self)


def person_share(person: Ints, seed: int) -> Floats:
    """Return a number in [0, 1) for each person, evenly spread and the same in every run (splitmix64).

    >>> person_share(np.array([0, 1], dtype=np.int32), seed=0).round(4).tolist()
    [0.8833, 0.4315]
    """
    z = (person.astype(np.uint64) + np.uint64(1)) * _GOLDEN + np.full(1, seed, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def split_rows(spec: SplitSpec, outcome: Outcome, person: Ints, landmark: Ints, y: Floats) -> Split:
    """Return the rows of each part; rows without a label are in none.

    Raises AssertionError where the parts would share a row or the test a person: that would be a bug of ours.
    """
    known = ~np.isnan(y)
    closed = np.unique(landmark[known]).astype(np.int64)
    landmarks: dict[Part, tuple[int, ...]] = dict.fromkeys(PARTS, ())
    if closed.size:
        test = int(closed[-1])
        before = closed[closed + outcome.horizon_days <= test]
        landmarks["test"] = (test,)
        if before.size:
            calibrate = int(before[-1])
            ended = before[before + outcome.horizon_days <= calibrate]
            told = ended[ended + outcome.horizon_days + outcome.register_delay_days <= test]
            landmarks["calibrate"] = (calibrate,)
            landmarks["train"] = tuple(int(day) for day in told)
    kept_for_test = person_share(person, spec.seed) < spec.test_people
    rows = {
        part: np.flatnonzero(known & np.isin(landmark, days) & (kept_for_test == (part == "test")))
        for part, days in landmarks.items()
    }
    _assert_apart(rows, landmarks, person, outcome)
    return Split(rows, landmarks)


def _assert_apart(
    rows: dict[Part, NDArray[np.intp]], landmarks: dict[Part, tuple[int, ...]], person: Ints, outcome: Outcome
) -> None:
    developed = np.concatenate([rows["train"], rows["calibrate"]])
    assert not np.intersect1d(person[developed], person[rows["test"]]).size, "a person stands in training and in test"
    assert np.unique(developed).size == developed.size, "a row stands in training and in calibration"
    for day in landmarks["train"]:
        assert day + outcome.horizon_days + outcome.register_delay_days <= landmarks["test"][0], "an open label"
    for day in landmarks["calibrate"]:
        assert day + outcome.horizon_days <= landmarks["test"][0], "an open label"


def enough(outcome: Outcome, split: Split, y: Floats) -> NotTrained | None:
    """Return None where each part holds the events it needs, and as many people without; else what is short."""
    for part in PARTS:
        labels = y[split.rows[part]]
        needs = outcome.min_events_train if part == "train" else outcome.min_events_test
        events = int(labels.sum())
        for count, what in ((events, "events"), (len(labels) - events, "people without the event")):
            if count < needs:
                hidden = 0 < count < TELLS_FROM
                text = (
                    f"no model for {outcome.id}: the {part} rows hold "
                    f"{f'fewer than {TELLS_FROM}' if hidden else count} {what}, {needs} are needed; "
                    "land more people or more years"
                )
                return NotTrained(outcome.id, part, _told_count(events), needs, text)
    return None


def _told_count(events: int) -> int | None:
    return None if 0 < events < TELLS_FROM else events
