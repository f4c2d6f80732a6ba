"""From a landmark table to one outcome's model: candidates and baselines, one rule of choice, one look at the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.candidates import SERVED, Candidate, Training, choose, make_candidate, recipes, rule
from models.card import card, made_on
from models.declared import Declared
from models.sample_size import NAGELKERKE, rows_needed
from models.scoring import MODEL_FILES, Member
from models.spec import Spec
from models.split import NotTrained, Split, enough, split_rows
from models.table import FEW, Column, Floats, Origin, Table, column_ids, refusal
from models.three_state import ThreeState, fit_three_state
from stratify.catalogue.entries import Outcome
from stratify.errors import DataError, GateError
from stratify.files import folder_written_whole, write_bytes, write_json

REFERENCE_QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
SAMPLE_SIZE = {
    "da": f"Riley 2019 for en hændelse, der sker eller ikke sker; Nagelkerkes R² {NAGELKERKE:g}".replace(".", ","),
    "en": f"Riley 2019 for a binary outcome; Nagelkerke's R² {NAGELKERKE:g}",
}
GOLDEN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Trained:
    """What training gave: every candidate and baseline, which one is chosen, and the files of those that may be served.

    split holds the rows of the table each part had, for whoever evaluates; three_state is None where a state is rare.
    """

    outcome: str
    population: str
    chosen: str
    candidates: Mapping[str, Candidate]
    files: Mapping[str, Mapping[str, bytes]]
    split: Split
    three_state: ThreeState | None

    def write(self, folder: Path) -> None:
        """Write <folder>/<candidate>/<file> for each that may be served, and chosen.json, whole or not at all."""
        with folder_written_whole(folder) as fresh:
            for name, files in self.files.items():
                for file, data in files.items():
                    write_bytes(fresh / name / file, data)
            told = {"outcome": self.outcome, "population": self.population, "chosen": self.chosen}
            write_json(fresh / "chosen.json", told)

    def risks(self, table: Table) -> dict[str, Floats]:
        """Return each candidate's and baseline's risk of the rows of a table with the columns it was trained on."""
        return {name: table.risk_by(one.member) for name, one in self.candidates.items()}


def chosen_folder(folder: Path) -> Path:
    """Return where the chosen candidate's files lie below a folder that `Trained.write` wrote."""
    return folder / str(json.loads((folder / "chosen.json").read_text(encoding="utf-8"))["chosen"])


