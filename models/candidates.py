"""The candidates for one model: each cross-fitted, calibrated, fitted on all, and one of two chosen.

Calibration and choice rest on out-of-fold logits at the calibration landmark (see `split`); the model that is served is
fitted on all people of the training rows. Baselines are made the same way, to stand beside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from models.calibrate import Calibration, fit_calibration
from models.declared import Declared
from models.estimators import Fitted, fit_lightgbm, fit_logistic, threads_for
from models.evaluation.net_benefit import flagged, net_benefit
from models.scoring import MODEL_FILES, Kind, Member, sigmoid
from models.spec import LogisticSpec, Predictor, Spec
from models.split import Split
from models.table import Bools, Floats, Ints, Stable, Table, column_ids, without_few

SERVED: tuple[Kind, ...] = ("lightgbm", "logistic")  # one of these is served, the others stand beside
LIGHT = LogisticSpec(strength=1.0, l1_ratio=0.0, missing_indicator_above=0.01, max_iterations=500)  # for baselines


@dataclass(frozen=True)
class Training:
    """The training rows, without what only a few people have."""

    x: Floats
    y: Floats
    weight: Floats
    person: Ints
    stable: Stable
    landmark: Ints
    columns: list[str]
    beside: Mapping[str, Floats]

    @classmethod
    def of(cls, table: Table, outcome: str, split: Split) -> Training:
        """Return the table's training rows."""
        rows, labels = split.rows["train"], table.labels[outcome]
        return cls(
            without_few(table.x[rows], table.person[rows]),
            labels.y[rows],
            labels.weight[rows],
            table.person[rows],
            table.stable[rows],
            table.period[rows],
            column_ids(table.columns),
            {name: values[rows] for name, values in table.beside.items()},
        )

    def read(self, names: Sequence[str]) -> Floats:
        """Return these columns, float64[rows, names]."""
        at = {name: j for j, name in enumerate(self.columns)}
        return np.column_stack([self.x[:, at[name]] if name in at else self.beside[name] for name in names])


@dataclass(frozen=True)
class Recipe:
    """How a candidate is made: the columns it reads, and a fit on some training rows to the bytes of its file.

    fit(which, like): `which` bool[n] of the training rows; `like`: earlier fits whose rounds are to be copied.
    """

    name: str
    kind: Kind
    columns: list[str]
    fit: Callable[[Bools, Sequence[Fitted]], Fitted]


@dataclass(frozen=True)
class Candidate:
    """A calibrated model with what it was made by, and what it showed out of fold."""

    name: str
    member: Member
    model: bytes
    parameters: Mapping[str, Any]
    calibration: Calibration
    out_of_fold: Floats  # calibrated risks of the calibration rows
    calibrate_auroc: float

    @property
    def kind(self) -> Kind:
        """What sort of model it is."""
        return self.member.kind

    def told(self) -> dict[str, Any]:
        """Return it as it stands in a card."""
        return {
            "kind": self.kind,
            "parameters": dict(self.parameters),
            "calibration": self.calibration.as_dict(),
            "calibrate": {"auroc": self.calibrate_auroc},
        }


def recipes(spec: Spec, declared: Declared, train: Training) -> list[Recipe]:
    """Return the recipes of both candidates, then of the baselines."""
    predictors = {"logistic": (spec.estimators.logistic, declared.predictors_of(spec))}
    predictors |= {name: (LIGHT, list(declared.baselines[name].predictors)) for name in spec.baselines}
    return [_trees(spec, declared, train), *(_line(name, *by, train) for name, by in predictors.items())]


def _line(name: str, how: LogisticSpec, predictors: list[Predictor], train: Training) -> Recipe:
    columns = [one.column for one in predictors]
    x = train.read(columns)

    def fit(which: Bools, _: Sequence[Fitted]) -> Fitted:
        return fit_logistic(how, x[which], train.y[which], train.weight[which], predictors, float(which.mean()))

    return Recipe(name, "logistic", columns, fit)


