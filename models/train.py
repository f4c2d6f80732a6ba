"""From a landmark table to one outcome's model: two candidates, one rule of choice, one look at the test rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from models.calibrate import fit_sigmoid
from models.card import card, made_on
from models.estimators import Fitted, fit_lightgbm, fit_logistic, threads_for
from models.evaluate import measures
from models.scoring import MODEL_FILES, Kind, Member
from models.spec import Spec
from models.split import NotTrained, Split, enough, split_rows
from models.table import Floats, Origin, Table, column_ids, columns_digest, refusal
from stratify.catalogue.entries import Outcome
from stratify.errors import DataError, GateError
from stratify.files import folder_written_whole, write_bytes, write_json

KINDS: tuple[Kind, ...] = ("lightgbm", "logistic")
REFERENCE_QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
GOLDEN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Candidate:
    """A calibrated model with what it was made by, and what it showed on the calibration and the test rows."""

    member: Member
    model: bytes
    parameters: Mapping[str, Any]
    calibrate_auroc: float
    test: Mapping[str, float | int | None]

    def told(self) -> dict[str, Any]:
        """Return it as it stands in a card."""
        return {
            "parameters": dict(self.parameters),
            "calibration": {"method": "sigmoid", "a": self.member.a, "b": self.member.b},
            "calibrate": {"auroc": self.calibrate_auroc},
            "test": dict(self.test),
        }


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

    The simpler model is chosen unless the trees' AUROC on the calibration rows is better by `choose.lightgbm_gain`.
    The test rows are looked at once, after that. Raises GateError (exit 12) where a column may not steer one person's
    care, DataError (exit 11) where the table has no labels of this outcome.
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
    candidates = {
        kind: candidate
        for kind in KINDS
        if (candidate := _candidate(kind, _fit(kind, spec, table, y, split), table.x, y, split))
    }
    if not candidates:
        return NotTrained(
            outcome.id, "calibrate", int(y[split.rows["calibrate"]].sum()), outcome.min_events_test,
            f"no model for {outcome.id}: no candidate can be calibrated; on the calibration rows each tells nobody "
            "apart, or all of them, as a leak would: look at the features, then train again",
        )  # fmt: skip
    chosen = _choose(candidates, spec.choose.lightgbm_gain)
    golden_x = golden_rows(table.x[split.rows["train"]])
    shared: dict[str, Any] = {
        "made_on": made_on(split, table.person, y),
        "candidates": {kind: candidate.told() for kind, candidate in candidates.items()},
        "chosen": {"kind": chosen, "rule": _rule(spec.choose.lightgbm_gain)},
        "columns_digest": columns_digest(table.columns),
    }
    files = {
        kind: {
            MODEL_FILES[kind]: candidate.model,
            "calibration.json": _json(candidate.told()["calibration"]),
            "reference.json": _json(_reference(candidate.member, table, split)),
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


def _fit(kind: Kind, spec: Spec, table: Table, y: Floats, split: Split) -> Fitted:
    rows, names = split.rows["train"], column_ids(table.columns)
    if kind == "logistic":
        return fit_logistic(spec.estimators.logistic, table.x[rows], y[rows], names)
    last = table.landmark[rows] == split.landmarks["train"][-1]
    # another seed than the split's: by the same one, nobody left for training would be among the first 15 %
    seed = spec.split.seed + 1
    return fit_lightgbm(spec.estimators.lightgbm, table.x[rows], y[rows], names, table.person[rows], last, seed)


def _candidate(kind: Kind, fitted: Fitted, x: Floats, y: Floats, split: Split) -> Candidate | None:
    """Return the calibrated candidate, or None where no rising sigmoid fits the calibration rows."""
    calibrate, test = split.rows["calibrate"], split.rows["test"]
    threads = threads_for(len(calibrate))
    raw = _member(kind, fitted.model, 1.0, 0.0, threads)
    line = fit_sigmoid(raw.logit(x[calibrate]), y[calibrate])
    if line is None:
        return None
    member = _member(kind, fitted.model, *line, threads)
    auroc = float(roc_auc_score(y[calibrate], member.logit(x[calibrate])))
    return Candidate(member, fitted.model, fitted.parameters, auroc, measures(y[test], member.risk(x[test])))


def _member(kind: Kind, model: bytes, a: float, b: float, threads: int) -> Member:
    calibration = _json({"method": "sigmoid", "a": a, "b": b})
    return Member.from_files({MODEL_FILES[kind]: model, "calibration.json": calibration}, threads=threads)


def _choose(candidates: Mapping[Kind, Candidate], gain: float) -> Kind:
    if len(candidates) == 1:
        return next(iter(candidates))
    better_by = candidates["lightgbm"].calibrate_auroc - candidates["logistic"].calibrate_auroc
    return "lightgbm" if better_by >= gain else "logistic"


def _rule(gain: float) -> str:
    return f"logistic, unless the AUROC of lightgbm on the calibration landmark is higher by {gain} or more"


def _reference(member: Member, table: Table, split: Split) -> dict[str, Any]:
    """What drift is measured against: training's column means, and the spread of risks on the calibration landmark."""
    x = table.x[split.rows["train"]]
    missing = np.isnan(x).mean(axis=0)
    means = np.nansum(x, axis=0) / np.maximum((1 - missing) * len(x), 1)
    risks = np.quantile(member.risk(table.x[split.rows["calibrate"]]), REFERENCE_QUANTILES)
    return {
        "columns": [
            {"id": name, "mean": float(mean) if share < 1 else None, "missing": float(share)}
            for name, mean, share in zip(column_ids(table.columns), means, missing, strict=True)
        ],
        "score_quantiles": [[q, float(risk)] for q, risk in zip(REFERENCE_QUANTILES, risks, strict=True)],
    }


def _golden(member: Member, x: Floats) -> list[dict[str, Any]]:
    return [
        {"x": [None if np.isnan(value) else float(value) for value in row], "risk": float(risk)}
        for row, risk in zip(x, member.risk(x), strict=True)
    ]


def _json(value: object) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
