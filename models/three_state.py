"""Event, death first, or neither: one model of three shares that sum to 1, where the death that comes first is seen.

The served model says how likely the event is before death, and leaves open what else may come. This one says both, so
that "13 of 100 admitted, 6 die without it, 81 neither" can be shown; and it can be held against Aalen-Johansen, risk
decile by risk decile. LightGBM with the settings of the outcome's trees but twice the learning rate and half the
rounds, for it grows three trees a round; calibrated on the later landmark by a multinomial logistic regression on the
logarithms of its shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.estimators import threads_for
from models.spec import LightgbmSpec
from models.split import Split
from models.table import Floats, Labels, Table, column_ids, without_few

STATES = ("neither", "event", "died_first")
TINY = 1e-9
FASTER = 2


@dataclass(frozen=True)
class ThreeState:
    """Trees of three classes with their calibration."""

    text: str
    coefficients: Floats  # (3, 3): of an intercept and the two log ratios to `neither`
    threads: int

    def shares(self, x: Floats) -> Floats:
        """Return the shares (n, 3) in the order of STATES; each row sums to 1."""
        raw = lgb.Booster(model_str=self.text).predict(x, num_threads=self.threads)
        return calibrated(np.asarray(raw, dtype=np.float64), self.coefficients)


def states(labels: Labels) -> NDArray[np.int64]:
    """Return 0, 1 or 2 for each row, as STATES; rows nobody can tell are 0 and have no weight."""
    return np.where(labels.y == 1, 1, np.where(labels.died_first, 2, 0))


def fit_three_state(spec: LightgbmSpec, table: Table, outcome: str, split: Split, rounds: int) -> ThreeState | None:
    """Return the model of a split's training rows, calibrated on what fits without a fold's people say of that fold.

    None where one of the states has too few rows to learn from (fewer than `stopping_events`) in a fit, or among all
    the rows asked.
    """
    labels = table.labels[outcome]
    state = states(labels)
    train, held = split.rows["train"], split.rows["calibrate"]
    fits = [train[fitted] for fitted, _ in split.crossed()]
    if min(int(np.bincount(state[rows], minlength=3).min()) for rows in (held, *fits)) < spec.stopping_events:
        return None
    names = column_ids(table.columns)
    raw = np.full((len(held), len(STATES)), np.nan)
    for rows, (_, asked) in zip(fits, split.crossed(), strict=True):
        text = _fit(spec, table, labels, state, rows, names, rounds)
        raw[asked] = lgb.Booster(model_str=text).predict(table.x[held[asked]])
    coefficients = _calibrate(raw, state[held], labels.weight[held])
    return ThreeState(_fit(spec, table, labels, state, train, names, rounds), coefficients, threads_for(len(train)))


def calibrated(raw: Floats, coefficients: Floats) -> Floats:
    """Return raw shares (n, 3) after calibration."""
    score = _design(raw) @ coefficients.T
    score -= score.max(axis=1, keepdims=True)
    shares = np.exp(score)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)


def _design(raw: Floats) -> Floats:
    log = np.log(np.clip(raw, TINY, 1.0))
    return np.column_stack([np.ones(len(raw)), log[:, 1] - log[:, 0], log[:, 2] - log[:, 0]])


def _calibrate(raw: Floats, state: NDArray[np.int64], weight: Floats) -> Floats:
    model = LogisticRegression(C=np.inf, fit_intercept=False, max_iter=1000, tol=1e-8)
    model.fit(_design(raw), state, sample_weight=weight)
    return np.asarray(model.coef_, dtype=np.float64)


def _fit(
    spec: LightgbmSpec,
    table: Table,
    labels: Labels,
    state: NDArray[np.int64],
    which: NDArray[np.intp],
    names: Sequence[str],
    rounds: int,
) -> str:
    rows = len(which)
    settings = {
        "objective": "multiclass",
        "num_class": len(STATES),
        "learning_rate": FASTER * spec.learning_rate,
        "num_leaves": spec.num_leaves,
        "max_bin": spec.max_bin,
        "min_data_in_leaf": max(spec.min_data_in_leaf, int(rows * spec.min_data_share)),
        "feature_fraction": spec.feature_fraction,
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads_for(rows),
        "verbosity": -1,
    }
    x = without_few(table.x[which], table.person[which])
    data = lgb.Dataset(
        x, state[which], weight=labels.weight[which], feature_name=list(names), params={"max_bin": spec.max_bin}
    )
    return str(lgb.train(settings, data, max(rounds // FASTER, 1)).model_to_string())
