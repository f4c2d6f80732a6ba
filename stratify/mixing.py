"""Numbers that look drawn and are the same in every run: the last step of splitmix64 (Steele, Lea & Flood 2014)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
GOLDEN, _MIX_1, _MIX_2 = (np.uint64(v) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def mixed(state: Bits) -> Bits:
    """Return 64 well mixed bits of each state, uint64; states are told apart by adding multiples of GOLDEN.

    >>> mixed(np.array([1, 2], dtype=np.uint64) * GOLDEN).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    True
    """
    with np.errstate(over="ignore"):
        z = (state ^ (state >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)
