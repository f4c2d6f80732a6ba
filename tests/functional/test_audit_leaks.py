"""The leak audit from the command line, over the processes it is shared out to."""

import shutil

import pytest


@pytest.fixture
def work(region, tmp_path):
    """A region's store and matrix, in a work folder of their own."""
    for name in ("store", "features"):
        shutil.copytree(region / name, tmp_path / "work" / name)
    return tmp_path / "work"


@pytest.mark.slow
def test_the_last_line_is_the_verdict_and_nothing_stays_behind(work, stratify):
    done = stratify("audit-leaks", "--work", work)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("no leak: ")
    assert last.endswith("cells moved: 0")
    assert {path.name for path in work.iterdir()} == {".lock", "store", "features"}


@pytest.mark.slow
def test_a_store_of_other_conditions_is_refused_with_one_message(work, stratify, root, tmp_path):
    local = tmp_path / "entries" / "conditions"
    local.mkdir(parents=True)
    text = (root / "stratify/catalogue/conditions/gout.toml").read_text(encoding="utf-8")
    (local / "gout.toml").write_text(text.replace("M10", "M11"), encoding="utf-8")
    for command in ("build", "audit-leaks"):
        done = stratify(command, "--work", work, "--catalogue", local.parent, check=False)
        assert done.returncode == 13, done.stderr
        assert "landed under another catalogue" in done.stderr
        assert "Traceback" not in done.stderr


def test_without_a_matrix_it_says_what_to_do_first(stratify, tmp_path):
    done = stratify("audit-leaks", "--work", tmp_path, check=False)
    assert done.returncode == 11
    assert "run `stratify build` first" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["a byte", "no file"])
def test_a_damaged_store_is_refused_and_the_file_named(work, stratify, damage):
    path = work / "store" / "lab" / "bucket=000.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:99] + bytes([whole[99] ^ 1]) + whole[100:]) if damage == "a byte" else path.unlink()
    for words in (["audit-leaks"], ["build", "--multimorbid", "DK39-DX-2"]):
        done = stratify(*words, "--work", work, check=False)
        assert done.returncode == 13, done.stderr
        assert "lab/bucket=000.parquet" in done.stderr
        assert "Traceback" not in done.stderr
