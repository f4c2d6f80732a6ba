"""Case mix: who is in which band of predicted risk on 1 January, so that units can be held against people like theirs.

The risk is that of the served model, or of one that somebody froze. Bands, not the risk itself: a target counts other
things than the model predicts, and within a band the region's own rates of the year are what is expected. Who has no
risk (the models give it to those with two or more chronic conditions) is held against those of the same age and sex.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stratify.catalogue.entries import Target
from stratify.quality.cuts import Grouping
from stratify.quality.need.axes import Floats, Ints
from stratify.quality.population import Bucket

SOMATIC, PSYCHIATRIC = "acute_somatic_admission_365d", "psychiatric_admission_365d"
OUTCOMES = (SOMATIC, "acsc_admission_365d", PSYCHIATRIC)
EDGES = (0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.45)  # of bands of risk: each about half as much again


@dataclass(frozen=True)
class Risks:
    """Who was scored on a 1 January, ascending, and each outcome's predicted risk; NaN without a model."""

    person: Ints
    risk: Mapping[str, Floats]


def outcome_of(target: Target) -> str:
    """Return the outcome whose risk a target's units are held against: of psychiatric care its own."""
    return PSYCHIATRIC if getattr(target.parameters, "care", "somatic") == "psychiatric" else SOMATIC


def bands(bucket: Bucket, age_sex: Grouping, scored: Mapping[int, Risks], outcome: str) -> Grouping:
    """Return everybody's band of risk on each 1 January, of age and sex where they have no risk.

    A year in which nobody was scored for the outcome has no bands: -1 for everybody.
    """
    labels = tuple(f"risk {low:g} or more" for low in (0.0, *EDGES))
    group = np.full(age_sex.group.shape, -1, dtype=np.int16)
    for row, year in enumerate(bucket.years):
        if year not in scored or outcome not in scored[year].risk:
            continue
        risks = scored[year]
        told = ~np.isnan(risks.risk[outcome])
        own = age_sex.group[row].astype(np.int16)
        group[row] = np.where(own < 0, -1, own + len(labels))
        band = np.searchsorted(np.array(EDGES), risks.risk[outcome][told], side="right")
        group[row, bucket.place(risks.person[told])] = band
    return Grouping((*labels, *age_sex.labels), group)
