"""What a whole evaluation costs on made-up risks: seconds, CPU-seconds, peak memory, and where they go.

One outcome, twelve factors (60 levels, 19 municipalities and 5 hospitals among them), two other models, deaths, days;
200 draws of people. Beside it, in the same process: scikit-learn's AUROC of the same rows once, and what as many draws
of that one figure would take at its speed.

    python benchmarks/evaluate.py --rows 1000000
    python benchmarks/evaluate.py --rows 1000000 --rows-of-one 2 --profile
"""

import argparse
import cProfile
import os
import pstats
import resource
import time

import numpy as np
from sklearn.metrics import roc_auc_score

from models.evaluation import evaluate

LEVELS = {
    "sex": 2, "age": 6, "municipality": 19, "hospital": 5, "education": 4, "income": 5, "origin": 3, "psychiatric": 2,
    "conditions": 5, "alone": 2, "practice type": 4, "long known": 3,
}  # fmt: skip


def made_up(n, rows_of_one, seed=1):
    rng = np.random.default_rng(seed)
    line = rng.normal(-2.6, 1.1, n)
    truth = 1 / (1 + np.exp(-line))
    y = (rng.random(n) < truth).astype(float)
    died = (y == 0) & (rng.random(n) < 0.03)
    weight = np.where(rng.random(n) < 0.02, 0.0, rng.uniform(1, 1.1, n))
    groups = {name: rng.choice([f"{name} {k}" for k in range(many)], n) for name, many in LEVELS.items()}
    groups = {name: labels.astype(object) for name, labels in groups.items()}
    others = {
        name: 1 / (1 + np.exp(-(line + rng.normal(0, noise, n)))) for name, noise in (("logistic", 0.3), ("age", 1.5))
    }
    days = np.where((y == 1) | died, rng.integers(1, 365, n), 365)
    risk = 1 / (1 + np.exp(-(0.1 + 1.05 * line)))
    return (
        y,
        risk,
        {
            "person": np.arange(n) // rows_of_one,
            "weight": weight,
            "died_first": died,
            "days": days,
            "groups": groups,
            "others": others,
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rows-of-one", type=int, default=1, help="rows of each person")
    parser.add_argument("--bootstraps", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    y, risk, more = made_up(2_000, 1)
    evaluate(y, risk, bootstraps=20, **more)  # loads the compiled loops
    y, risk, more = made_up(given.rows, given.rows_of_one)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    wall, cpu = time.perf_counter(), time.process_time()
    profile = cProfile.Profile()
    if given.profile:
        profile.enable()
    told = evaluate(y, risk, bootstraps=given.bootstraps, **more)
    profile.disable()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    once = time.process_time()
    area = roc_auc_score(
        y[more["weight"] > 0], risk[more["weight"] > 0], sample_weight=more["weight"][more["weight"] > 0]
    )
    once = time.process_time() - once
    assert abs(area - told["overall"]["auroc"]["value"]) < 1e-12
    levels = sum(len(factor) for factor in told["subgroups"].values())
    alone = once * given.bootstraps
    of_all = alone * (1 + len(told["subgroups"]))  # every factor has all rows once more
    print(f"rows {given.rows:,}  levels {levels}  draws {given.bootstraps}  load {os.getloadavg()[0]:.1f}")
    print(f"evaluate {wall:6.1f} s  {cpu:6.1f} CPU-s  peak {peak} MiB, of which {before} before it")
    print(f"scikit-learn's AUROC {once:.2f} CPU-s; drawn as often {alone:.0f}, the levels too {of_all:.0f}")
    print(f"these / evaluate {alone / cpu:.1f}, {of_all / cpu:.0f}")
    if given.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
