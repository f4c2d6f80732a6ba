"""Training: each outcome's models, one for each population, in a folder of its own, evaluated and logged to MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from models import Declared, Member, NotTrained, Registry, Table, member_key, more, read_member, train_outcome
from models.declared import declared_for
from models.evaluation import evaluate
from models.evaluation.core import CORE
from models.spec import Spec
from models.split import followed_rows, split_rows
from models.train import Trained, chosen_folder
from pipelines.data_steps import Progress
from pipelines.index_build import KINDS
from pipelines.labelled import of_population, origin_of, table_of, table_of_events
from pipelines.matrix import Matrix, inputs_of_matrix, read_columns, read_index, read_matrix
from pipelines.steps import Step, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MODEL_KINDS
from stratify.errors import DataError, UsageError
from stratify.features.kernel import Floats
from stratify.files import write_json
from stratify.store.read import Store
from stratify.workspace import Workspace

CANDIDATES, REPORT = "candidates", "report.json"


@dataclass(frozen=True)
class Rows:
    """The matrix and its labels, read when a model first needs them."""

    work: Workspace
    catalogue: Catalogue
    progress: Progress

    @cached_property
    def columns(self) -> list[dict[str, Any]]:
        """The matrix's columns as declared, then those that rows counted from events have beside them."""
        return [*read_columns(self.work.features), *self.declared.index_columns()]

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

    @cached_property
    def declared(self) -> Declared:
        """Specs and what they share."""
        return declared_for(self.catalogue)

    def of(self, population: str) -> Table:
        """Return the table of a population and what it learns from, without what may not be served; made once."""
        if population not in self._served:
            events = population in {kind.folder for kind in KINDS}
            self._served[population] = (
                self.whole(population).served() if events else self._within(self._all_served, population)
            )
        return self._served[population]

    @cached_property
    def _served(self) -> dict[str, Table]:
        return {}

    @cached_property
    def _all_served(self) -> Table:
        return self.table.served()

    def _within(self, table: Table, population: str) -> Table:
        return of_population(table, self.matrix, population, self.declared.populations[population].learns_from)

    def test(self, outcome: str, population: str) -> Table:
        """Return the rows of the test people of one model."""
        table = self.of(population)
        split = split_rows(self.declared.specs[outcome].split, self.catalogue.outcomes[outcome], table)
        return table.rows(split.rows["test"])

    def whole(self, population: str) -> Table:
        """Return the table of a population and what it learns from, with all columns there are."""
        kinds = {kind.folder: kind for kind in KINDS}
        if population not in kinds:
            return self._within(self.table, population)
        self.progress(f"reading {population}")
        outcomes = self.catalogue.outcomes_at(kinds[population].index)
        found = read_index(self.work.features, population)
        return table_of_events(Store(self.work.store), found, self.declared.populations[population], outcomes)


