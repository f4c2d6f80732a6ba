"""Models of any labelled matrix, without our store: `fit` and `evaluate` as a data scientist calls them.

>>> import numpy as np, pandas as pd
>>> rng = np.random.default_rng(1)
>>> x = pd.DataFrame({"age": rng.uniform(40, 90, 4000), "stays": rng.poisson(1.0, 4000).astype(float)})
>>> chance = 1 / (1 + np.exp(-(-4 + 0.03 * x["age"] + 0.5 * x["stays"])))
>>> fitted = fit(x, rng.random(4000) < chance, groups=np.arange(4000))
>>> fitted.chosen, fitted.risk(x.head(2)).shape, sorted(fitted.report)[:3]
('logistic', (2,), ['bootstraps', 'calibration_curve', 'capacity'])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.arrays import Arranged, arranged, matrix, not_a_frame
from models.candidates import SERVED, Candidate, Training, choose, make_candidate, recipes
from models.declared import Declared, load_declared
from models.evaluation import evaluate
from models.scoring import Floats
from models.spec import Constraint, Predictor, Spec
from models.split import PARTS, Split, person_share, split_by_time
from models.table import Labels, Table
from stratify.disclosure import words
from stratify.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "outcome"
LEAST = 50  # events, and rows without, in training and in test


@dataclass(frozen=True)
class Fit:
    """What `fit` found: calibrated candidates by name, the one chosen, and its report on the people of the test."""

    chosen: str
    candidates: Mapping[str, Candidate]
    report: Mapping[str, Any]

    def risk(self, x: pd.DataFrame, *, inside: ArrayLike | None = None, name: str | None = None) -> Floats:
        """Return the risk[n] of rows with the columns fitted on, by the chosen candidate or by the one named."""
        member = self.candidates[name or self.chosen].member
        problems = not_a_frame(x)
        if problems:
            raise DataError("the rows cannot be scored:", problems)
        absent = [column for column in member.columns if column not in x.columns]
        if absent:
            raise DataError("the rows lack columns that the model reads:", absent)
        rows = matrix(x[list(member.columns)], problems)
        if problems:
            raise DataError("the rows cannot be scored:", problems)
        return member.risk(rows, None if inside is None else np.asarray(inside, dtype=np.bool_))


def fit(
    x: pd.DataFrame,
    y: ArrayLike,
    groups: ArrayLike,
    *,
    time: ArrayLike | None = None,
    horizon: int = 0,
    weight: ArrayLike | None = None,
    inside: ArrayLike | None = None,
    audit: Mapping[str, ArrayLike] | None = None,
    predictors: Sequence[Predictor] | None = None,
    monotone: Sequence[Constraint] = (),
    spec: Spec | None = None,
) -> Fit:
    """Return both candidates, calibrated, with the chosen one's report on test people who were in no fit.

    x: a DataFrame, a column of numbers for each feature, NaN = missing. y[n] is 0 or 1 (NaN: not known, not used).
    groups[n]: whose row it is, as scikit-learn's splitters have it (`evaluate` calls that `person`; its `groups` are
    what is `audit` here); a person's rows are never on both sides. time[n]: the landmark of each row, a whole number or
    a date, and horizon: how much later its label is known, in the same unit, of dates in days; with three landmarks or
    more the last is for the test and the one before calibrates. Without time, calibration is out of fold on the same
    rows. weight: of censoring. inside bool[n]: the stratum that gets an intercept of its own. audit: {factor: label[n]}
    of subgroups. predictors: of the logistic, all columns as they are where none are named. spec: the settings, those
    of `acute_admission_365d` where none are given.

    Raises DataError (exit 11) for arrays that do not fit together, and where fewer than 50 events, or rows without, are
    left to train on or to test by; UsageError (exit 2) for time without a horizon.
    """
    if time is not None and horizon <= 0:
        raise UsageError(
            "time: give horizon too, how much later than its landmark a label is known (365 for a year, where time is"
            " in days or dates): else the windows of training may reach into those of the test"
        )
    told = arranged(x, y, groups, time)
    declared = load_declared()
    settings = spec or next(iter(declared.specs.values()))
    own = tuple(predictors) if predictors else tuple(_as_they_are(name) for name in told.columns)
    settings = settings.model_copy(update={"predictors": ("own",), "baselines": (), "monotone": ("own",)})
    declared = replace(declared, predictors={"own": own}, monotone={"own": tuple(monotone)})
    table = _table(told, weight, inside, audit or {})
    split = _split(settings, table, horizon, has_time=time is not None)
    _refuse_few(split, table)
    found = _candidates(settings, declared, table, split)
    rows, labels = split.rows["calibrate"], table.labels[OUTCOME]
    chosen = choose(found, settings, labels.y[rows], labels.weight[rows])
    return Fit(chosen, found, _report(settings, found, chosen, table.rows(split.rows["test"])))


def _candidates(spec: Spec, declared: Declared, table: Table, split: Split) -> dict[str, Candidate]:
    train = Training.of(table, OUTCOME, split)
    made = ((one.name, make_candidate(one, spec, table, OUTCOME, split)) for one in recipes(spec, declared, train))
    found: dict[str, Candidate] = {
        name: candidate for name, candidate in made if candidate is not None and name in SERVED
    }
    if not found:
        raise DataError(
            "no candidate can be calibrated: on rows not trained on each tells nobody apart, or all of them"
        )
    return found


def _report(spec: Spec, found: Mapping[str, Candidate], chosen: str, test: Table) -> dict[str, Any]:
    risks = {name: test.risk_by(one.member) for name, one in found.items()}
    labels = test.labels[OUTCOME]
    return evaluate(
        labels.y,
        risks.pop(chosen),
        person=test.person,
        weight=labels.weight,
        groups=test.audit,
        others=risks,
        **spec.evaluation.model_dump(),
    )


def _table(told: Arranged, weight: ArrayLike | None, inside: ArrayLike | None, audit: Mapping[str, ArrayLike]) -> Table:
    n = len(told.y)
    labels = Labels.of(told.y)
    if weight is not None:
        labels = replace(labels, weight=np.where(np.isnan(told.y), 0.0, np.asarray(weight, dtype=np.float64)))
    return Table(
        told.person,
        told.time,
        told.x,
        [_column(name) for name in told.columns],
        {OUTCOME: labels},
        inside=np.zeros(n, dtype=np.bool_) if inside is None else np.asarray(inside, dtype=np.bool_),
        audit={name: np.asarray(values) for name, values in audit.items()},
    )


def _split(spec: Spec, table: Table, horizon: int, *, has_time: bool) -> Split:
    known = ~np.isnan(table.labels[OUTCOME].y)
    if has_time and len(np.unique(table.landmark[known])) >= len(PARTS):
        return split_by_time(spec.split, table, OUTCOME, horizon, 0)
    tested = person_share(table.stable, spec.split.seed) < spec.split.test_people
    fold = np.floor(person_share(table.stable, spec.split.seed + 2) * spec.split.folds).astype(np.intp)
    developing, test = np.flatnonzero(known & ~tested), np.flatnonzero(known & tested)
    rows: dict[Any, NDArray[np.intp]] = {"train": developing, "calibrate": developing, "test": test}
    return Split(rows, dict.fromkeys(PARTS, ()), dict.fromkeys(PARTS[:2], fold[developing]), spec.split.folds)


def _refuse_few(split: Split, table: Table) -> None:
    y = table.labels[OUTCOME].y
    for part in PARTS:
        events = int(y[split.rows[part]].sum())
        others = len(split.rows[part]) - events
        if min(events, others) < LEAST:
            raise DataError(
                f"{part}: needs {LEAST} events and as many rows without, got {words(events)} events and"
                f" {words(others)} rows without: give more people or time"
            )


def _as_they_are(name: str) -> Predictor:
    return Predictor.model_construct(column=name, transform="linear", half_life=None, knots=())


def _column(name: str) -> dict[str, Any]:
    text = {"da": name, "en": name}
    own = {"id": name, "label": text, "clinical_group": text, "unit": "", "fallback": "missing"}
    return {**own, "role": "predictor", "set": "served", "source_use": "care"}
