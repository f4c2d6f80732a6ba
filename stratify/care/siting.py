"""Where to put so many houses that people with need have the least way to one: the p-median, solved exactly (HiGHS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, kron

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Siting:
    """Which candidate places have a house, and for each place of demand which of them is nearest."""

    sites: Ints
    nearest: Ints  # for each place of demand, the row of a candidate

    def distance(self, km: Floats) -> Floats:
        """Return the way from each place of demand to its house."""
        return np.asarray(km[np.arange(len(km)), self.nearest], np.float64)


def p_median(km: Floats, weight: Floats, houses: int) -> Siting:
    """Return where `houses` of the candidates make the weighted way shortest.

    km float[demand, candidates], weight float[demand] (none below 0). Among placings as good the solver's first counts.
    Raises ValueError where there are fewer candidates than houses, or a figure is missing or below 0.
    """
    demand, candidates = km.shape
    if not 1 <= houses <= candidates:
        raise ValueError(f"needs 1 to {candidates} houses, got {houses}")
    if not (np.isfinite(km).all() and np.isfinite(weight).all()) or (km < 0).any() or (weight < 0).any():
        raise ValueError("distances and weights must be there and not below 0")
    # x[i, j]: demand i goes to candidate j; y[j]: there is a house at j
    cost = np.concatenate([(km * weight[:, None]).ravel(), np.zeros(candidates)])
    everybody = csr_array(kron(eye_array(demand), np.ones((1, candidates))))
    each_once = LinearConstraint(csr_array(_beside(everybody, csr_array((demand, candidates)))), 1, 1)
    to_houses = _beside(eye_array(demand * candidates), csr_array(-kron(np.ones((demand, 1)), eye_array(candidates))))
    only_houses = LinearConstraint(to_houses, -np.inf, 0)
    whole = np.concatenate([np.zeros(demand * candidates), np.ones(candidates)])  # x is whole by itself when y is
    so_many = LinearConstraint(whole[None], houses, houses)
    found = milp(cost, constraints=[each_once, only_houses, so_many], integrality=whole, bounds=Bounds(0, 1))
    if found.x is None:
        raise ValueError(f"no placing was found: {found.message}")
    sites = np.flatnonzero(found.x[demand * candidates :] > 0.5)
    return Siting(sites, sites[km[:, sites].argmin(axis=1)])


def _beside(one: Any, other: Any) -> csr_array:
    from scipy.sparse import hstack

    return csr_array(hstack([one, other]))
