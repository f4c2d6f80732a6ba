"""The steps from the matrix to a served bundle: train each outcome's model, then promote what was trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models import (
    Content,
    NotTrained,
    Origin,
    Registry,
    Table,
    ensure_signing_keys,
    load_specs,
    read_member,
    set_champion,
    train_outcome,
    with_member,
    write_bundle,
)
from models.table import refusal
from models.train import chosen_folder
from pipelines.data_steps import COHORT, MATRIX_KINDS, Progress
from pipelines.matrix import Matrix, read_matrix
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.cohort import spells
from stratify.errors import DataError, UsageError
from stratify.features.kernel import Floats
from stratify.outcomes import labels, outcome_stays
from stratify.store.read import Store
from stratify.workspace import Workspace

MODEL_KINDS = (*MATRIX_KINDS, "outcomes")


def train_step(
    work: Workspace, catalogue: Catalogue, progress: Progress, only: Sequence[str] = ()
) -> tuple[dict[str, Any], bool]:
    """Train the model of every outcome (or of those named), and log both candidates to MLflow; return the manifest.

    Raises DataError when a named outcome has too few events: asked for by name, it must not be left out in silence.
    """
    unknown = sorted(set(only) - set(catalogue.outcomes))
    if unknown:
        raise UsageError(f"no such outcome: {', '.join(unknown)}; there are {', '.join(catalogue.outcomes)}")
    inputs = {"features": manifest_digest(work.features, "build"), "store": manifest_digest(work.store, "land")}
    step = Step("train", work.training, inputs, {"outcomes": sorted(only)}, catalogue.digest_of(*MODEL_KINDS))

    def make(out: Path) -> dict[str, Any]:
        progress("reading the matrix")
        origin = origin_of(work, catalogue)
        table = labelled(work, catalogue).served()
        registry = Registry(work.mlflow_db, work.mlartifacts)
        trained: dict[str, Any] = {}
        refused: list[dict[str, Any]] = []
        for outcome, spec in load_specs().items():
            if only and outcome not in only:
                continue
            progress(f"training {outcome}")
            result = train_outcome(spec, table, catalogue.outcomes[outcome], origin)
            if isinstance(result, NotTrained):
                refused.append(result.told())
                continue
            result.write(out / outcome)
            runs = {}
            for kind in result.files:
                progress(f"logging {outcome}, {kind}")
                runs[kind] = registry.log_run(
                    outcome, kind, result.parameters[kind], result.measures[kind], out / outcome / kind
                )
            version = registry.register(outcome, runs[result.chosen])
            trained[outcome] = {"chosen": result.chosen, "version": version, "measures": dict(result.measures)}
        if only and refused:
            raise DataError("not trained:", [told["text"] for told in refused])
        return {"trained": trained, "not_trained": refused}

    return run_step(step, make)


def promote(work: Workspace, catalogue: Catalogue, progress: Progress) -> str:
    """Write what was trained as a signed bundle, let it be the one that is served, and return its version."""
    results = read_manifest(work.training, "train")["results"]
    progress("signing the bundle")
    columns = [column for column in read_columns(work.features) if refusal(column) is None]
    content = replace(Content.of(origin_of(work, catalogue), COHORT, columns), not_trained=results["not_trained"])
    for outcome, told in results["trained"].items():
        member = read_member(chosen_folder(work.training / outcome), told["version"])
        content = with_member(content, outcome, member)
    private, public = ensure_signing_keys(work.keys)
    version = write_bundle(work.bundles, content, private)
    set_champion(work.bundles, version, public)
    if results["trained"]:
        registry = Registry(work.mlflow_db, work.mlartifacts)
        for outcome, told in results["trained"].items():
            registry.set_champion(outcome, told["version"])
    return version


def labelled(work: Workspace, catalogue: Catalogue) -> Table:
    """Return every row of the matrix with its labels."""
    store, matrix = Store(work.store), read_matrix(work.features)
    found = {key: outcome_labels(store, catalogue, key, matrix) for key in catalogue.outcomes}
    return Table(
        matrix.rows.person.astype(np.int32), matrix.rows.day.astype(np.int32), matrix.cells, matrix.columns, found
    )


def outcome_labels(store: Store, catalogue: Catalogue, key: str, matrix: Matrix) -> Floats:
    """Return one outcome's labels for the rows of a matrix."""
    outcome = catalogue.outcomes[key]
    stays = store.read("stay", ["person", "day", "admission", "acute", "care"])
    which = outcome_stays(outcome, stays, acute_told=bool(store.measurable["acute"]))
    return labels(
        outcome,
        matrix.rows,
        stay_person=stays["person"][which].astype(np.int64),
        stay_day=stays["day"][which].astype(np.int64),
        death=store.persons()["death"],
        lived=spells(store.residence()),
        covers_to=store.day("covers_to"),
        delivered=store.day("delivered"),
    )


def origin_of(work: Workspace, catalogue: Catalogue) -> Origin:
    """Return where the data came from, as cards and manifests tell it."""
    told = read_manifest(work.store, "land")["results"]["delivery"]
    return Origin(told["source"], told["covers_to"], told["delivered"], catalogue.digest_of(*MODEL_KINDS))


def read_columns(features: Path) -> list[dict[str, Any]]:
    """Return the matrix's columns as declared."""
    read_manifest(features, "build")
    columns: list[dict[str, Any]] = json.loads((features / "columns.json").read_text(encoding="utf-8"))
    return columns
