"""What each catchment looks like: its adults on 1 January by age, illness, resources, distance and stratum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.quality.need.axes import Ints, heads
from stratify.quality.need.ground import Ground

BY = ("age", "group", "smi", "few_resources", "distance", "stratum")


def looks(ground: Ground, strata: Mapping[int, str]) -> dict[str, NDArray[Any]]:
    """Return the adults of each place by each cut. strata: the stratum of everybody scored, by their number."""
    axes, row = ground.frame.axes, ground.frame.looks - ground.frame.every[0]
    place = np.flatnonzero(ground.adult[row])
    home = ground.codes["place"][row, place]
    codes = {name: ground.codes[name][row, place] for name in BY if name != "stratum"}
    codes["stratum"] = _strata(ground, strata, place)
    return {f"looks.{by}": heads((axes["place"], axes[by]), (home, codes[by])) for by in BY}


def _strata(ground: Ground, strata: Mapping[int, str], place: Ints) -> Ints:
    at = {label: number for number, label in enumerate(ground.frame.strata)}
    found = np.full(ground.bucket.size, len(at), dtype=np.int64)
    for person, label in strata.items():
        found[int(ground.bucket.place(np.array([person]))[0])] = at[label]
    return found[place]
