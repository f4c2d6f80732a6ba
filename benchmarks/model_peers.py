"""The same rows asked of other makers of trees, and of our trees told the truth: raw log-odds of the test rows.

HistGradientBoosting stands in our environment. CatBoost and XGBoost stand in one of their own, made from
`peers/models/requirements.lock` where it is not there; arrays go to them and come back as files.
"""

import json
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from models.estimators import fit_lightgbm
from models.scoring import Trees
from models.split import person_share
from stratify.files import digest_file

PEERS = Path(__file__).parent / "peers" / "models"
MOST, PATIENCE, WITHOUT_STOPPING = 1000, 25, 120


def stopping_rows(train, spec):
    """Return who is left out while rounds are sought, and which of their rows say when to stop: those of our trees."""
    how = spec.estimators.lightgbm
    aside = person_share(train.stable, spec.split.seed + 1) < how.stopping_people
    stopping = aside & (train.landmark == train.landmark.max())
    events = int(train.y[stopping].sum())
    if min(events, int(stopping.sum()) - events) < how.stopping_events:
        return np.zeros_like(aside), np.zeros_like(aside)
    return aside, stopping


def by_hist_gradient_boosting(train, test, aside, stopping, seed):
    """Return scikit-learn's log-odds of the test rows, rounds and seconds.

    It refuses a column that nobody has a value in; such columns are left out for it.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    how = {"learning_rate": 0.05, "max_leaf_nodes": 15, "min_samples_leaf": 100, "max_features": 0.4, "max_bins": 255,
           "random_state": seed}  # fmt: skip
    filled = ~np.isnan(train.x[~aside]).all(axis=0)
    x, test = train.x[:, filled], test[:, filled]
    rounds = WITHOUT_STOPPING
    if stopping.any():
        fit, held = ~aside, stopping
        sought = HistGradientBoostingClassifier(
            max_iter=MOST, early_stopping=True, n_iter_no_change=PATIENCE, **how
        ).fit(
            x[fit], train.y[fit], sample_weight=train.weight[fit],
            X_val=x[held], y_val=train.y[held], sample_weight_val=train.weight[held],
        )  # fmt: skip
        rounds = max(int(np.argmax(sought.validation_score_)), 1)  # the first score is that of no round
    model = HistGradientBoostingClassifier(max_iter=rounds, early_stopping=False, **how)
    model.fit(x, train.y, sample_weight=train.weight)
    told = {"rounds": rounds, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return model.decision_function(test), told


def by_lightgbm(x, train, test, spec, names):
    """Return the log-odds of the test rows by our trees on other columns, without constraints, and how many rounds."""

    def fit(rounds=None):
        last = train.landmark == train.landmark.max()
        return fit_lightgbm(
            spec.estimators.lightgbm, x, train.y, train.weight, names, [0] * len(names), train.person, train.stable,
            last, spec.split.seed + 1, rounds,
        )  # fmt: skip

    rounds = int(fit().parameters["rounds"])
    return Trees(fit(rounds).model.decode(), 2).logit(np.ascontiguousarray(test)), {"rounds": rounds}


def by_peers(python, folder, train, test, aside, stopping):
    """Return CatBoost's and XGBoost's log-odds of the test rows by name, and what they told."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"x": train.x.astype(np.float32), "y": train.y, "weight": train.weight, "aside": aside,
             "stopping": stopping, "test": test.astype(np.float32)}  # fmt: skip
    for name, values in asked.items():
        np.save(folder / f"{name}.npy", values)
    del asked
    done = subprocess.run([python, PEERS / "fit.py", folder], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the peers' fit ended with {done.returncode}:\n{done.stderr[-2000:]}")
    told = json.loads((folder / "peers.json").read_text(encoding="utf-8"))
    memory = told.pop("peak_memory_mib")
    found = {name: np.load(folder / f"{name}.npy") for name in told}
    shutil.rmtree(folder)
    return found, {name: {**one, "peak_memory_mib": memory} for name, one in told.items()}


def environment(folder):
    """Return the peers' Python, made anew where the lock is another one than it was made from."""
    python, made_from, lock = folder / "bin" / "python", folder / "lock.sha256", PEERS / "requirements.lock"
    digest = digest_file(lock)
    if not made_from.exists() or made_from.read_text(encoding="utf-8") != digest:
        print(f"making the peers' environment in {folder}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        install = [
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
            "--require-hashes",
            "--requirement",
        ]
        subprocess.run([python, *install, lock], check=True)
        made_from.write_text(digest, encoding="utf-8")
    return python
