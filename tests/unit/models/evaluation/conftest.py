"""Made-up risks whose truth is known."""

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass
class Made:
    y: np.ndarray
    risk: np.ndarray
    truth: np.ndarray
    weight: np.ndarray
    line: np.ndarray


@pytest.fixture(scope="package")
def made():
    """`made(n, bend=…, decimals=…, seed=…)`: risks, outcomes drawn from `bend` of their logits, uneven weights."""

    def make(n, *, bend=lambda line: line, decimals=None, seed=1):
        rng = np.random.default_rng(seed)
        line = rng.normal(-2, 1.2, n)
        risk = 1 / (1 + np.exp(-line))
        truth = 1 / (1 + np.exp(-bend(line)))
        if decimals is not None:
            risk = risk.round(decimals).clip(10.0**-decimals, 1 - 10.0**-decimals)
        return Made((rng.random(n) < truth).astype(float), risk, truth, rng.integers(1, 4, n).astype(float), line)

    return make
