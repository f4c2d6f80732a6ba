"""Write what CatBoost and XGBoost say of the test rows, as peers.json and one .npy each, from the arrays in a folder.

    python benchmarks/peers/models/fit.py FOLDER

FOLDER holds x.npy, y.npy, weight.npy of the training rows, aside.npy and stopping.npy (who is left out while rounds are
sought, and which rows say when to stop; none: a fixed number), test.npy. Each peer seeks its rounds, and is then fitted
on all rows for as many.
"""

import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

import catboost
import numpy as np
import xgboost

MOST, PATIENCE, WITHOUT_STOPPING, THREADS, SEED = 1000, 25, 120, 2, 20190203


def by_catboost(x, y, weight, aside, stopping, test):
    def fit(which, rounds, held=None):
        model = catboost.CatBoostClassifier(
            iterations=rounds, learning_rate=0.06, depth=5, rsm=0.4, border_count=254, loss_function="Logloss",
            thread_count=THREADS, random_seed=SEED, verbose=False, allow_writing_files=False,
        )  # fmt: skip
        how = {} if held is None else {"eval_set": held, "early_stopping_rounds": PATIENCE}
        return model.fit(catboost.Pool(x[which], y[which], weight=weight[which]), **how)

    rounds = WITHOUT_STOPPING
    if stopping.any():
        held = catboost.Pool(x[stopping], y[stopping], weight=weight[stopping])
        rounds = fit(~aside, MOST, held).tree_count_
    model = fit(slice(None), rounds)
    return model.predict(test, prediction_type="RawFormulaVal", thread_count=THREADS), rounds


def by_xgboost(x, y, weight, aside, stopping, test):
    settings = {
        "objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "eta": 0.05, "max_depth": 4,
        "min_child_weight": 20, "subsample": 0.8, "colsample_bytree": 0.4, "max_bin": 256,
        "nthread": THREADS, "seed": SEED,
    }  # fmt: skip
    rounds = WITHOUT_STOPPING
    if stopping.any():
        fitted, held = (xgboost.DMatrix(x[w], y[w], weight=weight[w]) for w in (~aside, stopping))
        sought = xgboost.train(
            settings, fitted, MOST, evals=[(held, "held")], early_stopping_rounds=PATIENCE, verbose_eval=False
        )
        rounds = sought.best_iteration + 1
    model = xgboost.train(settings, xgboost.DMatrix(x, y, weight=weight), rounds)
    return model.predict(xgboost.DMatrix(test), output_margin=True), rounds


def main():
    folder = Path(sys.argv[1])
    given = [np.load(folder / f"{name}.npy") for name in ("x", "y", "weight", "aside", "stopping", "test")]
    told = {}
    for name, fit in (("catboost", by_catboost), ("xgboost", by_xgboost)):
        wall, cpu = time.perf_counter(), time.process_time()
        found, rounds = fit(*given)
        np.save(folder / f"{name}.npy", found)
        package = "xgboost-cpu" if name == "xgboost" else name
        told[name] = {
            "version": version(package),
            "rounds": int(rounds),
            "seconds": time.perf_counter() - wall,
            "cpu_seconds": time.process_time() - cpu,
        }
    told["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    (folder / "peers.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
