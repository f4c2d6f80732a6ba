"""The risk models beside the simulated truth, other makers of trees, and the clock: each figure that was asked of them.

    python benchmarks/models.py --people 200000
    python benchmarks/models.py --people 200000 --work DIR      # goes on where it was stopped
    python benchmarks/models.py --work DIR                      # a region that is there: what was trained is measured
    python benchmarks/models.py --work DIR acute_admission_365d --without-peers

For each model that was trained: the AUROC of the true risk, with and without what is hidden of people; the served
model beside HistGradientBoosting, CatBoost and XGBoost on the same rows, columns, weights and stopping people; beside
the same trees told the true states; its risks beside the true ones, for all and by subgroup; the dead dropped, as the
wrong answer it is; the three shares. Then the cost of scoring 1.3 million people, and the bundle's scores beside
MLflow's. Whatever is asked of a figure stands beside it, and whether it holds; a table of all ends it. What was not
trained is named.

What a model's figures are made from (rows, truth, the trained files, our source, this benchmark's) decides whether they
are taken from `DIR/benchmark/` or made again; `--fresh` makes all again. CatBoost and XGBoost run in an environment of
their own there. A whole evaluation of 1,000,000 rows is measured by `benchmarks/evaluate.py`, which is run at the end.
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent


def package():
    """Import the package `models`, which this file hides by its name from every benchmark that runs in this folder."""
    sys.modules.pop("models", None)
    before = sys.path[:]
    sys.path[:] = [one for one in before if Path(one or ".").resolve() != HERE]
    import_module("models")
    sys.path[:] = before


package()

if __name__ == "__main__":
    from model_benchmark import main

    main(__doc__)
