"""The two candidates, each fitted to the bytes of its model file: the same rows give the same bytes.

Neither weighs classes nor resamples: both would destroy calibration. BLAS runs on one thread while the logistic is
fitted, LightGBM on a number of threads drawn from the rows alone, so that sums are added in one order on every machine
with the same libraries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.spec import LightgbmSpec, LogisticSpec, Predictor
from models.split import person_share
from models.table import FEW, Floats, Ints, Stable

THREADS, ROWS_FOR_THREADS = 2, 20_000  # fewer rows are done before a second thread is awake


@dataclass(frozen=True)
class Fitted:
    """A model file's bytes, and what was decided on the way, for the card."""

    model: bytes
    parameters: dict[str, Any]


def fit_logistic(
    spec: LogisticSpec, x: Floats, y: Floats, weight: Floats, predictors: Sequence[Predictor], share: float = 1.0
) -> Fitted:
    """Return an elastic-net logistic regression on the predictors' terms, standardised, as JSON.

    x float64[n, k] holds the predictors' columns in their order. A missing value is filled with the mean of its terms;
    a column missing in more than `missing_indicator_above` of the rows, but not in all, gets an indicator, standardised
    alike. A term without spread has coefficient 0.

    share is that of the training rows which these are, and so that of the penalty: a fit without a fold is then drawn
    towards 0 as much as the fit on all, and one sigmoid suits both.
    """
    blocks, means, scales, absences = [], [], [], []
    for j, predictor in enumerate(predictors):
        terms = predictor.basis().terms(x[:, j])
        missing = np.isnan(terms)
        mean = np.where(missing.all(axis=0), 0.0, np.nansum(terms, axis=0) / np.maximum((~missing).sum(axis=0), 1))
        distance = np.where(missing, 0.0, terms - mean)
        means.append(mean)
        scales.append(_spread(distance))
        blocks.append(distance / scales[-1])
        absences.append(float(np.isnan(x[:, j]).mean()))
    indicators = [j for j, absence in enumerate(absences) if spec.missing_indicator_above < absence < 1]
    absent = np.column_stack([np.isnan(x[:, j]) - absences[j] for j in indicators]) if indicators else x[:, :0]
    absent_scale = _spread(absent)
    design = np.hstack([*blocks, absent / absent_scale])
    model = LogisticRegression(
        C=1 / (spec.strength * share),
        l1_ratio=spec.l1_ratio,
        solver="saga" if spec.l1_ratio else "lbfgs",
        tol=1e-4 if spec.l1_ratio else 1e-6,
        max_iter=spec.max_iterations,
        random_state=0,
    )
    with threadpool_limits(1):
        model.fit(design, y, sample_weight=weight)
    weights = model.coef_[0]
    ends = np.cumsum([block.shape[1] for block in blocks])
    of_indicator = dict(zip(indicators, range(len(indicators)), strict=True))
    columns: list[dict[str, Any]] = []
    for j, predictor in enumerate(predictors):
        own = weights[ends[j] - blocks[j].shape[1] : ends[j]]
        terms_told = zip(means[j].tolist(), scales[j].tolist(), own.tolist(), strict=True)
        i = of_indicator.get(j)
        missing_told = (
            {
                "share": absences[j],
                "scale": float(absent_scale[i]),
                "coefficient": float(weights[ends[-1] + i]),
            }
            if i is not None
            else None
        )
        columns.append(
            {
                "id": predictor.column,
                "transform": predictor.basis().as_dict(),
                "terms": [{"mean": m, "scale": s, "coefficient": c} for m, s, c in terms_told],
                "missing": missing_told,
            }
        )
    declared = {"kind": "logistic", "intercept": float(model.intercept_[0]), "columns": columns}
    text = json.dumps(declared, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    parameters = {
        **spec.model_dump(),
        "predictors": len(predictors),
        "terms": int((weights[: ends[-1]] != 0).sum()),
        "missing_indicators": len(indicators),
        "iterations": int(model.n_iter_[0]),
    }
    return Fitted(text.encode(), parameters)


def fit_lightgbm(
    spec: LightgbmSpec,
    x: Floats,
    y: Floats,
    weight: Floats,
    columns: Sequence[str],
    directions: Sequence[int],
    person: Ints,
    stable: Stable,
    last: NDArray[np.bool_],
    seed: int,
    rounds: int | None = None,
) -> Fitted:
    """Return boosted trees as LightGBM's text; no column pushes against its direction (1, -1, or 0 where it is free).

    last bool[n] marks the rows of training's last landmark. A hashed share of the people (`stopping_people`, by
    `seed`) is left out of the fit at every landmark; their rows at the last one say after how many rounds to stop.
    With fewer than `stopping_events` events (or others) among these, all are fitted on, for a fixed number of rounds,
    and so they are where `rounds` says how many.

    No leaf holds fewer than FEW people: LightGBM only guesses rows from the sum of p(1 - p), so `min_data_in_leaf` does
    not hold for sure; but a row adds at most a quarter of its weight, and a person has no more rows than landmarks.
    """
    given = rounds is not None
    aside = person_share(stable, seed) < spec.stopping_people
    stopping = aside & last
    events = int(y[stopping].sum())
    stops = not given and min(events, int(stopping.sum()) - events) >= spec.stopping_events
    fit = ~aside if stops else np.ones(len(y), dtype=bool)
    rows = int(fit.sum())
    most_rows = (FEW - 1) * int(np.unique(person[fit], return_counts=True)[1].max())  # of fewer than FEW people
    settings: dict[str, Any] = {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": spec.learning_rate,
        "num_leaves": spec.num_leaves,
        "max_bin": spec.max_bin,
        "min_data_in_leaf": max(spec.min_data_in_leaf, int(rows * spec.min_data_share)),
        "min_sum_hessian_in_leaf": (most_rows * float(weight[fit].max()) + 1) / 4,
        "feature_fraction": spec.feature_fraction,
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads_for(rows),
        "monotone_constraints": list(directions),
        "monotone_constraints_method": "basic",
        "verbosity": -1,
    }
    whole = bool(fit.all())  # a copy of everything costs as much memory again
    dataset = lgb.Dataset(
        x if whole else x[fit], y[fit], weight=weight[fit], feature_name=list(columns), params={"max_bin": spec.max_bin}
    )
    if stops:
        held = lgb.Dataset(x[stopping], y[stopping], weight=weight[stopping], reference=dataset)
        stop = lgb.early_stopping(spec.stop_after, verbose=False)
        booster = lgb.train(settings, dataset, spec.rounds, valid_sets=[held], callbacks=[stop])
    else:
        booster = lgb.train(settings, dataset, rounds or spec.rounds_without_stopping)
    rounds = booster.best_iteration if stops and booster.best_iteration > 0 else booster.current_iteration()
    text = without_ranges(booster.model_to_string(num_iteration=rounds), len(columns))
    del settings["monotone_constraints"]  # long; the card lists them with their reasons
    settings["constrained"] = int(np.count_nonzero(directions))
    parameters = {**settings, "rounds": rounds, "early_stopping": stops, "rounds_given": given, "rows_fitted": rows}
    return Fitted(text.encode(), parameters)


def without_ranges(text: str, columns: int) -> str:
    """Return LightGBM's text without each column's least and greatest value, which are single people's.

    Predictions do not read them. Raises ValueError where the text is not as expected.
    """
    text, found = re.subn(r"^feature_infos=.*$", "feature_infos=" + " ".join(["none"] * columns), text, flags=re.M)
    if found != 1:
        raise ValueError(f"needs one line feature_infos in LightGBM's text, got {found}")
    return text


def threads_for(rows: int) -> int:
    """Return how many threads work on so many rows; it does not depend on the machine."""
    return THREADS if rows >= ROWS_FOR_THREADS else 1


def _spread(values: Floats) -> Floats:
    spread = values.std(axis=0)
    return np.where(spread > 0, spread, 1.0)
