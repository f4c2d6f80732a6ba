"""Event and death, whichever comes first: the Aalen-Johansen cumulative incidence of each, by statsmodels.

It takes people who left as they left, with no weights: beside the weighted share observed it is a second answer to the
same question, which rests on other assumptions.
"""

from __future__ import annotations

import warnings
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from statsmodels.duration.survfunc import CumIncidenceRight

from models.table import Floats

_REACH = 1.959963984540054


class Incidence(TypedDict):
    """A cumulative incidence at the last day, with its 95 % interval by the normal approximation, None without one.

    Where nothing came the interval ends at the exact bound of none among so many.
    """

    value: float
    low: float | None
    high: float | None


def incidence(days: Floats, y: Floats, died_first: NDArray[np.bool_]) -> tuple[Incidence, Incidence]:
    """Return the cumulative incidence of the event and of death before it, at the last of `days`.

    days[n] from the landmark to the event, to death or to when the person was last seen; y[n] 1 is the event.
    """
    status = np.where(y == 1, 1, np.where(died_first, 2, 0))
    if not (status > 0).any():
        return none_of(len(days)), none_of(len(days))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # when all have had an event, the error is of 0 people
        fitted = CumIncidenceRight(days, status)
    found = []
    for cause in (1, 2):
        if not (status == cause).any():
            found.append(none_of(len(days)))
            continue
        value, error = float(fitted.cinc[cause - 1][-1]), float(fitted.cinc_se[cause - 1][-1])
        known, reach = bool(np.isfinite(error)), _REACH * error
        found.append(
            Incidence(
                value=value,
                low=max(value - reach, 0.0) if known else None,
                high=min(value + reach, 1.0) if known else None,
            )
        )
    return found[0], found[1]


def none_of(n: int) -> Incidence:
    """Return the incidence of what came to none of n people.

    >>> round(none_of(50)["high"] or 0, 3)
    0.071
    """
    return Incidence(value=0.0, low=0.0, high=1 - 0.025 ** (1 / n) if n else 1.0)
