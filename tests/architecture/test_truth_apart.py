"""The truth lives apart: one module opens it, and only what may asks that module."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("stratify", "models", "pipelines", "service")
DOOR = "pipelines/synthesis/truth.py"  # writes and opens the tables of truth
SIMULATOR = (
    "pipelines/synthesis/", "pipelines/simulate_step.py", "pipelines/against_truth.py", "pipelines/true_people.py",
    "pipelines/whatif.py",
)  # fmt: skip


def sources():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in (".py", ".sql") and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def naming(pattern):
    return {name for name, text in sources() if re.search(pattern, text)}


@pytest.mark.parametrize(
    "pattern",
    [r"\btruth_(risk|year|state|person|family)\b", r"synthesis\.truth\b", r"synthesis import .*\btruth\b"],
    ids=["a table of truth", "the module that opens it", "the module, by another way"],
)
def test_only_the_simulator_names(pattern):
    assert {name for name in naming(pattern) if not name.startswith(SIMULATOR)} == set()


def test_only_the_simulator_asks_the_workspace_for_the_folder():
    named = naming(r"\.truth\b")
    assert "pipelines/simulate_step.py" in named
    assert {name for name in named if not name.startswith(SIMULATOR)} == set()


def test_one_module_writes_and_opens_its_tables():
    written = {name for name, text in sources() for line in text.splitlines() if re.search(r'write\("truth_', line)}
    opened = {
        name
        for name, text in sources()
        for line in text.splitlines()
        if "read_parquet" in line and "truth" in line and name.startswith("pipelines/")
    }
    assert written == opened == {DOOR}
