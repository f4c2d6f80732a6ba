"""Training: each outcome's candidates on the matrix and its labels, in a folder of its own, logged to MLflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models import NotTrained, Origin, Registry, Spec, Table, load_specs, train_outcome
from pipelines.build_step import MATRIX_KINDS
from pipelines.data_steps import Progress
from pipelines.matrix import Matrix, read_matrix
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.errors import DataError, UsageError
from stratify.features.kernel import Floats
from stratify.outcomes import followed
from stratify.store.read import Store
from stratify.workspace import Workspace

MODEL_KINDS = (*MATRIX_KINDS, "outcomes")
CANDIDATES = "candidates"


def train_step(
    work: Workspace, catalogue: Catalogue, progress: Progress, only: Sequence[str] = ()
) -> tuple[dict[str, Any], bool]:
    """Train the model of every outcome, or of those named, each in a folder of its own; return what came of all.

    Raises DataError when a named outcome has too few events: asked for by name, it must not be left out in silence.
    """
    unknown = sorted(set(only) - set(catalogue.outcomes))
    if unknown:
        raise UsageError(f"no such outcome: {', '.join(unknown)}; there are {', '.join(catalogue.outcomes)}")
    table = cache(lambda: _table(work, catalogue, progress))
    specs = load_specs()
    found = {
        outcome: _train_one(work, catalogue, outcome, specs.get(outcome), table, progress)
        for outcome in (only or catalogue.outcomes_at("landmark"))
    }
    refused = [told["not_trained"] for told, _ in found.values() if told["not_trained"]]
    if only and refused:
        raise DataError("not trained:", [told["text"] for told in refused])
    trained = {outcome: told["trained"] for outcome, (told, _) in found.items() if told["trained"]}
    return {"results": {"trained": trained, "not_trained": refused}}, any(ran for _, ran in found.values())


def _train_one(
    work: Workspace,
    catalogue: Catalogue,
    key: str,
    spec: Spec | None,
    table: Callable[[], Table],
    progress: Progress,
) -> tuple[dict[str, Any], bool]:
    step = Step(
        "train",
        work.training / key,
        inputs_of_matrix(work),
        {"outcome": key},
        catalogue.digest_of(*MODEL_KINDS),
        needs=(work.mlflow_db,),
    )

    def make(out: Path) -> dict[str, Any]:
        origin = origin_of(work, catalogue)
        registry = Registry(work.mlflow_db, work.mlartifacts)
        if spec is None:
            text = f"no model for {key}: it has no spec models/specs/{key}.toml"
            lacks = {"outcome": key, "split": "train", "events": None, "needs": 0, "text": text}
            return {"trained": None, "not_trained": lacks, "origin": asdict(origin)}
        rows = table()
        progress(f"training {key}")
        result = train_outcome(spec, rows, catalogue.outcomes[key], origin)
        if isinstance(result, NotTrained):
            return {"trained": None, "not_trained": result.told(), "origin": asdict(origin)}
        result.write(out / CANDIDATES)
        runs = {}
        for kind in result.files:
            progress(f"logging {key}, {kind}")
            folder = out / CANDIDATES / kind
            runs[kind] = registry.log_run(key, kind, result.parameters[kind], result.measures[kind], folder)
        version = registry.register(key, runs[result.chosen])
        told: dict[str, Any] = {"chosen": result.chosen, "version": version, "measures": dict(result.measures)}
        return {"trained": told, "not_trained": None, "origin": asdict(origin)}

    manifest, ran = run_step(step, make)
    return manifest["results"], ran


def inputs_of_matrix(work: Workspace) -> dict[str, str]:
    """Return the digests of the matrix and the store it was built from.

    Raises DataError when the store is another one by now: people are numbered anew with each landing, so the rows of
    the matrix would be taken for other people.
    """
    store = manifest_digest(work.store, "land")
    if read_manifest(work.features, "build")["inputs"]["store"] != store:
        raise DataError("the matrix was built from another store than is here now; run `stratify build` first")
    return {"features": manifest_digest(work.features, "build"), "store": store}


def _table(work: Workspace, catalogue: Catalogue, progress: Progress) -> Table:
    progress("reading the matrix")
    return labelled(work, catalogue).served()


def labelled(work: Workspace, catalogue: Catalogue) -> Table:
    """Return every row of the matrix with its labels."""
    store, matrix = Store(work.store), read_matrix(work.features)
    found = {key: outcome_labels(store, catalogue, key, matrix) for key in catalogue.outcomes_at("landmark")}
    return Table(
        matrix.rows.person.astype(np.int32), matrix.rows.day.astype(np.int32), matrix.cells, matrix.columns, found
    )


def outcome_labels(store: Store, catalogue: Catalogue, key: str, matrix: Matrix) -> Floats:
    """Return one outcome's labels for the rows of a matrix."""
    return followed(store, catalogue.outcomes[key], matrix.rows).y


def origin_of(work: Workspace, catalogue: Catalogue) -> Origin:
    """Return where the data came from, as cards and manifests tell it."""
    told = read_manifest(work.store, "land")["results"]["delivery"]
    return Origin(told["source"], told["covers_to"], told["delivered"], catalogue.digest_of(*MODEL_KINDS))
