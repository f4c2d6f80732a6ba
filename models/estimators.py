"""The two candidates, each fitted to the bytes of its model file: the same rows give the same bytes.

Neither weighs classes nor resamples: both would destroy calibration. BLAS runs on one thread while the logistic is
fitted, LightGBM on a number of threads drawn from the rows alone, so that sums are added in one order on every machine
with the same libraries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.spec import LightgbmSpec, LogisticSpec
from models.split import person_share
from models.table import Floats, Ints

THREADS, ROWS_FOR_THREADS = 2, 20_000  # fewer rows are done before a second thread is awake


@dataclass(frozen=True)
class Fitted:
    """A model file's bytes, and what was decided on the way, for the card."""

    model: bytes
    parameters: dict[str, Any]


def fit_logistic(spec: LogisticSpec, x: Floats, y: Floats, columns: list[str]) -> Fitted:
    """Return a logistic regression on standardised columns, L2 penalised, as JSON.

    A missing value is filled with the column's mean; a column missing in more than `missing_indicator_above` of the
    rows, but not in all, gets an indicator, standardised alike. A column without spread has coefficient 0.
    """
    missing = np.isnan(x)
    share = missing.mean(axis=0)
    mean = np.where(share < 1, np.nansum(x, axis=0) / np.maximum((~missing).sum(axis=0), 1), 0.0)
    distance = np.where(missing, 0.0, x - mean)
    scale = _spread(distance)
    indicators = np.flatnonzero((share > spec.missing_indicator_above) & (share < 1))
    absent = missing[:, indicators] - share[indicators]
    absent_scale = _spread(absent)
    design = np.hstack([distance / scale, absent / absent_scale])
    model = LogisticRegression(C=1 / spec.l2, solver="lbfgs", tol=1e-6, max_iter=spec.max_iterations)
    with threadpool_limits(1):
        model.fit(design, y)
    weights = model.coef_[0]
    at = {int(j): i for i, j in enumerate(indicators)}
    declared = {
        "kind": "logistic",
        "intercept": float(model.intercept_[0]),
        "columns": [
            {
                "id": name,
                "mean": float(mean[j]),
                "scale": float(scale[j]),
                "coefficient": float(weights[j]),
                "missing": None
                if j not in at
                else {
                    "share": float(share[j]),
                    "scale": float(absent_scale[at[j]]),
                    "coefficient": float(weights[len(columns) + at[j]]),
                },
            }
            for j, name in enumerate(columns)
        ],
    }
    text = json.dumps(declared, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    parameters = {**spec.model_dump(), "missing_indicators": len(indicators), "iterations": int(model.n_iter_[0])}
    return Fitted(text.encode(), parameters)


def fit_lightgbm(
    spec: LightgbmSpec, x: Floats, y: Floats, columns: list[str], person: Ints, last: NDArray[np.bool_], seed: int
) -> Fitted:
    """Return boosted trees as LightGBM's text.

    last bool[n] marks the rows of training's last landmark. A hashed share of the people (`stopping_people`, by
    `seed`) is left out of the fit at every landmark; their rows at the last one say after how many rounds to stop.
    With fewer than `stopping_events` events (or others) among these, all are fitted on, for a fixed number of rounds.
    """
    aside = person_share(person, seed) < spec.stopping_people
    stopping = aside & last
    events = int(y[stopping].sum())
    stops = min(events, int(stopping.sum()) - events) >= spec.stopping_events
    fit = ~aside if stops else np.ones(len(y), dtype=bool)
    rows = int(fit.sum())
    settings: dict[str, Any] = {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": spec.learning_rate,
        "num_leaves": spec.num_leaves_small if rows < spec.small_below_rows else spec.num_leaves,
        "min_data_in_leaf": max(spec.min_data_in_leaf, int(rows * spec.min_data_share)),
        "feature_fraction": spec.feature_fraction,
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads_for(rows),
        "verbosity": -1,
    }
    dataset = lgb.Dataset(x[fit], y[fit], feature_name=columns)
    if stops:
        held = lgb.Dataset(x[stopping], y[stopping], reference=dataset)
        stop = lgb.early_stopping(spec.stop_after, verbose=False)
        booster = lgb.train(settings, dataset, spec.rounds, valid_sets=[held], callbacks=[stop])
    else:
        booster = lgb.train(settings, dataset, spec.rounds_without_stopping)
    rounds = booster.best_iteration if stops and booster.best_iteration > 0 else booster.current_iteration()
    text = booster.model_to_string(num_iteration=rounds)
    parameters = {**settings, "rounds": rounds, "early_stopping": stops, "rows_fitted": rows}
    return Fitted(text.encode(), parameters)


def threads_for(rows: int) -> int:
    """Return how many threads work on so many rows; it does not depend on the machine."""
    return THREADS if rows >= ROWS_FOR_THREADS else 1


def _spread(values: Floats) -> Floats:
    spread = values.std(axis=0)
    return np.where(spread > 0, spread, 1.0)
