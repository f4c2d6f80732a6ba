"""The two candidates for one outcome: each cross-fitted, calibrated, fitted on all, and one of them chosen.

Calibration and choice rest on out-of-fold logits at the calibration landmark (see `split`); the model that is served is
fitted on all people of the training rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.calibrate import fit_sigmoid
from models.estimators import Fitted, fit_lightgbm, fit_logistic, threads_for
from models.evaluate import measures
from models.scoring import MODEL_FILES, Kind, Member, sigmoid
from models.spec import Spec
from models.split import Split
from models.table import Floats, Ints, Table, column_ids, without_few

KINDS: tuple[Kind, ...] = ("lightgbm", "logistic")


@dataclass(frozen=True)
class Training:
    """The training rows, without what only a few people have."""

    x: Floats
    y: Floats
    person: Ints
    landmark: Ints
    columns: list[str]

    @classmethod
    def of(cls, table: Table, y: Floats, split: Split) -> Training:
        """Return the table's training rows."""
        rows = split.rows["train"]
        x = without_few(table.x[rows], table.person[rows])
        return cls(x, y[rows], table.person[rows], table.landmark[rows], column_ids(table.columns))


@dataclass(frozen=True)
class Candidate:
    """A calibrated model with what it was made by, and what it showed out of fold and on the test rows."""

    member: Member
    model: bytes
    parameters: Mapping[str, Any]
    out_of_fold: Floats  # calibrated risks of the calibration rows
    calibrate_auroc: float
    test: Mapping[str, float | int | None]

    def told(self) -> dict[str, Any]:
        """Return it as it stands in a card."""
        return {
            "parameters": dict(self.parameters),
            "calibration": {"method": "sigmoid", "a": self.member.a, "b": self.member.b},
            "calibrate": {"auroc": self.calibrate_auroc},
            "test": dict(self.test),
        }


def make_candidate(kind: Kind, spec: Spec, train: Training, table: Table, y: Floats, split: Split) -> Candidate | None:
    """Return the calibrated candidate, or None where no rising sigmoid fits the out-of-fold logits."""
    calibrate, test = split.rows["calibrate"], split.rows["test"]
    logit, fits = out_of_fold(kind, spec, train, table.x[calibrate], split)
    line = fit_sigmoid(logit, y[calibrate])
    if line is None:
        return None
    fitted = fit(kind, spec, train, np.ones(len(train.y), dtype=np.bool_), fits)
    member = _member(kind, fitted.model, *line, threads_for(len(test)))
    return Candidate(
        member,
        fitted.model,
        fitted.parameters,
        sigmoid(member.a * logit + member.b),
        float(roc_auc_score(y[calibrate], logit)),
        measures(y[test], member.risk(table.x[test])),
    )


def out_of_fold(kind: Kind, spec: Spec, train: Training, x: Floats, split: Split) -> tuple[Floats, list[Fitted]]:
    """Return raw logits[n] of the calibration rows x[n, k], each from a fit without the row's person, and the fits."""
    logit, fits = np.full(len(x), np.nan), []
    for fitted, asked in split.crossed():
        fits.append(fit(kind, spec, train, fitted))
        member = _member(kind, fits[-1].model, 1.0, 0.0, threads_for(len(x)))
        logit[asked] = member.logit(x[asked])
    return logit, fits


def fit(kind: Kind, spec: Spec, train: Training, which: NDArray[np.bool_], like: Sequence[Fitted] = ()) -> Fitted:
    """Return the estimator of this kind, fitted on these of the training rows.

    Trees that are to be `like` others have as many rounds as those on average, and leave out nobody to stop by.
    """
    x, y = train.x[which], train.y[which]
    if kind == "logistic":
        return fit_logistic(spec.estimators.logistic, x, y, train.columns, float(which.mean()))
    landmark = train.landmark[which]
    return fit_lightgbm(
        spec.estimators.lightgbm,
        x,
        y,
        train.columns,
        train.person[which],
        landmark == landmark.max(),
        # another seed than the split's: by the same one, nobody left for training would be among the first 15 %
        seed=spec.split.seed + 1,
        rounds=round(np.mean([fitted.parameters["rounds"] for fitted in like])) if like else None,
    )


def choose(auroc: Mapping[Kind, float], gain: float) -> Kind:
    """Return the kind that is served, by the out-of-fold AUROC of those that could be calibrated.

    The simpler model is, unless the trees' AUROC is higher by `gain` or more, or they alone could be calibrated.

    >>> choose({"lightgbm": 0.80, "logistic": 0.79}, gain=0.005), choose({"lightgbm": 0.79, "logistic": 0.79}, 0.005)
    ('lightgbm', 'logistic')
    """
    if len(auroc) == 1:
        return next(iter(auroc))
    return "lightgbm" if auroc["lightgbm"] - auroc["logistic"] >= gain else "logistic"


def rule(gain: float) -> str:
    """Return the rule of choice in words."""
    return f"logistic, unless the out-of-fold AUROC of lightgbm at the calibration landmark is higher by {gain} or more"


def _member(kind: Kind, model: bytes, a: float, b: float, threads: int) -> Member:
    calibration = json.dumps({"method": "sigmoid", "a": a, "b": b}).encode()
    return Member.from_files({MODEL_FILES[kind]: model, "calibration.json": calibration}, threads=threads)
