"""A step runs when what it is made from has changed, and only then."""

import json

import pytest

from pipelines import steps
from pipelines.steps import Step, alone, manifest_digest, read_manifest, run_step
from stratify.errors import DataError, UsageError


@pytest.fixture
def times():
    return []


@pytest.fixture
def work(times):
    def make(out):
        times.append(1)
        (out / "data.txt").write_text("data")
        return {"rows": 7}

    return make


def a_step(tmp_path, **other):
    return Step("try", tmp_path / "out", **{"inputs": {"a": "1"}, "parameters": {"n": 2}, "catalogue": "c", **other})


def test_it_writes_its_results_a_manifest_and_beside_it_what_differs_from_run_to_run(tmp_path, work):
    manifest, ran = run_step(a_step(tmp_path), work)
    assert ran
    assert manifest["results"] == {"rows": 7}
    assert list(manifest["files"]) == ["data.txt"]
    assert json.loads((tmp_path / "out/manifest.json").read_text()) == manifest
    assert "seconds" not in manifest
    assert json.loads((tmp_path / "out/run.json").read_text())["seconds"] >= 0


def test_the_same_plan_is_not_run_again(tmp_path, work, times):
    first, _ = run_step(a_step(tmp_path), work)
    again, ran = run_step(a_step(tmp_path), work)
    assert (ran, again, len(times)) == (False, first, 1)


@pytest.mark.parametrize("changed", [{"inputs": {"a": "2"}}, {"parameters": {"n": 3}}, {"catalogue": "d"}])
def test_another_input_parameter_or_catalogue_has_it_run_again(tmp_path, work, times, changed):
    run_step(a_step(tmp_path), work)
    assert run_step(a_step(tmp_path, **changed), work)[1]
    assert len(times) == 2


def test_changed_code_has_it_run_again(tmp_path, work, times, monkeypatch):
    run_step(a_step(tmp_path), work)
    monkeypatch.setattr(steps, "source_digest", lambda: "other")
    assert run_step(a_step(tmp_path), work)[1]


@pytest.mark.parametrize("spoil", ["change", "remove", "add"])
def test_a_file_that_is_not_what_the_manifest_says_has_it_run_again(tmp_path, work, spoil):
    run_step(a_step(tmp_path), work)
    path = tmp_path / "out/data.txt"
    if spoil == "change":
        path.write_text("date")
    elif spoil == "remove":
        path.unlink()
    else:
        (tmp_path / "out/more.txt").write_text("")
    assert run_step(a_step(tmp_path), work)[1]
    assert path.read_text() == "data"


def test_a_file_outside_its_folder_that_is_missing_or_damaged_has_it_run_again(tmp_path, times):
    step = a_step(tmp_path, also=(tmp_path / "serving.db",))

    def make(out):
        times.append(1)
        (tmp_path / "serving.db").write_text("whole")
        return {}

    assert [run_step(step, make)[1] for _ in range(2)] == [True, False]
    (tmp_path / "serving.db").write_text("half")
    assert [run_step(step, make)[1] for _ in range(2)] == [True, False]
    (tmp_path / "serving.db").unlink()
    assert run_step(step, make)[1]


def test_something_others_write_in_too_must_be_there_but_may_change(tmp_path, work):
    step = a_step(tmp_path, needs=(tmp_path / "mlflow.db",))
    run_step(step, work)
    assert run_step(step, work)[1]
    (tmp_path / "mlflow.db").write_text("one")
    assert not run_step(step, work)[1]
    (tmp_path / "mlflow.db").write_text("two")
    assert not run_step(step, work)[1]


def test_another_key_of_this_work_folder_has_it_run_again_and_stands_in_no_manifest(tmp_path, work):
    first, _ = run_step(a_step(tmp_path, own={"key": "a"}), work)
    again, ran = run_step(a_step(tmp_path, own={"key": "b"}), work)
    assert ran
    assert first == again


def test_a_step_that_fails_leaves_the_last_good_state(tmp_path, work):
    run_step(a_step(tmp_path), work)

    def fail(out):
        (out / "data.txt").write_text("half")
        raise DataError("no")

    with pytest.raises(DataError):
        run_step(a_step(tmp_path, inputs={}), fail)
    assert (tmp_path / "out/data.txt").read_text() == "data"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_is_not_there_yet_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(DataError, match="run `stratify land` first"):
        read_manifest(tmp_path / "store", "land")


def test_a_manifests_digest_changes_with_its_files(tmp_path, work):
    run_step(a_step(tmp_path), work)
    before = manifest_digest(tmp_path / "out", "try")
    run_step(a_step(tmp_path, inputs={}), lambda out: (out / "data.txt").write_text("other") and {})
    assert manifest_digest(tmp_path / "out", "try") != before


def test_a_work_folder_is_held_by_one_run_at_a_time(tmp_path):
    with alone(tmp_path), pytest.raises(UsageError, match="another run"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
