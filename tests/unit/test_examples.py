"""An entry whose example does not come out as it says is found, whatever its kind."""

import shutil

import pytest

from stratify.catalogue import load
from stratify.examples import READERS, failures


@pytest.fixture
def local(tmp_path, root):
    """A local catalogue that holds a copy of one of our entries with one word changed."""

    def change(kind, name, old, new):
        folder = tmp_path / "ours" / kind
        folder.mkdir(parents=True)
        shutil.copy(root / "stratify/catalogue" / kind / f"{name}.toml", folder)
        text = (folder / f"{name}.toml").read_text(encoding="utf-8")
        assert old in text
        (folder / f"{name}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        return load(tmp_path / "ours")

    return change


def test_all_of_ours_come_out_as_they_say():
    assert failures(load()) == []


def test_every_kind_is_put_to_the_test():
    assert set(READERS) == set(load().entries)


@pytest.mark.parametrize(
    "kind, name, old, new",
    [
        ("conditions", "hypertension", 'icd10 = ["I10"', 'icd10 = ["I99"'),
        ("outcomes", "psychiatric_admission_365d", "horizon_days = 365", "horizon_days = 50"),
        ("features", "stay", "count = 0,", 'count = "missing",'),
        ("targets", "dm_hba1c_high", "at_least = 75", "at_least = 95"),
    ],
)
def test_a_rule_that_no_longer_fits_its_example_is_told_with_file_example_and_both_answers(local, kind, name, old, new):
    told = failures(local(kind, name, old, new))
    assert told
    assert all(line.startswith(f"{kind}/{name}.toml: example ") and "comes out as" in line for line in told)


def test_check_ends_with_exit_code_10_and_lists_them(local, stratify, tmp_path):
    local("targets", "dm_hba1c_high", "at_least = 75", "at_least = 95")
    done = stratify("check", "--catalogue", tmp_path / "ours", check=False)
    assert done.returncode == 10
    assert "targets/dm_hba1c_high.toml: example" in done.stderr
