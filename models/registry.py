"""MLflow behind one door: runs, their figures and files, and which version of a model is champion.

No other module imports it. It is loaded when a `Registry` is made, with its telemetry off and its chatter silenced.
Models are stored as the files a bundle takes (LightGBM text, JSON), in a folder that MLflow can load
(`models.flavour`): nothing is pickled, and a file that is not one of these is refused, so that no person's row gets in.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from models.bundle import MEMBER_FILES, registered_name
from models.scoring import MODEL_FILES
from stratify.errors import DataError, StratifyError, UsageError
from stratify.files import TEMPORARY, canonical_json, digest_text, digest_tree, write_text

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

CHAMPION, CHALLENGER = "champion", "challenger"
MODEL, EVALUATION = "model", "evaluation"  # artifact folders: what a version points to, and what it showed
DATA = "data"  # in the first: the member's files
REQUIRED = ("lightgbm", "numba", "numpy", "pandas")  # by a member that is loaded elsewhere, beside our own package
CONTENT = "stratify.member"  # the digest of a member's files, on runs and versions
PAGE = 1000
BESIDE = ("", "-journal", "-wal", "-shm")  # SQLite's own files beside a database
P = ParamSpec("P")
R = TypeVar("R")


def _advises(method: Callable[Concatenate[Registry, P], R]) -> Callable[Concatenate[Registry, P], R]:
    """Return the method; what MLflow, SQLAlchemy or SQLite raise in it becomes a StratifyError that says what to do."""

    @wraps(method)
    def told(self: Registry, /, *args: P.args, **kwargs: P.kwargs) -> R:
        _quiet()
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return method(self, *args, **kwargs)
        except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
            first = (str(error).splitlines() or [""])[0]
            raise StratifyError(
                f"{self.database}: MLflow cannot go on with this file ({type(error).__name__}: {first})",
                [
                    f"was it written by an older MLflow: mlflow db upgrade {_uri(self.database)}",
                    f"otherwise move it and {self._artifacts} away, which loses the record of earlier runs and nothing "
                    "that is served, and train again",
                ],
            ) from error

    return told


class Registry:
    """The runs and versions kept in one SQLite file, their artifacts in one folder beside it.

    One process at a time: a run that is found RUNNING was left by a process that was killed, and is marked KILLED.
    """

    def __init__(self, database: Path, artifacts: Path) -> None:
        self.database, self._artifacts = database.resolve(), artifacts.resolve()
        self._open()

    @_advises
    def _open(self) -> None:
        from mlflow import MlflowClient

        self.database.parent.mkdir(parents=True, exist_ok=True)
        if not self.database.exists():
            _create(self.database, self._artifacts)
        with closing(sqlite3.connect(self.database)) as connection:  # MLflow would try again for minutes
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
        uri = _uri(self.database)
        self._client: MlflowClient = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._mark_killed()

    @_advises
    def log_run(
        self,
        key: str,
        candidate: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float | int | None],
        artifact_dir: Path,
        *,
        evaluation: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Log a candidate's parameters, figures (None is left out) and files as one finished run; return its id.

        evaluation: files with what the model showed. tags: digests of the data and definitions it was made from.
        """
        from mlflow.entities import Metric, Param, RunTag

        strays = sorted({*digest_tree(artifact_dir)} - {*MEMBER_FILES, *MODEL_FILES.values()})
        if strays:
            raise DataError("only a model's own files are kept with a run, got also:", strays)
        now = int(time.time() * 1000)
        run = self._client.create_run(self._experiment(key), run_name=f"{key} {candidate}").info
        own = {"stratify.candidate": candidate, CONTENT: _content(artifact_dir)}
        self._client.log_batch(
            run.run_id,
            metrics=[Metric(name, value, now, 0) for name, value in metrics.items() if value is not None],
            params=[Param(name, str(value)) for name, value in params.items()],
            tags=[RunTag(name, value) for name, value in {**(tags or {}), **own}.items()],
        )
        with TemporaryDirectory() as scratch:
            self._client.log_artifacts(run.run_id, str(_loadable(artifact_dir, Path(scratch))), MODEL)
        for file in evaluation:
            self._client.log_artifact(run.run_id, str(file), EVALUATION)
        self._client.set_terminated(run.run_id)
        return str(run.run_id)

    @_advises
    def register(self, key: str, run_id: str) -> int:
        """Return the version that holds this run's files, made now unless one does; it becomes the challenger."""
        name = registered_name(key)
        run = self._client.get_run(run_id)
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
        content = run.data.tags[CONTENT]
        same = [v for v in self._client.search_model_versions(f"name = '{name}'") if v.tags.get(CONTENT) == content]
        if same:
            version = min(int(one.version) for one in same)
        else:
            source = f"{run.info.artifact_uri}/{MODEL}"
            made = self._client.create_model_version(name, source, run_id, tags={CONTENT: content})
            version = int(made.version)
        self._client.set_registered_model_alias(name, CHALLENGER, str(version))
        return version

    @_advises
    def set_champion(self, key: str, version: int, why: str = "") -> None:
        """Let the alias `champion` point to this version, and note with it why."""
        name = registered_name(key)
        self._client.set_registered_model_alias(name, CHAMPION, str(version))
        if why:
            self._client.set_model_version_tag(name, str(version), "stratify.decision", why)

    def run_of(self, run_id: str) -> dict[str, Any]:
        """Return a run's name, parameters, figures and tags; it may be named by how its id begins.

        Raises UsageError where no run's id begins so, or several do.
        """
        found = [run for run in self.runs() if run["id"].startswith(run_id)] if run_id else []
        if len(found) != 1:
            told = "several runs' ids begin" if found else "no run's id begins"
            raise UsageError(f"{told} with {run_id!r}; `stratify compare` without arguments lists the runs")
        return found[0]

    @_advises
    def runs(self) -> list[dict[str, Any]]:
        """Return every finished run, the newest first: id, name, parameters, figures and our own tags."""
        experiments = [experiment.experiment_id for experiment in self._client.search_experiments()]
        found, token = [], None
        while True:
            page = self._client.search_runs(
                experiments, "attributes.status = 'FINISHED'", max_results=PAGE, page_token=token
            )
            found += [_told(run) for run in page]
            token = page.token
            if not token:
                return found

    @_advises
    def download(self, run_id: str, file: str, into: Path) -> Path:
        """Return where an artifact of a run now lies."""
        return Path(self._client.download_artifacts(run_id, file, str(into)))

    def _experiment(self, key: str) -> str:
        name = registered_name(key)
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, artifact_location=self._artifacts.as_uri()))

    def _mark_killed(self) -> None:
        experiments = [experiment.experiment_id for experiment in self._client.search_experiments()]
        for run in self._client.search_runs(experiments, "attributes.status = 'RUNNING'", max_results=PAGE):
            self._client.set_terminated(run.info.run_id, status="KILLED")


