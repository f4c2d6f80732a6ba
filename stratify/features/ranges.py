"""Which results are known to lie above or below a limit, where some are bounds.

A result is a number or a bound, `<4` or `>90`, kept as the number and its sign; whether `<` or `<=` was written is not
kept. A bound proves its own side alone: `<4` is below 10, and is neither above 3.5 nor below 4.5 and above 1; `>90` is
above 60, and below nothing. So a bound is never a finding it cannot prove. The other aggregates take a bound as its
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import FeatureGroup
from stratify.features.kernel import Floats, Ints

if TYPE_CHECKING:
    from stratify.store.slices import Slice


def proven(rows: Slice, of: Sequence[FeatureGroup], row: Ints, group: Ints) -> tuple[Ints, Ints]:
    """Return (row, group) without the rows whose value is not known to lie in their group's range."""
    value, sign = rows.floats("value"), rows.coded("comparator")
    signs = np.array([*sign.values, ""], dtype=object)[sign.place]  # place -1, none, is the last
    kept = np.ones(len(row), dtype=bool)
    for place, one in enumerate(of):
        if one.ranged:
            mine = group == place
            kept[mine] = within(one, value[row[mine]], signs[row[mine]])
    return row[kept], group[kept]


def within(group: FeatureGroup, value: Floats, sign: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Return which values are known to lie in a group's range; none without a value does."""
    known = ~np.isnan(value)
    if group.above is not None:
        known &= (value > group.above) & (sign != "<")
    if group.below is not None:
        known &= (value < group.below) & (sign != ">")
    return known
