"""The steps from the matrix to a served bundle: train each outcome's model, then promote what was trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models import (
    Content,
    NotTrained,
    Origin,
    Registry,
    Spec,
    Table,
    ensure_signing_keys,
    load_champion,
    load_specs,
    read_member,
    set_champion,
    train_outcome,
    with_member,
    write_bundle,
)
from models.bundle import roll_back
from models.table import refusal
from models.train import chosen_folder
from pipelines.data_steps import COHORT, MATRIX_KINDS, Progress
from pipelines.matrix import Matrix, read_matrix
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.cohort import spells
from stratify.errors import DataError, UsageError
from stratify.features.kernel import Floats
from stratify.outcomes import labels, left_early, outcome_stays
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
    found = {
        outcome: _train_one(work, catalogue, spec, table, progress)
        for outcome, spec in load_specs().items()
        if not only or outcome in only
    }
    short = [told["not_trained"]["text"] for told, _ in found.values() if told["not_trained"]]
    if only and short:
        raise DataError("not trained:", short)
    return {"results": trained_so_far(work, catalogue)}, any(ran for _, ran in found.values())


def _train_one(
    work: Workspace, catalogue: Catalogue, spec: Spec, table: Callable[[], Table], progress: Progress
) -> tuple[dict[str, Any], bool]:
    key = spec.outcome
    step = Step(
        "train",
        work.training / key,
        _inputs(work),
        {"outcome": key},
        catalogue.digest_of(*MODEL_KINDS),
        needs=(work.mlflow_db,),
    )

    def make(out: Path) -> dict[str, Any]:
        rows = table()
        progress(f"training {key}")
        origin = origin_of(work, catalogue)
        registry = Registry(work.mlflow_db, work.mlartifacts)
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
        told = {"chosen": result.chosen, "version": version, "measures": dict(result.measures)}
        return {"trained": told, "not_trained": None, "origin": asdict(origin)}

    manifest, ran = run_step(step, make)
    return manifest["results"], ran


def trained_so_far(work: Workspace, catalogue: Catalogue) -> dict[str, Any]:
    """Return what came of training each outcome on the data and entries as they are now.

    Raises DataError where an outcome was trained on other data, another matrix or other entries, or not at all.
    """
    trained: dict[str, Any] = {}
    refused: list[dict[str, Any]] = []
    stale: list[str] = []
    for outcome in load_specs():
        manifest = read_manifest(work.training / outcome, "train")
        if manifest["inputs"] != _inputs(work) or manifest["catalogue"] != catalogue.digest_of(*MODEL_KINDS):
            stale.append(f"{outcome}: run `stratify train {outcome}`")
        elif manifest["results"]["trained"] is None:
            refused.append(manifest["results"]["not_trained"])
        else:
            trained[outcome] = manifest["results"]["trained"]
    if stale:
        raise DataError("trained on other data, another matrix or other entries than are here now:", stale)
    return {"trained": trained, "not_trained": refused}


def promote(work: Workspace, catalogue: Catalogue, progress: Progress) -> str:
    """Write what was trained as a signed bundle, let it be the champion, and return its version.

    `score` uses it next; until then the service goes on with the bundle that its file was scored with.
    """
    results = trained_so_far(work, catalogue)
    progress("signing the bundle")
    columns = [column for column in read_columns(work.features) if refusal(column) is None]
    content = replace(Content.of(origin_of(work, catalogue), COHORT, columns), not_trained=results["not_trained"])
    for outcome, told in results["trained"].items():
        member = read_member(chosen_folder(work.training / outcome / CANDIDATES), told["version"])
        content = with_member(content, outcome, member)
    private, public = ensure_signing_keys(work.keys)
    version = write_bundle(work.bundles, content, private)
    _set_aliases(work, {outcome: told["version"] for outcome, told in results["trained"].items()})
    set_champion(work.bundles, version, public)
    return version


def take_back(work: Workspace) -> str:
    """Let the champion before this one be it again, in the registry too, and return its version."""
    _, public = ensure_signing_keys(work.keys)
    version = roll_back(work.bundles, public)
    members = load_champion(work.bundles, public).manifest["members"]
    _set_aliases(work, {outcome: told["registered_version"] for outcome, told in members.items()})
    return version


def _set_aliases(work: Workspace, versions: Mapping[str, int]) -> None:
    if versions:
        registry = Registry(work.mlflow_db, work.mlartifacts)
        for outcome, version in versions.items():
            registry.set_champion(outcome, version)


def _inputs(work: Workspace) -> dict[str, str]:
    return {"features": manifest_digest(work.features, "build"), "store": manifest_digest(work.store, "land")}


def _table(work: Workspace, catalogue: Catalogue, progress: Progress) -> Table:
    progress("reading the matrix")
    return labelled(work, catalogue).served()


def labelled(work: Workspace, catalogue: Catalogue) -> Table:
    """Return every row of the matrix with its labels."""
    store, matrix = Store(work.store), read_matrix(work.features)
    found = {key: outcome_labels(store, catalogue, key, matrix) for key in catalogue.outcomes}
    return Table(
        matrix.rows.person.astype(np.int32), matrix.rows.day.astype(np.int32), matrix.cells, matrix.columns, found
    )


def outcome_labels(store: Store, catalogue: Catalogue, key: str, matrix: Matrix) -> Floats:
    """Return one outcome's labels for the rows of a matrix; none for people who moved away within the window."""
    outcome = catalogue.outcomes[key]
    stays = store.read("stay", ["person", "day", "admission", "acute", "care"])
    which = outcome_stays(outcome, stays, acute_told=bool(store.measurable["acute"]))
    death, lived = store.persons()["death"], spells(store.residence())
    found = labels(
        outcome,
        matrix.rows,
        stay_person=stays["person"][which].astype(np.int64),
        stay_day=stays["day"][which].astype(np.int64),
        death=death,
        lived=lived,
        covers_to=store.day("covers_to"),
        delivered=store.day("delivered"),
    )
    found[left_early(outcome, matrix.rows, death, lived)] = np.nan
    return found


def origin_of(work: Workspace, catalogue: Catalogue) -> Origin:
    """Return where the data came from, as cards and manifests tell it."""
    told = read_manifest(work.store, "land")["results"]["delivery"]
    return Origin(told["source"], told["covers_to"], told["delivered"], catalogue.digest_of(*MODEL_KINDS))


def read_columns(features: Path) -> list[dict[str, Any]]:
    """Return the matrix's columns as declared."""
    read_manifest(features, "build")
    columns: list[dict[str, Any]] = json.loads((features / "columns.json").read_text(encoding="utf-8"))
    return columns