def _trees(spec: Spec, declared: Declared, train: Training) -> Recipe:
    directions = declared.directions(spec, train.columns)

    def fit(which: Bools, like: Sequence[Fitted]) -> Fitted:
        whole = bool(which.all())  # a copy of everything costs as much memory again
        landmark = train.landmark[which]
        return fit_lightgbm(
            spec.estimators.lightgbm,
            train.x if whole else train.x[which],
            train.y[which],
            train.weight[which],
            train.columns,
            directions,
            train.person[which],
            train.stable[which],
            landmark == landmark.max(),
            # another seed than the split's: by the same one, nobody left for training would be among the first 15 %
            seed=spec.split.seed + 1,
            rounds=round(np.mean([fitted.parameters["rounds"] for fitted in like])) if like else None,
        )

    return Recipe("lightgbm", "lightgbm", train.columns, fit)


def make_candidate(recipe: Recipe, spec: Spec, table: Table, outcome: str, split: Split) -> Candidate | None:
    """Return the calibrated candidate, or None where no rising sigmoid fits the out-of-fold logits."""
    rows, labels = split.rows["calibrate"], table.labels[outcome]
    x = table.read(recipe.columns, rows)
    y, weight, inside = labels.y[rows], labels.weight[rows], table.inside[rows]
    logit, fits = out_of_fold(recipe, x, split)
    calibration = fit_calibration(logit, y, weight, inside, spec.calibration.stratum_prior_sd)
    if calibration is None:
        return None
    fitted = recipe.fit(np.ones(len(split.rows["train"]), dtype=np.bool_), fits)
    return Candidate(
        recipe.name,
        _member(recipe.kind, fitted.model, calibration, threads_for(len(split.rows["test"]))),
        fitted.model,
        fitted.parameters,
        calibration,
        sigmoid(calibration.logit(logit, inside)),
        float(roc_auc_score(y, logit, sample_weight=weight)),
    )


def out_of_fold(recipe: Recipe, x: Floats, split: Split) -> tuple[Floats, list[Fitted]]:
    """Return raw logits[n] of the calibration rows x[n, k], each from a fit without the row's person, and the fits."""
    logit, fits = np.full(len(x), np.nan), []
    for fitted, asked in split.crossed():
        fits.append(recipe.fit(fitted, ()))
        member = _member(recipe.kind, fits[-1].model, Calibration(1.0, 0.0), threads_for(len(x)))
        logit[asked] = member.logit(x[asked])
    return logit, fits


def choose(found: Mapping[str, Candidate], spec: Spec, y: Floats, weight: Floats) -> str:
    """Return which candidate is served, by out-of-fold risks of the calibration rows.

    The simpler one is, unless the trees' AUROC is higher by `choose.lightgbm_gain` or more and their net benefit is not
    lower at every agreed threshold; or they alone could be calibrated.
    """
    able = [kind for kind in SERVED if kind in found]
    if len(able) == 1:
        return able[0]
    trees, line = found["lightgbm"], found["logistic"]
    if trees.calibrate_auroc - line.calibrate_auroc < spec.choose.lightgbm_gain:
        return "logistic"
    at = np.array(spec.evaluation.thresholds)
    gains = _benefit(y, trees.out_of_fold, weight, at) - _benefit(y, line.out_of_fold, weight, at)
    return "lightgbm" if (gains >= 0).any() else "logistic"


def _benefit(y: Floats, risk: Floats, weight: Floats, thresholds: Floats) -> Floats:
    order = np.argsort(risk, kind="stable")
    found, wrongly = flagged(y[order], risk[order], weight[order], thresholds)
    return net_benefit(found, wrongly, float(weight.sum()), thresholds)


def rule(spec: Spec) -> dict[str, str]:
    """Return the rule of choice in words, in both languages."""
    gain, at = f"{spec.choose.lightgbm_gain:g}", [f"{one:g}" for one in spec.evaluation.thresholds]
    danish = "; ".join(at).replace(".", ",")
    return {
        "da": "Logistisk regression, medmindre træernes AUROC på kalibreringsdagen, målt på personer, som de ikke er "
        f"trænet på (out-of-fold), er mindst {gain.replace('.', ',')} højere, og deres nettogevinst ikke er lavere ved "
        f"mindst én af tærsklerne {danish}",
        "en": "Logistic regression, unless the trees' out-of-fold AUROC at the calibration landmark is higher by "
        f"{gain} or more, and their net benefit no lower at one of the thresholds {', '.join(at)}",
    }


def _member(kind: Kind, model: bytes, calibration: Calibration, threads: int) -> Member:
    told = json.dumps(calibration.as_dict()).encode()
    return Member.from_files({MODEL_FILES[kind]: model, "calibration.json": told}, threads=threads)
