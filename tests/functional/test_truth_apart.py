"""A whole run where there is no truth to read gives the same store, matrix, models and scores."""

import shutil

import pytest

from stratify.files import digest_tree

pytestmark = pytest.mark.slow
OUTSIDE = frozenset({"manifest.json", "run.json"})
MADE = ("store", "features", "scores", "quality")


def test_a_run_without_the_truth_is_the_same_run(stratify, tmp_path):
    with_truth, without = tmp_path / "with", tmp_path / "without"
    stratify("run", "--people", 5000, "--seed", 3, "--work", with_truth)
    assert any((with_truth / "truth").rglob("*.parquet"))
    shutil.copytree(with_truth / "registers", without / "registers")
    stratify("run", "--source", "synthetic", "--data", without / "registers", "--work", without)
    assert not (without / "truth").exists()
    for folder in MADE:
        one, two = (digest_tree(root / folder, leave_out=OUTSIDE) for root in (with_truth, without))
        assert one
        assert one == two, folder
