"""What each offer truly does, to whom: hazard ratios by kind of person, and the table of them that the truth holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import Year
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.recognition import severe
from pipelines.synthesis.shapes_offers import Kind
from pipelines.synthesis.state import State
from stratify.files import write_json

HAZARDS = ("other", "acsc", "psych", "death")


def fits(kind: Kind, people: People, state: State, year: Year, given: Parameters) -> NDArray[np.bool_]:
    """Return who is of a kind on 1 January."""
    found: NDArray[np.bool_] = people.age(year.first) >= kind.from_age
    if kind.conditions:
        columns = [given.index(name) for name in kind.conditions]
        found &= (state.onset[:, columns] < year.first).any(axis=1)
    if kind.severe:
        found &= severe(state, year.first, given)
    if kind.prior_stay:
        found &= state.stays > 0
    if kind.prior_psychiatric_stay:
        found &= state.psych_stays > 0
    return found


def write_effects(truth: Path, given: Parameters) -> None:
    """Write the effect of every offer on every hazard to the truth folder, `effects.json`."""
    offers: dict[str, list[dict[str, object]]] = {}
    for effect in given.offers.effect:
        told = {"on": list(effect.on), "ratio": effect.ratio, "standing": effect.standing, "source": effect.source,
                "of": effect.of.model_dump(exclude_defaults=True)}  # fmt: skip
        offers.setdefault(effect.offer, []).append(told)
    write_json(truth / "effects.json", {"hazards": list(HAZARDS), "offers": offers})
