"""Runs, versions and the alias in MLflow, as plain files; what a killed process left is marked as killed."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from models.registry import Registry
from stratify.errors import DataError, StratifyError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
KEY = "acute_admission_365d/multimorbid"
NAME = "stratify-acute_admission_365d-multimorbid"
FIGURES = {"auroc": 0.71, "brier": 0.14}


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("a folder with spaces")


@pytest.fixture(scope="module")
def registry(work) -> Registry:
    return Registry(work / "mlflow.db", work / "mlartifacts")


@pytest.fixture
def member(trained, tmp_path) -> Path:
    trained.write(tmp_path / "training")
    return tmp_path / "training" / "logistic"


def logged(registry, trained, folder: Path) -> str:
    return registry.log_run(KEY, "logistic", trained.candidates["logistic"].parameters, FIGURES, folder)


def champion(registry) -> int:
    return int(registry._client.get_model_version_by_alias(NAME, "champion").version)


def test_a_run_holds_parameters_figures_and_files(registry, trained, member, work):
    run = registry._client.get_run(logged(registry, trained, member))
    assert run.info.status == "FINISHED"
    assert run.info.run_name == f"{KEY} logistic"
    assert (run.data.params["strength"], run.data.params["l1_ratio"]) == ("20.0", "0.5")
    assert run.data.metrics == FIGURES
    stored = work / "mlartifacts" / run.info.run_id / "artifacts" / "model" / "data"
    assert {p.name for p in stored.iterdir()} == set(trained.files["logistic"])
    assert json.loads((stored / "model.json").read_text(encoding="utf-8"))["kind"] == "logistic"


def test_a_figure_that_could_not_be_computed_is_left_out(registry, member):
    run = registry._client.get_run(registry.log_run(KEY, "logistic", {}, {"auroc": None, "n": 20}, member))
    assert run.data.metrics == {"n": 20.0}


def test_equal_files_are_one_version_and_the_alias_moves(registry, trained, member):
    first = registry.register(KEY, logged(registry, trained, member))
    assert registry.register(KEY, logged(registry, trained, member)) == first
    (member / "card.json").write_text("{}")
    second = registry.register(KEY, logged(registry, trained, member))
    assert second == first + 1
    registry.set_champion(KEY, first)
    assert champion(registry) == first
    registry.set_champion(KEY, second)
    assert champion(registry) == second


def test_two_populations_of_one_outcome_are_two_models(registry, trained, member):
    other = "acute_admission_365d/psychiatric_somatic"
    run_id = registry.log_run(other, "logistic", {}, FIGURES, member)
    registry.set_champion(other, registry.register(other, run_id))
    registry.set_champion(KEY, registry.register(KEY, logged(registry, trained, member)))
    names = {model.name for model in registry._client.search_registered_models()}
    assert {NAME, "stratify-acute_admission_365d-psychiatric_somatic"} <= names
    found = registry._client.get_model_version_by_alias("stratify-acute_admission_365d-psychiatric_somatic", "champion")
    assert found.run_id == run_id


def test_a_version_points_to_the_runs_files(registry, trained, member):
    run_id = logged(registry, trained, member)
    version = registry.register(KEY, run_id)
    found = registry._client.get_model_version(NAME, str(version))
    assert found.source.endswith("/artifacts/model")
    assert found.source.startswith("file://")


def test_a_file_that_is_not_a_models_own_is_refused(registry, member):
    (member / "people.parquet").write_bytes(b"rows")
    with pytest.raises(DataError, match=r"people\.parquet"):
        registry.log_run(KEY, "logistic", {}, {}, member)


def test_a_run_left_running_is_marked_killed_at_the_next_start(registry, work, trained, member):
    finished = logged(registry, trained, member)
    left = registry._client.create_run(registry._experiment(KEY)).info.run_id
    again = Registry(work / "mlflow.db", work / "mlartifacts")
    assert again._client.get_run(left).info.status == "KILLED"
    assert again._client.get_run(finished).info.status == "FINISHED"


def test_telemetry_is_off(registry):
    assert (os.environ["MLFLOW_DISABLE_TELEMETRY"], os.environ["DO_NOT_TRACK"]) == ("true", "true")


# --- the database is there whole or not at all -----------------------------------------------------------------------

# Makes a registry in each folder named, and is killed by SIGKILL at that statement of SQL: a number, or words in it;
# "rename" is the moment before the database takes its name, "-" is never. Libraries are loaded once, then forked.
KILLED = """
import os, signal, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore", DeprecationWarning)
import mlflow.store.tracking.sqlalchemy_store, sqlalchemy.event
from sqlalchemy.engine import Engine
from models.registry import Registry

def make(folder, moment):
    seen = []
    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    def statement(connection, cursor, text, *_):
        seen.append(text)
        if moment == str(len(seen)) or (not moment.isdigit() and moment in text):
            die()
    if moment == "rename":
        Path.replace = die
    elif moment != "-":
        sqlalchemy.event.listen(Engine, "before_cursor_execute", statement)
    Registry(folder / "mlflow.db", folder / "mlartifacts")

for folder, moment in zip(sys.argv[1::2], sys.argv[2::2]):
    child = os.fork()
    if not child:
        make(Path(folder), moment)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
MOMENTS = ("1", "40", "INSERT INTO _alembic_tmp_metrics", "DROP TABLE metrics", "INSERT INTO experiments", "rename")


def fork(*cases: tuple[Path, str]) -> list[int]:
    words = [str(word) for case in cases for word in case]
    done = subprocess.run([sys.executable, "-c", KILLED, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def test_killed_at_any_moment_of_its_first_start_the_next_one_works(tmp_path):
    folders = [tmp_path / str(number) for number in range(len(MOMENTS))]
    assert fork(*zip(folders, MOMENTS, strict=True)) == [-9] * len(MOMENTS), "not every moment came"
    assert all({path.name for path in folder.iterdir()} > set() for folder in folders)
    assert not any((folder / "mlflow.db").exists() for folder in folders)
    assert fork(*((folder, "-") for folder in folders)) == [0] * len(MOMENTS)
    for folder in folders:
        assert [path.name for path in folder.iterdir()] == ["mlflow.db"], "something is left beside the database"
    assert fork(*((folder, "-") for folder in folders[:1])) == [0], "and the one after that"


def broken(path: Path) -> None:
    path.write_bytes(b"no database" * 400)


def half_made(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE _alembic_tmp_metrics (key TEXT)")
    connection.close()


def of_another_version(path: Path) -> None:
    Registry(path.with_name("good.db"), path.parent / "mlartifacts")
    path.with_name("good.db").rename(path)  # MLflow keeps what it once opened in mind by its name
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f00f00f00f00'")
    connection.close()


@pytest.mark.parametrize("spoil", [broken, half_made, of_another_version])
def test_a_database_that_mlflow_cannot_use_is_named_with_what_to_do(tmp_path, spoil):
    spoil(tmp_path / "mlflow.db")
    with pytest.raises(StratifyError, match=r"mlflow\.db: MLflow cannot go on with this file") as caught:
        Registry(tmp_path / "mlflow.db", tmp_path / "mlartifacts")
    assert f"mlflow db upgrade sqlite:///{tmp_path}/mlflow.db" in str(caught.value)
    assert "train again" in str(caught.value)


def test_a_version_that_is_not_there_is_told_with_what_to_do(registry):
    with pytest.raises(StratifyError, match=r"mlflow\.db: MLflow cannot go on .*not found") as caught:
        registry.set_champion("death_365d", 7)
    assert "train again" in str(caught.value)
