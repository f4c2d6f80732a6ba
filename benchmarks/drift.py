"""How often PSI says "drift" where there is none: by a fixed limit of 0.1, and by the limit of chance we use.

    python benchmarks/drift.py

A reference of 50,000 rows and months of n rows from the same distribution, ten bins, 20,000 months each (of a rare
column two bins, 3 % in the second). "with floor" is what `judged` calls drift: above both the limit and 0.1.
"""

from __future__ import annotations

import numpy as np

from models.drift import ALPHA, FLOOR, HALF, null_limit

MONTHS, BEFORE = 20_000, 50_000
SIZES = (100, 250, 500, 1000, 2000, 20_000)
COLUMNS = 100


def drawn(n: int, share: np.ndarray, seed: int = 1) -> np.ndarray:
    """Return PSI of months without drift."""
    rng = np.random.default_rng(seed)
    p, q = (rng.multinomial(rows, share, MONTHS) + HALF for rows in (BEFORE, n))
    p, q = (one / one.sum(axis=1, keepdims=True) for one in (p, q))
    return ((q - p) * np.log(q / p)).sum(axis=1)


def main() -> None:
    """Print a line for each size of month."""
    print(f"{MONTHS:,} months without drift against {BEFORE:,} rows")
    head = f"{'n':>6} {'bins':>4} {'99 % limit':>10} {'above it':>9} {'above 0.1':>9} {'with floor':>10}"
    print(head + f" {f'one of {COLUMNS} columns, with floor':>32}")
    for share in (np.full(10, 0.1), np.array([0.97, 0.03])):
        for n in SIZES:
            psi = drawn(n, share)
            limit = null_limit(1 / n + 1 / BEFORE, len(share), 0.01)
            strict = null_limit(1 / n + 1 / BEFORE, len(share), ALPHA / (2 * COLUMNS))
            above, fixed = (psi > limit).mean(), (psi > FLOOR).mean()
            both, family = (psi > max(limit, FLOOR)).mean(), 1 - (1 - (psi > max(strict, FLOOR)).mean()) ** COLUMNS
            print(f"{n:>6} {len(share):>4} {limit:>10.4f} {above:>9.2%} {fixed:>9.2%} {both:>10.2%} {family:>32.2%}")


if __name__ == "__main__":
    main()
