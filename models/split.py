"""Rows for training, calibration and test: apart in time and, against the test, apart in people.

- test: the test people at the last landmark whose labels have closed.
- calibrate: the other people at the latest landmark whose label window ended by the test landmark.
- lent: rows of people outside the population are trained on where it learns from them, and in no other part.
- train: the other people at landmarks whose window ended by the calibration landmark, and was known at the test's.
- folds: the other people in K parts. Whoever reaches the calibration landmark was alive in every training row, which a
  model fitted on those rows knows; so what is asked of a fold at that landmark is answered by a fit without its people.
With yearly landmarks and a horizon of 365 days that is: the last closed year, the one before, and all earlier ones.
People are dealt by a hash of a number that is theirs in every delivery, so the same person falls on the same side each
time. Rows with days of their own (discharges) are split by the years they fall in, and each row's window must be over
by the day at which the next part begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.sample_size import rows_needed
from models.spec import SplitSpec
from models.table import Floats, Stable, Table
from stratify.catalogue.entries import Outcome
from stratify.mixing import GOLDEN, mixed

Part = Literal["train", "calibrate", "test"]
PARTS: tuple[Part, ...] = ("train", "calibrate", "test")
TELLS_FROM = 5  # a count of 1-4 people is not published


@dataclass(frozen=True)
class Split:
    """Row numbers of each part, and the landmarks they stand at; a part without rows has no landmarks.

    fold int[len(rows[part])] is the fold of each row's person; the test has none.
    """

    rows: dict[Part, NDArray[np.intp]]
    landmarks: dict[Part, tuple[int, ...]]
    fold: dict[Part, NDArray[np.intp]]
    folds: int  # that are asked, the first ones of all that people are dealt to

    def crossed(self) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Yield for each fold which training rows are fitted on, and which calibration rows are asked."""
        for one in range(self.folds):
            yield self.fold["train"] != one, self.fold["calibrate"] == one


@dataclass(frozen=True)
class NotTrained:
    """Why an outcome has no model: not an error, but an answer that stands in the bundle."""

    outcome: str
    population: str
    split: Part
    events: int | None  # None: fewer than 5, and not told
    needs: int
    text: str

    def told(self) -> dict[str, Any]:
        """Return it as it stands in a bundle's manifest."""
        return asdict(self)


def person_share(stable: Stable, seed: int) -> Floats:
    """Return a number in [0, 1) for each person, evenly spread and the same in every run (splitmix64).

    >>> person_share(np.array([0, 1], dtype=np.uint64), seed=0).round(4).tolist()
    [0.8833, 0.4315]
    """
    z = mixed((stable.astype(np.uint64) + np.uint64(1)) * GOLDEN + np.full(1, seed, dtype=np.uint64))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def split_rows(spec: SplitSpec, outcome: Outcome, table: Table) -> Split:
    """Return the rows of each part; rows without a label are in none.

    Raises AssertionError where people or rows would be shared that must not: that would be a bug of ours.
    """
    return split_by_time(spec, table, outcome.id, outcome.horizon_days, outcome.register_delay_days)


def split_by_time(spec: SplitSpec, table: Table, outcome: str, horizon: int, delay: int) -> Split:
    """Return the rows of each part for labels that are known `horizon` after a landmark, and told `delay` later."""
    y = table.labels[outcome].y
    known = ~np.isnan(y)
    own = known & ~table.lent
    period, ends = table.period.astype(np.int64), table.landmark.astype(np.int64) + horizon
    closed = _closed(period, own)
    in_time = {part: np.zeros(len(y), dtype=np.bool_) for part in PARTS}
    if closed:
        test = closed[-1]
        in_time["test"] = own & (period == test)
        over = known & (period < test) & (ends <= test)
        before = np.unique(period[over & own])
        if before.size:
            calibrate = int(before[-1])
            in_time["calibrate"] = over & own & (period == calibrate)
            told = ends + delay <= test
            in_time["train"] = over & told & (period < calibrate) & (ends <= calibrate)
    kept_for_test = person_share(table.stable, spec.seed) < spec.test_people
    rows = {part: np.flatnonzero(known & in_time[part] & (kept_for_test == (part == "test"))) for part in PARTS}
    landmarks: dict[Part, tuple[int, ...]] = {part: tuple(np.unique(period[in_time[part]]).tolist()) for part in PARTS}
    # another seed than that of the test, and than that of the people who say when to stop (seed + 1): all unrelated
    dealt = np.floor(person_share(table.stable, spec.seed + 2) * spec.folds).astype(np.intp)
    fold: dict[Part, NDArray[np.intp]] = {part: dealt[rows[part]] for part in PARTS if part != "test"}
    asked = _folds_asked(spec, fold["calibrate"], y[rows["calibrate"]])
    kept = fold["calibrate"] < asked
    rows["calibrate"], fold["calibrate"] = rows["calibrate"][kept], fold["calibrate"][kept]
    split = Split(rows, landmarks, fold, asked)
    refuse_overlap(split, table, horizon, delay)
    return split