def train_step(
    work: Workspace, catalogue: Catalogue, progress: Progress, only: Sequence[str] = ()
) -> tuple[dict[str, Any], bool]:
    """Train the models of every outcome, or of those named, each in a folder of its own; return what came of all.

    Raises DataError when a named outcome has too few events in one of its populations: asked for by name, it must not
    be left out in silence. The models of its other populations stand, and are told.
    """
    rows = Rows(work, catalogue, progress)
    declared = rows.declared
    unknown = sorted(set(only) - set(catalogue.outcomes))
    if unknown:
        raise UsageError(f"no such outcome: {', '.join(unknown)}; there are {', '.join(catalogue.outcomes)}")
    found: dict[str, dict[str, Any]] = {}
    ran_any = False
    for outcome, population in models_of(declared, only):
        told, ran = _train_one(rows, declared, outcome, population)
        found[member_key(outcome, population)] = told
        ran_any |= ran
    refused = [told["not_trained"] for told in found.values() if told["not_trained"]]
    trained = {key: told["trained"] for key, told in found.items() if told["trained"]}
    if only and refused:
        beside = f" (trained: {', '.join(trained)})" if trained else ""
        raise DataError(f"not trained{beside}:", [told["text"] for told in refused])
    return {"results": {"trained": trained, "not_trained": refused}}, ran_any


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
        {"outcome": outcome, "population": population, "spec": declared.digest_of(spec)},
        catalogue.digest_of(*MODEL_KINDS),
        needs=(work.mlflow_db,),
    )

    beside: dict[str, Any] = {}  # how MLflow named the runs, which is another name each time

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
        tags = {"stratify.outcome": outcome, "stratify.population": population, "stratify.catalogue": step.catalogue}
        tags |= {f"stratify.data.{name}": digest for name, digest in step.inputs.items()}
        version, runs = _logged(rows, key, result, report, out, tags)
        beside["mlflow_runs"] = runs
        told = {"chosen": result.chosen, "version": version, "measures": headline(report["overall"])}
        return {"trained": told, "not_trained": None, "origin": asdict(origin)}

    manifest, ran = run_step(step, make, beside)
    return manifest["results"], ran


def evaluated(spec: Spec, trained: Trained, table: Table) -> dict[str, Any]:
    """Return the report of a trained model on the test rows, every other candidate and baseline beside it.

    Who left before anything happened takes part in cumulative incidences alone.
    """
    rows = followed_rows(trained.split, spec.split, table, trained.outcome)
    test = table.rows(rows)
    labels, risks = test.labels[trained.outcome], trained.risks(test)
    own = risks.pop(trained.chosen)
    report = evaluate(
        np.nan_to_num(labels.y),
        own,
        person=test.person,
        weight=labels.weight,
        died_first=labels.died_first,
        days=labels.days,
        groups=test.audit,
        others=risks,
        **spec.evaluation.model_dump(),
    )
    report["missingness"] = more.missingness(table, trained.split.rows["train"])
    report["drop_the_dead"] = more.drop_the_dead(labels, own, test.audit, report["subgroups"])
    report["censoring"] = more.censoring(labels)
    report["injuries"] = more.injuries(labels, own)
    if trained.three_state is not None:
        report["three_state"] = more.three_state(trained.three_state, test, labels)
    return report


def paired(spec: Spec, test: Table, outcome: str, own: Floats, other: Floats) -> dict[str, Any]:
    """Return the report of risks on test rows with `other` beside them, and the paired differences."""
    labels = test.labels[outcome]
    return evaluate(
        labels.y, own, person=test.person, weight=labels.weight, others={"other": other}, **spec.evaluation.model_dump()
    )


def trained_member(work: Workspace, key: str) -> Member | None:
    """Return the chosen model of a training, or None where there were too few events for one."""
    if read_manifest(work.training / key, "train")["results"]["trained"] is None:
        return None
    return Member.from_files(read_member(chosen_folder(work.training / key / CANDIDATES)).files, threads=2)


def headline(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the core figures of a report, or of another model in it, as MLflow and a manifest tell them."""
    return {name: figures[name]["value"] for name in CORE}


def _logged(
    rows: Rows, key: str, result: Trained, report: dict[str, Any], out: Path, tags: Mapping[str, str]
) -> tuple[int, dict[str, str]]:
    """Log a run for each candidate, and register the chosen one; return its version, and the runs by candidate."""
    registry = Registry(rows.work.mlflow_db, rows.work.mlartifacts)
    runs = {}
    for kind in result.files:
        rows.progress(f"logging {key}, {kind}")
        own = report["overall"] if kind == result.chosen else report["others"][kind]
        runs[kind] = registry.log_run(
            key,
            kind,
            result.candidates[kind].parameters,
            headline(own),
            out / CANDIDATES / kind,
            evaluation=[out / REPORT],
            tags=tags,
        )
    return registry.register(key, runs[result.chosen]), runs
