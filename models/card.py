"""The card of one model: what it is for, who must not be scored, on whom it was made, how well it did, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from models.declared import Declared
from models.spec import Spec
from models.split import PARTS, Split
from models.table import Column, Labels, Origin, Table, columns_digest
from stratify.catalogue.entries import Outcome
from stratify.files import canonical_json, digest_text

FORMAT = 2
SYNTHETIC = {
    "da": "Trænet og målt på en opdigtet region: tallene siger intet om rigtige mennesker.",
    "en": "Trained and measured on a made-up region: the figures say nothing about real people.",
}
CROSS_FITTED = {
    "da": "Kalibreret og valgt på udviklingspersonerne på kalibreringsdagen, delt i {folds}, {asked} af "
    "dem brugt: hver af dem er forudsagt af en model, der ikke har set delens personer. Den endelige model er trænet "
    "på dem alle på træningsdagene. Testpersonerne indgår ikke i noget af dette.",
    "en": "Calibrated and chosen on the development people at the calibration landmark, in {folds} parts, {asked} of "
    "them used: each of these is predicted by a model that has not seen its people. The final model is trained on all "
    "of them at the training landmarks. The test people are in none of this.",
}
LENT = {
    "da": "{lent} af træningsrækkerne er lånt fra: {others}. Kun personer i modellens egen gruppe er brugt til "
    "kalibrering, valg og test.",
    "en": "{lent} of the training rows are lent by: {others}. Only people of the model's own population are used to "
    "calibrate, choose and test.",
}
LIBRARIES = ("lightgbm", "numpy", "scikit-learn", "statsmodels")


def card(
    spec: Spec,
    declared: Declared,
    population: str,
    outcome: Outcome,
    origin: Origin,
    columns: Sequence[Column],
    *,
    kind: str,
    asked: int,
    made_on: Mapping[str, Any],
    sample_size: Mapping[str, Any],
    candidates: Mapping[str, Any],
    chosen: Mapping[str, Any],
    constraints: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the card of the model of this kind; asked: the folds used.

    It holds no time of its own: the same training gives the same card.
    """
    whom = declared.populations[population]
    return {
        "format": FORMAT,
        "outcome": outcome.id,
        "name": outcome.name.model_dump(),
        "event": outcome.event,
        "horizon_days": outcome.horizon_days,
        "outcome_digest": digest_text(canonical_json(outcome.model_dump(mode="json", by_alias=True))),
        "spec_digest": digest_text(canonical_json(spec.model_dump(mode="json"))),
        "population": {"id": population, "name": whom.name.model_dump()},
        "kind": kind,
        "intended_use": spec.intended_use.model_dump(),
        "must_not_be_scored": [t.model_dump() for t in (*spec.must_not_be_scored, whom.must_not_be_scored)],
        "limits": [*([SYNTHETIC] if origin.synthetic else []), *(text.model_dump() for text in spec.limits)],
        "reasons_top_n": spec.reasons_top_n,
        "listed": spec.listed,
        "data": {
            "source": origin.source,
            "synthetic": origin.synthetic,
            "covers_to": origin.covers_to,
            "delivered": origin.delivered,
        },
        "catalogue_digest": origin.catalogue_digest,
        "columns_digest": columns_digest(columns),
        "made_on": dict(made_on),
        "sample_size": dict(sample_size),
        "cross_fitting": {
            "folds": spec.split.folds,
            "asked": asked,
            "text": _cross_fitted(spec, declared, population, asked, made_on["train"]["lent"]),
        },
        "candidates": dict(candidates),
        "chosen": dict(chosen),
        "constraints": [dict(one) for one in constraints] if kind == "lightgbm" else [],
        "versions": {library: version(library) for library in LIBRARIES},
    }


def _cross_fitted(spec: Spec, declared: Declared, population: str, asked: int, lent: int) -> dict[str, str]:
    """Return how folds were used, and whose rows the model learned from beside its own people's."""
    others = [declared.populations[name].name.model_dump() for name in declared.populations[population].learns_from]
    found = {}
    for tongue, text in CROSS_FITTED.items():
        told = [text.format(folds=spec.split.folds, asked=asked)]
        if lent:
            told.append(LENT[tongue].format(lent=lent, others=", ".join(one[tongue] for one in others)))
        found[tongue] = " ".join(told)
    return found


def made_on(split: Split, table: Table, labels: Labels) -> dict[str, dict[str, Any]]:
    """Return for train, calibrate and test: landmarks as ISO days, rows, of these lent, people and events."""
    return {
        part: {
            "landmarks": [str(np.datetime64(day, "D")) for day in split.landmarks[part]],
            "n": len(split.rows[part]),
            "lent": int(table.lent[split.rows[part]].sum()),
            "people": len(np.unique(table.person[split.rows[part]])),
            "events": int(labels.y[split.rows[part]].sum()),
        }
        for part in PARTS
    }
