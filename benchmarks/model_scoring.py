"""What scoring a region costs with the models of a work folder, and whether bundle and MLflow say the same.

People are the rows of the landmark that is scored, over and over; a block is copied, checked and scored at a time. The
bundle is written, signed and read back in the benchmark's folder; MLflow's database is read from a copy, so that
nothing else of the work folder is written to.
"""

import os
import shutil
import time
import warnings

import numpy as np

from models import (
    Content,
    Member,
    Origin,
    ensure_signing_keys,
    load_bundle,
    load_declared,
    read_member,
    with_member,
    write_bundle,
)
from models.bundle import registered_name
from models.candidates import Training
from models.estimators import fit_lightgbm
from models.scoring import Trees
from models.split import split_rows
from models.table import column_ids, refusal
from models.train import chosen_folder
from pipelines.matrix import read_matrix
from pipelines.steps import read_manifest
from pipelines.train import CANDIDATES
from stratify.registers.clock import day_number, read_date

PEOPLE, BLOCK, TREES = 1_300_000, 100_000, 300
ASKED_OF_MLFLOW = 20_000  # rows


def scoring(rows, keys, folder):
    """Return seconds of each model of these keys, of one of 300 trees and of reading, and the largest difference."""
    work = rows.work
    day = day_number(read_date(read_manifest(work.features, "build")["results"]["score_landmark"], "score_landmark"))
    clock = _clock()
    matrix = read_matrix(work.features, [day])
    reading = _since(clock)
    bundle = _bundle(work, keys, matrix, folder)
    matrix = matrix.select(bundle.content.columns)
    inside = matrix.populations["psychiatric_somatic"]
    told = {
        "people": len(matrix.rows),
        "reading": {name: seconds * PEOPLE / len(matrix.rows) for name, seconds in reading.items()},
        "models": {},
    }
    for key in keys:
        member, places = bundle.members[key], bundle.places(key)
        told["models"][key] = {
            "kind": member.kind,
            "trees": bundle.cards[key]["candidates"][member.kind]["parameters"].get("rounds"),
            **_many(member, np.ascontiguousarray(matrix.cells[:, places]), inside),
        }
    told["of_300"] = _of_300(rows, keys[0], matrix, inside)
    told["mlflow"] = _beside_mlflow(work, keys, bundle, matrix, inside, folder)
    return told


def _many(member, x, inside):
    """Seconds to score PEOPLE rows, the mean of the risks beside, so that none is left out."""
    clock, total, done = _clock(), 0.0, 0
    for start in range(0, PEOPLE, BLOCK):
        which = np.arange(start, min(start + BLOCK, PEOPLE)) % len(x)
        total += float(member.risk(x[which], inside[which]).sum())
        done += len(which)
    return {**_since(clock), "mean": total / done}


def _of_300(rows, key, matrix, inside):
    """The cost of a model of 300 trees by our settings, whatever early stopping left the others with."""
    outcome, population = key.split("/")
    spec, table = rows.declared.specs[outcome], rows.of(population)
    train = Training.of(table, outcome, split_rows(spec.split, rows.catalogue.outcomes[outcome], table))
    fitted = fit_lightgbm(
        spec.estimators.lightgbm, train.x, train.y, train.weight, train.columns,
        rows.declared.directions(spec, train.columns), train.person, train.stable,
        train.landmark == train.landmark.max(), spec.split.seed + 1, TREES,
    )  # fmt: skip
    member = Member("lightgbm", Trees(fitted.model.decode(), 2), 1.0, 0.0)
    at = {str(column["id"]): j for j, column in enumerate(matrix.columns)}
    cells = np.ascontiguousarray(matrix.cells[:, [at[name] for name in member.columns]])
    return {"key": key, "trees": TREES, "leaves": spec.estimators.lightgbm.num_leaves, **_many(member, cells, inside)}


def _bundle(work, keys, matrix, folder):
    """The models of these keys as a bundle, signed by a key of the benchmark's own, read back and verified."""
    declared = load_declared()
    columns = [column for column in matrix.columns if refusal(column) is None] + declared.index_columns()
    origin = Origin(**read_manifest(work.training / keys[0], "train")["results"]["origin"])
    content = Content.of(origin, columns, declared.reason_groups(column_ids(columns)))
    for key in keys:
        content = with_member(content, key, read_member(chosen_folder(work.training / key / CANDIDATES)))
    private, public = ensure_signing_keys(folder / "keys")
    version = write_bundle(folder / "bundles", content, private)
    return load_bundle(folder / "bundles" / version, public, threads=2)


def _beside_mlflow(work, keys, bundle, matrix, inside, folder):
    """The largest difference between the bundle's risks and those of the registered challengers, by key."""
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    import mlflow
    import pandas as pd

    copy = folder / "mlflow.db"
    shutil.copyfile(work.mlflow_db, copy)
    mlflow.set_tracking_uri(f"sqlite:///{copy}")
    mlflow.set_registry_uri(f"sqlite:///{copy}")
    names = [str(column["id"]) for column in matrix.columns]
    some = np.linspace(0, len(matrix.rows) - 1, min(ASKED_OF_MLFLOW, len(matrix.rows))).astype(int)
    frame = pd.DataFrame(matrix.cells[some], columns=names).assign(psychiatric_somatic=inside[some])
    found = {}
    for key in keys:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = mlflow.pyfunc.load_model(f"models:/{registered_name(key)}@challenger")
        own = bundle.members[key].risk(matrix.cells[np.ix_(some, bundle.places(key))], inside[some])
        found[key] = float(np.abs(np.asarray(model.predict(frame)) - own).max())
    copy.unlink()
    return {"rows": len(some), "differences": found}


def _clock():
    return time.perf_counter(), time.process_time()


def _since(clock):
    return {"seconds": time.perf_counter() - clock[0], "cpu_seconds": time.process_time() - clock[1]}