def train_outcome(
    spec: Spec, declared: Declared, population: str, table: Table, outcome: Outcome, origin: Origin
) -> Trained | NotTrained:
    """Return the trained candidates of one population and the chosen one, or what was missing to train them.

    table: the population's rows. The simpler model is chosen unless the trees do better by the rule of `choose`, on
    out-of-fold risks. The test rows are not looked at. Raises GateError (exit 12) where a column may not steer one
    person's care, DataError (exit 11) where the table has no labels of this outcome or lacks a column that is named.
    """
    refused = [f"{column['id']}: {told}" for column in table.columns if (told := refusal(column))]
    refused += [f"{p.column}: stands beside" for p in declared.predictors_of(spec) if p.column in table.beside]
    if refused:
        raise GateError("a model that is served on persons may not read these columns:", refused)
    absent = sorted(declared.columns_of(spec) - set(column_ids(table.columns)) - set(table.beside))
    if absent:
        told = "models name columns that the matrix does not have; name others, or run `stratify build` again:"
        raise DataError(told, absent)
    if spec.outcome != outcome.id or outcome.id not in table.labels:
        raise DataError(f"needs spec and labels of {outcome.id}, got {spec.outcome} and {', '.join(table.labels)}")
    labels = table.labels[outcome.id]
    split = split_rows(spec.split, outcome, table)
    parameters = sum(predictor.basis().size for predictor in declared.predictors_of(spec))
    short = enough(outcome, population, split, labels.y, parameters)
    if short:
        return short
    train = Training.of(table, outcome.id, split)
    found = {
        recipe.name: candidate
        for recipe in recipes(spec, declared, train)
        if (candidate := make_candidate(recipe, spec, table, outcome.id, split))
    }
    able: list[str] = [name for name in SERVED if name in found]
    if not able:
        return NotTrained(
            outcome.id, population, "calibrate", int(labels.y[split.rows["calibrate"]].sum()), outcome.min_events_test,
            f"no model for {outcome.id}, {population}: no candidate can be calibrated; on the calibration rows each "
            "tells nobody apart, or all of them, as a leak would: look at the features, then train again",
        )  # fmt: skip
    rows = split.rows["calibrate"]
    chosen = choose(found, spec, labels.y[rows], labels.weight[rows])
    shared: dict[str, Any] = {
        "asked": split.folds,
        "made_on": made_on(split, table, labels),
        "sample_size": _sample_size(parameters, labels.y[split.rows["train"]]),
        "candidates": {name: candidate.told() for name, candidate in found.items()},
        "chosen": {"kind": chosen, "rule": rule(spec)},
        "constraints": [one.model_dump() for one in declared.constraints_of(spec)],
    }
    files = {
        name: {
            MODEL_FILES[found[name].kind]: found[name].model,
            "calibration.json": _json(found[name].calibration.as_dict()),
            "reference.json": _json(_reference(found[name], train)),
            "golden.json": _json(_golden(found[name].member, golden_rows(train.read(found[name].member.columns)))),
            "card.json": _json(
                card(spec, declared, population, outcome, origin, _columns(table, found[name]), kind=name, **shared)
            ),
        }
        for name in able
    }
    three = _three_state(spec, table, outcome, split, found)
    return Trained(outcome.id, population, chosen, found, files, split, three)


def _columns(table: Table, candidate: Candidate) -> list[Column]:
    declared = {str(column["id"]): column for column in table.columns}
    return [declared[name] for name in candidate.member.columns]


def _three_state(
    spec: Spec, table: Table, outcome: Outcome, split: Split, found: Mapping[str, Candidate]
) -> ThreeState | None:
    if outcome.event == "death" or "lightgbm" not in found:
        return None
    rounds = int(found["lightgbm"].parameters["rounds"])
    return fit_three_state(spec.estimators.lightgbm, table, outcome.id, split, rounds)


def _sample_size(parameters: int, y: Floats) -> dict[str, Any]:
    prevalence = float(y.mean())
    return {
        "rule": SAMPLE_SIZE,
        "parameters": parameters,
        "rows_needed": rows_needed(parameters, prevalence),
        "rows": len(y),
    }


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
    x = train.read(candidate.member.columns)
    absent = np.isnan(x)
    lacking = np.array([np.unique(train.person[column]).size for column in absent.T])
    missing = np.where(lacking < FEW, 0.0, absent.mean(axis=0))
    means = np.nansum(x, axis=0) / np.maximum((~absent).sum(axis=0), 1)
    risks, beyond = candidate.out_of_fold, len(candidate.out_of_fold) - 1
    quantiles = [q for q in REFERENCE_QUANTILES if int(min(q, 1 - q) * beyond) >= FEW]
    return {
        "columns": [
            {"id": name, "mean": float(mean) if share < 1 else None, "missing": float(share)}
            for name, mean, share in zip(candidate.member.columns, means, missing, strict=True)
        ],
        "score_quantiles": [[q, float(np.quantile(risks, q))] for q in quantiles],
    }


def _golden(member: Member, x: Floats) -> list[dict[str, Any]]:
    """Cases with the risk of each, first outside the stratum, then the same rows inside."""
    return [
        {"x": [None if np.isnan(value) else float(value) for value in row], "inside": inside, "risk": float(risk)}
        for inside in (False, True)
        for row, risk in zip(x, member.risk(x, np.full(len(x), inside)), strict=True)
    ]


def _json(value: object) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
