"""Runs, versions and the alias in MLflow, as plain files; what a killed process left is marked as killed."""

import json
import os
from pathlib import Path

import pytest

from models.registry import Registry
from stratify.errors import DataError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
OUTCOME = "acute_admission_365d"


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
    return registry.log_run(OUTCOME, "logistic", trained.parameters["logistic"], trained.measures["logistic"], folder)


def test_a_run_holds_parameters_figures_and_files(registry, trained, member, work):
    run = registry._client.get_run(logged(registry, trained, member))
    assert run.info.status == "FINISHED"
    assert run.data.params["l2"] == "1.0"
    assert run.data.metrics["auroc"] == trained.measures["logistic"]["auroc"]
    stored = work / "mlartifacts" / run.info.run_id / "artifacts" / "member"
    assert {p.name for p in stored.iterdir()} == set(trained.files["logistic"])
    assert json.loads((stored / "model.json").read_text(encoding="utf-8"))["kind"] == "logistic"


def test_a_figure_that_could_not_be_computed_is_left_out(registry, member):
    run = registry._client.get_run(registry.log_run(OUTCOME, "logistic", {}, {"auroc": None, "n": 20}, member))
    assert run.data.metrics == {"n": 20.0}


def test_equal_files_are_one_version_and_the_alias_moves(registry, trained, member):
    assert registry.champion("death_365d") is None
    first = registry.register(OUTCOME, logged(registry, trained, member))
    assert registry.register(OUTCOME, logged(registry, trained, member)) == first
    (member / "card.json").write_text("{}")
    second = registry.register(OUTCOME, logged(registry, trained, member))
    assert second == first + 1
    registry.set_champion(OUTCOME, first)
    assert registry.champion(OUTCOME) == first
    registry.set_champion(OUTCOME, second)
    assert registry.champion(OUTCOME) == second


def test_a_version_points_to_the_runs_files(registry, trained, member):
    run_id = logged(registry, trained, member)
    version = registry.register(OUTCOME, run_id)
    found = registry._client.get_model_version(f"stratify-{OUTCOME}", str(version))
    assert found.source.endswith("/artifacts/member")
    assert found.source.startswith("file://")


def test_a_file_that_is_not_a_models_own_is_refused(registry, member):
    (member / "people.parquet").write_bytes(b"rows")
    with pytest.raises(DataError, match=r"people\.parquet"):
        registry.log_run(OUTCOME, "logistic", {}, {}, member)


def test_a_run_left_running_is_marked_killed_at_the_next_start(registry, work, trained, member):
    finished = logged(registry, trained, member)
    left = registry._client.create_run(registry._experiment(OUTCOME)).info.run_id
    again = Registry(work / "mlflow.db", work / "mlartifacts")
    assert again._client.get_run(left).info.status == "KILLED"
    assert again._client.get_run(finished).info.status == "FINISHED"


def test_telemetry_is_off(registry):
    assert (os.environ["MLFLOW_DISABLE_TELEMETRY"], os.environ["DO_NOT_TRACK"]) == ("true", "true")