def followed_rows(split: Split, spec: SplitSpec, table: Table, outcome: str) -> NDArray[np.intp]:
    """Return the test rows, and with them the rows of test people who left before anything happened."""
    days = table.labels[outcome].days
    in_time = np.isin(table.period, split.landmarks["test"]) & ~table.lent
    return np.flatnonzero(in_time & ~np.isnan(days) & (person_share(table.stable, spec.seed) < spec.test_people))


def _closed(period: NDArray[np.int64], known: NDArray[np.bool_]) -> list[int]:
    """The periods with labels; not a last one of which less than half as much is known as of the one before."""
    found, rows = np.unique(period[known], return_counts=True)
    if len(found) > 1 and rows[-1] < rows[-2] / 2:
        found = found[:-1]
    return [int(day) for day in found]


def _folds_asked(spec: SplitSpec, fold: NDArray[np.intp], y: Floats) -> int:
    events = np.cumsum([y[fold == one].sum() for one in range(spec.folds)])
    enough = np.flatnonzero(events >= spec.enough_events)
    return int(enough[0]) + 1 if enough.size else spec.folds


def refuse_overlap(split: Split, table: Table, horizon: int, delay: int) -> None:
    """Raise AssertionError where a fit or a calibration would meet the test's people, or a fold its own."""
    train, calibrate, test = (table.stable[split.rows[part]] for part in PARTS)
    days = {part: table.landmark[split.rows[part]].astype(np.int64) for part in PARTS}
    last, next_one = split.landmarks["test"], split.landmarks["calibrate"]
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
        "an open label in training": bool((days["train"] + horizon + delay > min(last, default=0)).any()),
        "a training window that reaches into calibration": bool(
            (days["train"] + horizon > min(next_one, default=0)).any()
        ),
        "an open label in calibration": bool((days["calibrate"] + horizon > min(last, default=0)).any()),
    }
    wrong = [what for what, is_so in found.items() if is_so]
    if wrong:
        raise AssertionError("; ".join(wrong))


def _shared(some: NDArray[Any], others: NDArray[Any]) -> bool:
    return bool(np.intersect1d(some, others).size)


def enough(outcome: Outcome, population: str, split: Split, y: Floats, parameters: int) -> NotTrained | None:
    """Return None where each part holds the events it needs, and as many people without; else what is short.

    Training needs them in every fit: in that with the fewest, of all that leave one fold out. What is told of training
    says too how many rows and events a model of so many parameters should have by the sample-size rule.
    """
    train = y[split.rows["train"]]
    without_one = [train[fitted] for fitted, _ in split.crossed()]
    for part in PARTS:
        needs = outcome.min_events_train if part == "train" else outcome.min_events_test
        counted = without_one if part == "train" else [y[split.rows[part]]]
        where = f"the {part} rows{', one fold left out,' if part == 'train' else ''}"
        events = min(int(labels.sum()) for labels in counted)
        others = min(len(labels) - int(labels.sum()) for labels in counted)
        for count, what in ((events, "events"), (others, "people without the event")):
            if count < needs:
                told = f"fewer than {TELLS_FROM}" if 0 < count < TELLS_FROM else count
                rule = _by_rule(parameters, y[split.rows[part]]) if part == "train" else ""
                text = (
                    f"no model for {outcome.id}, {population}: {where} hold {told} {what}, {needs} are needed{rule}; "
                    f"{_advice(count, needs)}"
                )
                return NotTrained(outcome.id, population, part, _told_count(events), needs, text)
    return None


def _advice(count: int, needs: int) -> str:
    """What to do about it; how many times as many people is told where the count may be."""
    if count == 0:
        return "look at what the outcome counts; or land more people or more years"
    times = f"about {-(-10 * needs // count) / 10:g} times as many" if count >= TELLS_FROM else "more"
    return f"land {times} people, or more years"


def _by_rule(parameters: int, y: Floats) -> str:
    """What the sample-size rule asks for, where the share with the event can be told at all."""
    if not TELLS_FROM <= y.sum() <= len(y) - TELLS_FROM:
        return ""
    share = float(y.mean())
    rows = rows_needed(parameters, share)
    return f" (and {rows} rows, {round(rows * share)} events, for {parameters} parameters by the sample-size rule)"


def _told_count(events: int) -> int | None:
    return None if 0 < events < TELLS_FROM else events
