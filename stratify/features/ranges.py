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
from stratify.features.kernel import Events, Floats, Ints

Bools = npt.NDArray[np.bool_]
if TYPE_CHECKING:
    from stratify.store.slices import Coded


def proven(events: Events, of: Sequence[FeatureGroup], sign: Coded) -> Events:
    """Return the events, one for each group, without those whose value is not known to lie in their group's range.

    `sign` are the comparators of the events.
    """
    each, group, place = events.each()
    assert each.value is not None
    less, more = (np.array([told == one for told in (*sign.values, None)]) for one in "<>")  # place -1, none, is last
    signed = sign.place[place]
    return each.at(np.flatnonzero(within(of, group, each.value, less[signed], more[signed])))


def within(of: Sequence[FeatureGroup], group: Ints, value: Floats, less: Bools, more: Bools) -> Bools:
    """Return which values are known to lie in the range of their group, a place in `of`; none without a value does.

    `less` and `more` say which values are bounds, `<` and `>`. A group without limits has every event.
    """
    above = np.array([-np.inf if one.above is None else one.above for one in of])[group]
    below = np.array([np.inf if one.below is None else one.below for one in of])[group]
    known = (value > above) & ~(less & np.isfinite(above)) & (value < below) & ~(more & np.isfinite(below))
    return np.asarray(known | ~np.array([one.ranged for one in of])[group])
