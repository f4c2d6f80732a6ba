"""What a whole evaluation costs on made-up risks: seconds, CPU-seconds, peak memory, and where they go.

One outcome, ten factors (about 60 levels, 19 municipalities and 5 hospitals among them), two other models, deaths and
days, 200 draws of people. Beside it, in the same process: scikit-learn's AUROC of the same rows once, and what 200 draws
of it would take at that speed.

    python benchmarks/evaluate.py --rows 1000000
    python benchmarks/evaluate.py --rows 1000000 --rows-of-one 2 --profile
"""

import argparse
import cProfile
import json
import os
import pstats
import resource
import time

import numpy as np
from sklearn.metrics import roc_auc_score

from models.evaluate import evaluate

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
    groups = {name: rng.choice([f"{name} {k}" for k in range(many)], n) for name, many in list(LEVELS.items())[:10]}
    groups = {name: labels.astype(object) for name, labels in groups.items()}
    others = {
        name: 1 / (1 + np.exp(-(line + rng.normal(0, noise, n)))) for name, noise in (("logistic", 0.3), ("age", 1.5))
    }
    days = np.where((y == 1) | died, rng.integers(1, 365, n), 365)
    risk = 1 / (1 + np.exp(-(0.1 + 1.05 * line)))
    return y, risk, {
        "person": np.arange(n) // rows_of_one,
        "weight": weight,
        "died_first": died,
        "days": days,
        "groups": groups,
        "others": others,
    }


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
    area = roc_auc_score(y[more["weight"] > 0], risk[more["weight"] > 0], sample_weight=more["weight"][more["weight"] > 0])
    once = time.process_time() - once
    assert abs(area - told["overall"]["auroc"]["value"]) < 1e-12
    levels = sum(len(factor) for factor in told["subgroups"].values())
    print(f"rows {given.rows:,}  levels {levels}  draws {given.bootstraps}  load {os.getloadavg()[0]:.1f}")
    print(f"evaluate      {wall:8.1f} s  {cpu:8.1f} CPU-s  peak {peak} MiB, {before} MiB before  {len(json.dumps(told)) // 1024} KiB")
    print(f"one AUROC of scikit-learn {once:8.2f} CPU-s; {given.bootstraps} draws of it alone {once * given.bootstraps:.0f} CPU-s,")
    print(f"  {once * given.bootstraps / cpu:.1f} times what everything here took; for each of {levels} levels as well, about "
          f"{once * given.bootstraps * (1 + len(told['subgroups'])) / cpu:.0f} times")
    if given.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
