"""Rows for training, calibration and test: apart in time and, against the test, apart in people.

- test: the test people at the last landmark whose labels have closed.
- calibrate: the other people at the latest landmark whose label window ended by the test landmark.
- train: the other people at landmarks whose window ended by the calibration landmark, and was known at the test's.
- folds: the other people in K parts. Whoever reaches the calibration landmark was alive in every training row, which a
  model fitted on those rows knows; so what is asked of a fold at that landmark is answered by a fit without its people.
With yearly landmarks and a horizon of 365 days that is: the last closed year, the one before, and all earlier ones.
People are dealt by a hash of their number, so the same person falls on the same side in every run on one store.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    """Row numbers of each part, and the landmarks they stand at; a part without rows has no landmarks.

    fold int[len(rows[part])] is the fold of each row's person; the test has none.
    """

    rows: dict[Part, NDArray[np.intp]]
    landmarks: dict[Part, tuple[int, ...]]
    fold: dict[Part, NDArray[np.intp]]
    folds: int

    def crossed(self) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Yield for each fold which training rows are fitted on, and which calibration rows are asked."""
        for one in range(self.folds):
            yield self.fold["train"] != one, self.fold["calibrate"] == one


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

    Raises AssertionError where people or rows would be shared that must not: that would be a bug of ours.
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
    # another seed than that of the test, and than that of the people who say when to stop (seed + 1): all unrelated
    dealt = np.floor(person_share(person, spec.seed + 2) * spec.folds).astype(np.intp)
    fold: dict[Part, NDArray[np.intp]] = {part: dealt[rows[part]] for part in PARTS if part != "test"}
    split = Split(rows, landmarks, fold, spec.folds)
    refuse_overlap(split, person, outcome)
    return split


def refuse_overlap(split: Split, person: Ints, outcome: Outcome) -> None:
    """Raise AssertionError where a fit or a calibration would meet the test's people, or a fold its own."""
    train, calibrate, test = (person[split.rows[part]] for part in PARTS)
    last, horizon, delay = split.landmarks["test"], outcome.horizon_days, outcome.register_delay_days
    found = {
        "a person stands in training and in test": _shared(train, test),
        "a person stands in calibration and in test": _shared(calibrate, test),
        "a row stands in training and in calibration": _shared(split.rows["train"], split.rows["calibrate"]),
        "a person of a fold stands in the fit that is asked about it": any(
            _shared(train[fitted], calibrate[asked]) for fitted, asked in split.crossed()
        ),
        "a calibration row is not asked exactly once": bool(
            (sum((asked.astype(int) for _, asked in split.crossed()), np.zeros(len(calibrate), dtype=int)) != 1).any()
        ),
        "an open label in training": any(day + horizon + delay > last[0] for day in split.landmarks["train"]),
        "an open label in calibration": any(day + horizon > last[0] for day in split.landmarks["calibrate"]),
    }
    wrong = [what for what, is_so in found.items() if is_so]
    if wrong:
        raise AssertionError("; ".join(wrong))


def _shared(some: NDArray[Any], others: NDArray[Any]) -> bool:
    return bool(np.intersect1d(some, others).size)


def enough(outcome: Outcome, split: Split, y: Floats) -> NotTrained | None:
    """Return None where each part holds the events it needs, and as many people without; else what is short.

    Training needs them in every fit: in that with the fewest, of all that leave one fold out.
    """
    train = y[split.rows["train"]]
    without_one = [train[fitted] for fitted, _ in split.crossed()]
    for part in PARTS:
        needs = outcome.min_events_train if part == "train" else outcome.min_events_test
        counted = without_one if part == "train" else [y[split.rows[part]]]
        where = f"the {part} rows{' without one fold' if part == 'train' else ''}"
        events = min(int(labels.sum()) for labels in counted)
        others = min(len(labels) - int(labels.sum()) for labels in counted)
        for count, what in ((events, "events"), (others, "people without the event")):
            if count < needs:
                told = f"fewer than {TELLS_FROM}" if 0 < count < TELLS_FROM else count
                text = (
                    f"no model for {outcome.id}: {where} hold {told} {what}, {needs} are needed; "
                    "land more people or more years"
                )
                return NotTrained(outcome.id, part, _told_count(events), needs, text)
    return None


def _told_count(events: int) -> int | None:
    return None if 0 < events < TELLS_FROM else events
