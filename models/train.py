"""From a landmark table to one outcome's model: two candidates, one rule of choice, one look at the test rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.candidates import KINDS, Candidate, Training, choose, make_candidate, rule
from models.card import card, made_on
from models.scoring import MODEL_FILES, Kind, Member
from models.spec import Spec
from models.split import NotTrained, enough, split_rows
from models.table import FEW, Floats, Origin, Table, columns_digest, refusal
from stratify.catalogue.entries import Outcome
from stratify.errors import DataError, GateError
from stratify.files import folder_written_whole, write_bytes, write_json

REFERENCE_QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
GOLDEN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Trained:
    """Both candidates as the files a bundle takes, with their parameters and test figures; one of them is chosen."""

    outcome: str
    chosen: Kind
    files: Mapping[Kind, Mapping[str, bytes]]
    parameters: Mapping[Kind, Mapping[str, Any]]
    measures: Mapping[Kind, Mapping[str, float | int | None]]

    def write(self, folder: Path) -> None:
        """Write <folder>/<kind>/<file> for each candidate and <folder>/chosen.json, whole or not at all."""
        with folder_written_whole(folder) as fresh:
            for kind, files in self.files.items():
                for name, data in files.items():
                    write_bytes(fresh / kind / name, data)
            write_json(fresh / "chosen.json", {"outcome": self.outcome, "chosen": self.chosen})


def chosen_folder(folder: Path) -> Path:
    """Return where the chosen candidate's files lie below a folder that `Trained.write` wrote."""
    return folder / str(json.loads((folder / "chosen.json").read_text(encoding="utf-8"))["chosen"])


def train_outcome(spec: Spec, table: Table, outcome: Outcome, origin: Origin) -> Trained | NotTrained:
    """Return the trained candidates and the chosen one, or what was missing to train them.

    The simpler model is chosen unless the trees' out-of-fold AUROC is better by `choose.lightgbm_gain`. The test
    rows are looked at once, after that. Raises GateError (exit 12) where a column may not steer one person's care,
    DataError (exit 11) where the table has no labels of this outcome.
    """
    refused = [f"{column['id']}: {told}" for column in table.columns if (told := refusal(column))]
    if refused:
        raise GateError("a model that is served on persons may not read these columns:", refused)
    if spec.outcome != outcome.id or outcome.id not in table.labels:
        raise DataError(f"needs spec and labels of {outcome.id}, got {spec.outcome} and {', '.join(table.labels)}")
    y = table.labels[outcome.id]
    split = split_rows(spec.split, outcome, table.person, table.landmark, y)
    short = enough(outcome, split, y)
    if short:
        return short
    train = Training.of(table, y, split)
    candidates = {
        kind: candidate for kind in KINDS if (candidate := make_candidate(kind, spec, train, table, y, split))
    }
    if not candidates:
        return NotTrained(
            outcome.id, "calibrate", int(y[split.rows["calibrate"]].sum()), outcome.min_events_test,
            f"no model for {outcome.id}: no candidate can be calibrated; on the calibration rows each tells nobody "
            "apart, or all of them, as a leak would: look at the features, then train again",
        )  # fmt: skip
    gain = spec.choose.lightgbm_gain
    chosen = choose({kind: candidate.calibrate_auroc for kind, candidate in candidates.items()}, gain)
    golden_x = golden_rows(train.x)
    shared: dict[str, Any] = {
        "made_on": made_on(split, table.person, y),
        "candidates": {kind: candidate.told() for kind, candidate in candidates.items()},
        "chosen": {"kind": chosen, "rule": rule(gain)},
        "columns_digest": columns_digest(table.columns),
    }
    files = {
        kind: {
            MODEL_FILES[kind]: candidate.model,
            "calibration.json": _json(candidate.told()["calibration"]),
            "reference.json": _json(_reference(candidate, train)),
            "golden.json": _json(_golden(candidate.member, golden_x)),
            "card.json": _json(card(spec, outcome, origin, kind=kind, **shared)),
        }
        for kind, candidate in candidates.items()
    }
    return Trained(
        outcome.id,
        chosen,
        files,
        {kind: candidate.parameters for kind, candidate in candidates.items()},
        {kind: candidate.test for kind, candidate in candidates.items()},
    )


def golden_rows(x: Floats) -> Floats:
    """Return made-up rows for golden cases: quantiles column by column, so no row is a person's; NaN where all are.

    Five rows hold one quantile throughout, two mix a low and a high one, two leave every other column missing, and
    the last has nothing at all.
    """
    columns = np.full((len(GOLDEN_QUANTILES), x.shape[1]), np.nan)
    filled = ~np.isnan(x).all(axis=0)
    columns[:, filled] = np.nanquantile(x[:, filled], GOLDEN_QUANTILES, axis=0)
    odd = np.arange(x.shape[1]) % 2 == 1
    low, middle, high = columns[1], columns[2], columns[3]
    mixed = [np.where(odd, low, high), np.where(odd, high, low)]
    gaps = [np.where(odd, middle, np.nan), np.where(odd, np.nan, middle)]
    return np.vstack([columns, *mixed, *gaps, np.full(x.shape[1], np.nan)])


def _reference(candidate: Candidate, train: Training) -> dict[str, Any]:
    """What drift is measured against: training's column means, and the spread of out-of-fold risks.

    A quantile with fewer than FEW people beyond it is left out; where so few lack a column, nobody does.
    """
    absent = np.isnan(train.x)
    lacking = np.array([np.unique(train.person[column]).size for column in absent.T])
    missing = np.where(lacking < FEW, 0.0, absent.mean(axis=0))
    means = np.nansum(train.x, axis=0) / np.maximum((~absent).sum(axis=0), 1)
    risks, beyond = candidate.out_of_fold, len(candidate.out_of_fold) - 1
    quantiles = [q for q in REFERENCE_QUANTILES if int(min(q, 1 - q) * beyond) >= FEW]
    return {
        "columns": [
            {"id": name, "mean": float(mean) if share < 1 else None, "missing": float(share)}
            for name, mean, share in zip(train.columns, means, missing, strict=True)
        ],
        "score_quantiles": [[q, float(np.quantile(risks, q))] for q in quantiles],
    }


def _golden(member: Member, x: Floats) -> list[dict[str, Any]]:
    return [
        {"x": [None if np.isnan(value) else float(value) for value in row], "risk": float(risk)}
        for row, risk in zip(x, member.risk(x), strict=True)
    ]


def _json(value: object) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
