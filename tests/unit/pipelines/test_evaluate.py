"""Each trained model has its report and pages; what was refitted for a model stays until the model is another one."""

import json
import shutil

import pytest

from pipelines.evaluate_step import evaluate_step
from stratify.catalogue import load
from stratify.errors import DataError, UsageError
from stratify.workspace import Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
OUTCOME, KEY = "acute_admission_365d", "acute_admission_365d/multimorbid"


def say(*_: object) -> None:
    """No progress is shown."""


@pytest.fixture(scope="module")
def catalogue(few_events):
    return load(few_events)


@pytest.fixture
def work(region, tmp_path) -> Workspace:
    shutil.copytree(region, tmp_path / "w")
    return Workspace(tmp_path / "w")


def report_of(work):
    return json.loads((work.report / "models" / KEY / "report.json").read_text(encoding="utf-8"))


def test_refits_stay_when_it_is_evaluated_again_without_them(work, catalogue):
    assert "refits" not in report_of(work)
    assert evaluate_step(work, catalogue, say, [OUTCOME], refits=True)[1]
    told = report_of(work)
    assert {"refits", "learning_curve", "feature_sets"} <= told.keys()
    assert {row["set"] for row in told["feature_sets"]} == {"served", "research"}
    assert not evaluate_step(work, catalogue, say, [OUTCOME])[1]
    assert report_of(work) == told
    (work.training / KEY / "manifest.json").write_text(
        (work.training / KEY / "manifest.json").read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )  # another training, as far as anybody can tell
    assert evaluate_step(work, catalogue, say, [OUTCOME])[1]
    assert "refits" not in report_of(work)


def test_a_model_that_was_not_trained_is_told_and_does_not_stop_the_others(work, catalogue):
    shutil.rmtree(work.training / "death_365d")
    told = evaluate_step(work, catalogue, say)[0]["results"]
    assert KEY in told["evaluated"]
    assert {"death_365d/multimorbid", "death_365d/psychiatric_somatic"} <= set(told["not_trained"])
    with pytest.raises(DataError, match="run `stratify train` first"):
        evaluate_step(work, catalogue, say, ["death_365d"])
    with pytest.raises(UsageError, match="no model for: happiness_365d"):
        evaluate_step(work, catalogue, say, ["happiness_365d"])
    shutil.rmtree(work.training)
    with pytest.raises(DataError, match="run `stratify train` first"):
        evaluate_step(work, catalogue, say)
