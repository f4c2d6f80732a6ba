"""Training: each outcome's models, one for each population, in a folder of its own, evaluated and logged to MLflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models import Declared, NotTrained, Registry, Table, load_declared, member_key, train_outcome
from models.evaluate import evaluate
from models.evaluate.core import CORE
from models.spec import Spec
from models.train import Trained
from pipelines.build_step import MATRIX_KINDS
from pipelines.data_steps import Progress
from pipelines.labelled import of_population, origin_of, table_of
from pipelines.matrix import Matrix, read_matrix
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.errors import DataError, UsageError
from stratify.files import write_json
from stratify.store.read import Store
from stratify.workspace import Workspace

MODEL_KINDS = (*MATRIX_KINDS, "outcomes")
CANDIDATES, REPORT = "candidates", "report.json"


@dataclass(frozen=True)
class Rows:
    """The matrix and its labels, read when a model first needs them."""

    work: Workspace
    catalogue: Catalogue
    progress: Progress

    @cached_property
    def matrix(self) -> Matrix:
        """Every row of the landmark matrix."""
        self.progress("reading the matrix")
        return read_matrix(self.work.features)

    @cached_property
    def table(self) -> Table:
        """The matrix with the labels of every outcome counted from a landmark."""
        matrix = self.matrix
        self.progress("reading what came of it")
        return table_of(Store(self.work.store), matrix, self.catalogue.outcomes_at("landmark"))

    def of(self, population: str) -> Table:
        """Return the table of a population."""
        return of_population(self.table, self.matrix, population)


def train_step(
    work: Workspace, catalogue: Catalogue, progress: Progress, only: Sequence[str] = ()
) -> tuple[dict[str, Any], bool]:
    """Train the models of every outcome, or of those named, each in a folder of its own; return what came of all.

    Raises DataError when a named outcome has too few events: asked for by name, it must not be left out in silence.
    """
    declared = load_declared()
    unknown = sorted(set(only) - set(catalogue.outcomes))
    if unknown:
        raise UsageError(f"no such outcome: {', '.join(unknown)}; there are {', '.join(catalogue.outcomes)}")
    rows = Rows(work, catalogue, progress)
    found: dict[str, dict[str, Any]] = {}
    ran_any = False
    for outcome, population in models_of(declared, only):
        told, ran = _train_one(rows, declared, outcome, population)
        found[member_key(outcome, population)] = told
        ran_any |= ran
    refused = [told["not_trained"] for told in found.values() if told["not_trained"]]
    refused += [
        _without_spec(outcome) for outcome in only or catalogue.outcomes_at("landmark") if outcome not in declared.specs
    ]
    if only and refused:
        raise DataError("not trained:", [told["text"] for told in refused])
    trained = {key: told["trained"] for key, told in found.items() if told["trained"]}
    return {"results": {"trained": trained, "not_trained": refused}}, ran_any


def _without_spec(outcome: str) -> dict[str, Any]:
    text = f"no model for {outcome}: it has no spec in models/specs"
    return NotTrained(outcome, "", "train", None, 0, text).told()


def models_of(declared: Declared, only: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return each model that is declared, of all outcomes or of those named, as outcome and population."""
    return [
        (outcome, population)
        for outcome, spec in declared.specs.items()
        if not only or outcome in only
        for population in spec.populations
    ]


def _train_one(rows: Rows, declared: Declared, outcome: str, population: str) -> tuple[dict[str, Any], bool]:
    work, catalogue, progress = rows.work, rows.catalogue, rows.progress
    key, spec = member_key(outcome, population), declared.specs[outcome]
    step = Step(
        "train",
        work.training / key,
        inputs_of_matrix(work),
        {"outcome": outcome, "population": population},
        catalogue.digest_of(*MODEL_KINDS),
        needs=(work.mlflow_db,),
    )

    def make(out: Path) -> dict[str, Any]:
        origin = origin_of(work, catalogue.digest_of(*MODEL_KINDS))
        table = rows.of(population)
        progress(f"training {key}")
        result = train_outcome(spec, declared, population, table, catalogue.outcomes[outcome], origin)
        if isinstance(result, NotTrained):
            return {"trained": None, "not_trained": result.told(), "origin": asdict(origin)}
        result.write(out / CANDIDATES)
        progress(f"evaluating {key}")
        report = evaluated(spec, result, table)
        write_json(out / REPORT, report)
        version = _logged(work, key, result, report, out, progress)
        told = {"chosen": result.chosen, "version": version, "measures": headline(report["overall"])}
        return {"trained": told, "not_trained": None, "origin": asdict(origin)}

    manifest, ran = run_step(step, make)
    return manifest["results"], ran


def evaluated(spec: Spec, trained: Trained, table: Table) -> dict[str, Any]:
    """Return the report of a trained model on the test rows, every other candidate and baseline beside it."""
    test = table.rows(trained.split.rows["test"])
    labels, risks = test.labels[trained.outcome], trained.risks(test)
    return evaluate(
        labels.y,
        risks.pop(trained.chosen),
        person=test.person,
        weight=labels.weight,
        died_first=labels.died_first,
        days=labels.days,
        groups=test.audit,
        others=risks,
        thresholds=spec.evaluation.thresholds,
        capacity=spec.evaluation.capacity,
        bootstraps=spec.evaluation.bootstraps,
        seed=spec.evaluation.seed,
    )


def headline(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the core figures of a report, or of another model in it, as MLflow and a manifest tell them."""
    return {name: figures[name]["value"] for name in CORE}


def _logged(
    work: Workspace, key: str, result: Trained, report: dict[str, Any], out: Path, progress: Callable[..., None]
) -> int:
    registry = Registry(work.mlflow_db, work.mlartifacts)
    runs = {}
    for kind in result.files:
        progress(f"logging {key}, {kind}")
        own = report["overall"] if kind == result.chosen else report["others"][kind]
        folder = out / CANDIDATES / kind
        runs[kind] = registry.log_run(key, kind, result.candidates[kind].parameters, headline(own), folder)
    return registry.register(key, runs[result.chosen])


def inputs_of_matrix(work: Workspace) -> dict[str, str]:
    """Return the digests of the matrix and the store it was built from.

    Raises DataError when the store is another one by now: people are numbered anew with each landing, so the rows of
    the matrix would be taken for other people.
    """
    store = manifest_digest(work.store, "land")
    if read_manifest(work.features, "build")["inputs"]["store"] != store:
        raise DataError("the matrix was built from another store than is here now; run `stratify build` first")
    return {"features": manifest_digest(work.features, "build"), "store": store}
