"""Deaths held against those of others of the same sex, age and year: the standardised mortality ratio of a region."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.disclosure import shown
from stratify.quality.months import Months
from stratify.quality.values import valued

MOST_YEARS_HIDDEN = 1 / 3
GROUPS = {"": (0, 1), "male": (0,), "female": (1,)}


def ratios(deaths: NDArray[np.int64], months: Months, last: int) -> dict[str, dict[str, list[Any]]]:
    """Return by group ("" for all) observed, expected, ratio and interval of each year up to the place `last`.

    deaths: int64[years, 2, 2, ages, 2], see `measuring.Measured`. Expected: the days those exposed lived, at the death
    rate of the others of that sex, age and year. A year with 1 to 4 deaths in a group is hidden in every group.
    Where more than a third of the years have so few, none is told: the others would be those with many deaths.
    """
    others, exposed = deaths[:, 0].astype(np.float64), deaths[:, 1].astype(np.float64)
    rate = np.divide(others[..., 1], others[..., 0], out=np.zeros_like(others[..., 0]), where=others[..., 0] > 0)
    found: dict[str, dict[str, list[Any]]] = {}
    observed = {name: exposed[..., 1][:, list(sexes)].sum(axis=(1, 2)) for name, sexes in GROUPS.items()}
    wanted = {
        name: (exposed[..., 0][:, list(sexes)] * rate[:, list(sexes)]).sum(axis=(1, 2))
        for name, sexes in GROUPS.items()
    }
    parts_may = [
        all(shown(int(observed[name][year])) is not None for name in GROUPS) for year in range(len(months.years))
    ]
    gone = sum(shown(int(observed[""][year])) is None for year in range(last + 1))
    whole = gone <= MOST_YEARS_HIDDEN * (last + 1)
    for name in GROUPS:
        told = valued("ratio", observed[name], wanted[name])
        rows: dict[str, list[Any]] = {key: [] for key in ("numerator", "denominator", "value", "low", "high", "hidden")}
        for year in range(len(months.years)):
            ready = year <= last
            may = shown(int(observed[name][year])) is not None if name == "" else parts_may[year]
            may = may and whole
            tell = ready and may and not np.isnan(told.value[year])
            rows["numerator"].append(int(observed[name][year]) if tell else None)
            rows["denominator"].append(round(float(wanted[name][year]), 2) if tell else None)
            for key in ("value", "low", "high"):
                rows[key].append(round(float(getattr(told, key)[year]), 4) if tell else None)
            rows["hidden"].append(ready and not may)
        found[name] = rows
    return found
