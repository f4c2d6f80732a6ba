"""Runs are listed and named by how their ids begin, and two of one model are held against each other."""

import json

import pytest

pytestmark = pytest.mark.slow
KEY = "acute_admission_365d/multimorbid"


@pytest.fixture(scope="module")
def runs(region):
    """The runs of one model's candidates, as training noted them."""
    return json.loads((region / "training" / KEY / "run.json").read_text(encoding="utf-8"))["mlflow_runs"]


def test_all_runs_are_listed_with_how_their_ids_begin(region, stratify, runs):
    lines = stratify("compare", "--work", region).stdout.splitlines()
    mine = {line.split()[0] for line in lines if KEY in line}
    assert mine == {run[:12] for run in runs.values()}
    assert len(lines) > len(mine)


def test_two_candidates_are_compared_on_the_same_rows(region, stratify, few_events, runs):
    words = (runs["lightgbm"][:12], runs["logistic"], "--work", region, "--catalogue", few_events)
    told = stratify("compare", *words).stdout
    for expected in ("parameter", "on the same", "auroc: ", "ici: ", "DeLong"):
        assert expected in told
    same = stratify("compare", runs["logistic"], runs["logistic"], *words[2:]).stdout
    assert "auroc: +0.00000 (+0.00000 to +0.00000)" in same


@pytest.mark.parametrize(
    "words, told",
    [
        (("nothing", "nobody"), "no run's id begins with 'nothing'"),
        (("", ""), "needs two runs"),
        (("abc",), "needs two runs; `stratify compare` without any lists them"),
    ],
)
def test_a_run_that_is_not_there_is_a_mistyped_word(region, stratify, words, told):
    done = stratify("compare", *words, "--work", region, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert told in done.stderr


def test_runs_of_two_models_are_not_compared(region, stratify, runs):
    other = next(
        json.loads(path.read_text(encoding="utf-8"))["mlflow_runs"]["logistic"]
        for path in sorted((region / "training").glob("*/*/run.json"))
        if KEY not in path.as_posix() and "logistic" in path.read_text(encoding="utf-8")
    )
    done = stratify("compare", runs["logistic"], other, "--work", region, check=False)
    assert done.returncode == 2
    assert "two runs of one outcome and population are compared" in done.stderr
