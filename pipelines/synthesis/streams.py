"""Random streams with an address: the same (seed, purpose, year) always gives the same numbers.

A stream does not depend on which others were read before it, so a change to the drawing of drugs leaves every admission
as it was, and two runs with one seed are equal byte for byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """The streams of one seed."""

    seed: int

    def at(self, purpose: str, year: int = 0) -> np.random.Generator:
        """Return a fresh generator for one purpose in one year (0: not bound to a year)."""
        word = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
        return np.random.Generator(np.random.Philox(key=[self.seed, word], counter=[0, year, 0, 0]))