def _told(run: Run) -> dict[str, Any]:
    return {
        "id": run.info.run_id,
        "name": run.info.run_name,
        "params": dict(run.data.params),
        "metrics": dict(run.data.metrics),
        "tags": {key: value for key, value in run.data.tags.items() if key.startswith("stratify.")},
    }


def _loadable(folder: Path, scratch: Path) -> Path:
    """Return a folder with these files that `mlflow.pyfunc` can load, made in another one.

    MLflow's own writer would load all of its flavours first, which takes longer than most fits; what it writes for a
    loader module is this file, and what it reads.
    """
    target = scratch / MODEL
    shutil.copytree(folder, target / DATA)
    needs = [f"stratify-multimorbidity=={version('stratify-multimorbidity')}"]
    needs += [f"{name}=={version(name)}" for name in REQUIRED]
    python = ".".join(str(part) for part in sys.version_info[:3])
    flavour = {
        "loader_module": "models.flavour",
        "data": DATA,
        "python_version": python,
        "env": {"virtualenv": "python_env.yaml"},
    }
    told = {"flavors": {"python_function": flavour}, "mlflow_version": version("mlflow")}
    write_text(target / "MLmodel", canonical_json(told) + "\n")  # YAML, of which JSON is a part
    write_text(target / "python_env.yaml", canonical_json({"python": python, "dependencies": ["-r requirements.txt"]}))
    write_text(target / "requirements.txt", "".join(f"{need}\n" for need in needs))
    return target


def _content(folder: Path) -> str:
    return digest_text(canonical_json(digest_tree(folder)))


def _uri(database: Path) -> str:
    return f"sqlite:///{database}"


def _create(database: Path, artifacts: Path) -> None:
    """Make MLflow's database whole or not at all: its migrations cannot be taken up again where they were cut off."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    partial = database.with_name(database.name + TEMPORARY)
    for suffix in BESIDE:
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)
    store = SqlAlchemyStore(_uri(partial), artifacts.as_uri())
    store.engine.dispose()  # the last connection takes SQLite's other files with it
    left = [name for suffix in BESIDE[1:] if (name := partial.with_name(partial.name + suffix)).exists()]
    if left:
        raise StratifyError(f"{partial}: {len(left)} file(s) of SQLite are still open beside it; run again")
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    partial.replace(database)


def _quiet() -> None:
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # what it logs is raised, and told, as well
