"""The four import names are ours alone, and the rules of who imports whom are held by `lint-imports`."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

NAMES = ("stratify", "models", "pipelines", "service")
OURS = "stratify-multimorbidity"


def test_no_other_installed_distribution_owns_a_file_below_our_names():
    strangers = {
        (distribution.metadata["Name"], file.parts[0])
        for distribution in importlib.metadata.distributions()
        if distribution.metadata["Name"] != OURS
        for file in distribution.files or ()
        if file.parts[0] in NAMES
    }
    assert strangers == set()


def test_the_four_are_this_checkout_and_nothing_else_of_it_can_be_imported(root, tmp_path):
    code = (
        "import importlib.util as u, json, sys; "
        f"print(json.dumps([u.find_spec(n).origin for n in {NAMES!r}] + [u.find_spec('tests') is None]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    *origins, tests_hidden = __import__("json").loads(done.stdout)
    assert [Path(origin).parent for origin in origins] == [root / name for name in NAMES]
    assert tests_hidden


def test_every_module_is_short_and_says_what_it_is(root):
    for name in NAMES:
        for path in (root / name).rglob("*.py"):
            lines = path.read_text(encoding="utf-8").splitlines()
            assert len(lines) <= 400 or path.name == "entries.py", f"{path}: {len(lines)} lines"
            assert lines[0].startswith('"""'), f"{path}: no docstring"


def test_the_import_contracts_hold(root):
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_command_line_starts_without_the_pipelines_libraries():
    theirs = ("pandas", "pyarrow", "numba", "sklearn", "mlflow", "lightgbm", "scipy")
    code = f"import sys; from pipelines import cli; cli.load(); print([m for m in {theirs} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
