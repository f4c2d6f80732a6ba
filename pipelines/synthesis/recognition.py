"""When care comes to know a disease: later than its onset, and for some people never (under-diagnosis).

Ordinary care reaches people with severe mental illness, substance use, few resources or need of an interpreter less
well: their somatic diseases are recognised less often, so registers show less than is true. An admission shows them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.state import State
from pipelines.synthesis.streams import Floats, Words, hashed, unit

SEVERE = ("schizophrenia", "bipolar")


def severe(state: State, day: int, given: Parameters) -> NDArray[np.bool_]:
    """Return who has schizophrenia or bipolar disorder before a day."""
    columns = [given.index(name) for name in SEVERE]
    return np.asarray((state.onset[:, columns] < day).any(axis=1))


def access(people: People, state: State, given: Parameters, day: int = NEVER) -> Floats:
    """Return how well ordinary care reaches each person, 0-1, from what they have before a day."""
    reach = given.reach
    found = np.where(severe(state, day, given), reach.severe_mental, 1.0)
    found = found * np.where(state.onset[:, given.index("substance")] < day, reach.substance, 1.0)
    found = found * np.where(people.few(), reach.few_resources, 1.0)
    return found * np.where(people.language >= 0, reach.interpreter, 1.0)


def recognise(
    keys: Words, condition: NDArray[np.int64], onset: NDArray[np.integer], reach: Floats, given: Parameters
) -> NDArray[np.int32]:
    """Return the day each onset becomes known to care, NEVER for those that do not; one place per onset.

    `reach` is the access of the person whose onset it is. An onset that brings an admission is known at once: the
    caller's matter.
    """
    bits = hashed(keys, "recognised", condition)
    seen = given.column("seen")[condition]
    seen = np.where(given.psychiatric[condition], seen, seen * reach)
    wait = -np.log1p(-unit(bits, 1)) * given.column("delay")[condition] * 30.4
    day = onset + np.floor(wait)
    found: NDArray[np.int32] = np.where(unit(bits) < seen, np.minimum(day, NEVER - 1), NEVER).astype(np.int32)
    return found
