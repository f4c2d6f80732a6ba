"""Evaluation: what training showed, with refits and the border between populations, as pages to read.

`report/models/<outcome>/<population>/` holds report.json and its pages. The figures on the test rows are those of
training; what takes fits of its own (places left out, fewer people, the research set) is made on request.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models import Table, member_key, more
from models.gates import gates
from models.refits import feature_sets, learning_curve, left_out
from models.report import write_pages
from models.split import split_rows
from models.train import chosen_folder
from pipelines.data_steps import Progress
from pipelines.matrix import inputs_of_matrix
from pipelines.steps import Step, is_done, manifest_digest, read_manifest, run_step
from pipelines.train import CANDIDATES, REPORT, Rows, models_of, trained_member
from stratify.catalogue import Catalogue
from stratify.errors import DataError, UsageError
from stratify.workspace import Workspace

PLACES = ("hospital", "part")  # left out one by one
YEAR = 366  # days back within which a row of the year before lies


def evaluate_step(
    work: Workspace, catalogue: Catalogue, progress: Progress, only: Sequence[str] = (), *, refits: bool = False
) -> tuple[dict[str, Any], bool]:
    """Write each trained model's report and pages; return where they lie and the core figures.

    Raises UsageError for an outcome without a spec, DataError when a named outcome was not trained.
    """
    rows = Rows(work, catalogue, progress)
    unknown = sorted(set(only) - set(rows.declared.specs))
    if unknown:
        raise UsageError(f"no model for: {', '.join(unknown)}; there are {', '.join(rows.declared.specs)}")
    found: dict[str, Any] = {}
    ran_any, lacking = False, []
    for outcome, population in models_of(rows.declared, only):
        key = member_key(outcome, population)
        folder = work.training / key
        if not folder.exists() or read_manifest(folder, f"train {outcome}")["results"]["trained"] is None:
            lacking.append(key)
            continue
        results, ran = _one(rows, outcome, population, refits)
        found[key], ran_any = results, ran_any or ran
    if not found and (only or not work.training.exists()):
        raise DataError("nothing to evaluate, not trained; run `stratify train` first:", lacking)
    return {"results": {"evaluated": found, "not_trained": lacking}}, ran_any


def _one(rows: Rows, outcome: str, population: str, refits: bool) -> tuple[dict[str, Any], bool]:
    work, key = rows.work, member_key(outcome, population)
    siblings = {
        member_key(outcome, other): work.training / member_key(outcome, other)
        for other in rows.declared.specs[outcome].populations
    }
    inputs = inputs_of_matrix(work)
    inputs |= {name: manifest_digest(folder, "train") for name, folder in siblings.items()}
    step = Step("evaluate", work.report / "models" / key, inputs, {"model": key, "refits": True})
    if not refits and not is_done(step):  # what was refitted for the same model stays
        step = replace(step, parameters={"model": key, "refits": False})

    def make(out: Path) -> dict[str, Any]:
        rows.progress(f"evaluating {key}")
        folder = work.training / key
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        spec = rows.declared.specs[outcome]
        kind = chosen_folder(folder / CANDIDATES).name
        if len(siblings) > 1:
            report["border"] = _borders(rows, outcome, population)
        if step.parameters["refits"]:
            table, declared, one = rows.of(population), rows.declared, rows.catalogue.outcomes[outcome]
            report["refits"] = []
            for place in PLACES:
                rows.progress(f"evaluating {key}, {place}s left out")
                apart = left_out(spec, declared, table, one, kind, place)
                report["refits"] += more.apart_from_hidden(apart, place, report["subgroups"].get(place, {}))
            rows.progress(f"evaluating {key}, with fewer people")
            report["learning_curve"] = learning_curve(spec, declared, table, one, kind)
            rows.progress(f"evaluating {key}, served and research columns")
            report["feature_sets"] = feature_sets(spec, declared, rows.whole(population), one)
        found = gates(spec, report, None)
        write_pages(folder, out, [gate.told() for gate in found], report, rows.columns)
        overall = {name: figure["value"] for name, figure in report["overall"].items()}
        return {"overall": overall, "gates": [gate.told() for gate in found], "page": str(Path("models") / key)}

    manifest, ran = run_step(step, make)
    return manifest["results"], ran


def _borders(rows: Rows, outcome: str, population: str) -> list[dict[str, Any]]:
    """How this model's risks differ from those of the other populations' models, for test people who are in both."""
    found = []
    spec = rows.declared.specs[outcome]
    table = rows.table
    split = split_rows(spec.split, rows.catalogue.outcomes[outcome], table)
    belongs = rows.matrix.populations
    for other in spec.populations:
        members = [trained_member(rows.work, member_key(outcome, one)) for one in (population, other)]
        if other == population or None in members:
            continue
        test = split.rows["test"][(belongs[population] & belongs[other])[split.rows["test"]]]
        some = table.rows(test)
        own, its = (some.risk_by(member) for member in members if member is not None)
        before = _were_in(table, belongs[population], test)
        whole = int(belongs[population][split.rows["test"]].sum())
        found.append({"other": other, **more.border(own, its, ~before, whole)})
    return found


def _were_in(table: Table, belongs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Who of these rows' people stood in the population at the landmark before."""
    earlier = np.unique(table.landmark)
    last = earlier[np.searchsorted(earlier, table.landmark[rows].min()) - 1]
    there = table.person[belongs & (table.landmark == last)]
    return np.isin(table.person[rows], there)
