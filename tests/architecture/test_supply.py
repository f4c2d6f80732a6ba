"""What is installed is what was locked, and what is read from a file is never run."""

import ast
import re

import pytest

LOCKS = ("service", "run", "spark", "test")
RUNS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "skops"}
OWN_WORKERS = "pipelines/spark.py"  # sends work to processes of its own cluster


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_is_locked_with_its_digest_and_comes_from_no_other_address(name, root):
    text = (root / f"requirements/{name}.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^[\w.\[\]-]+==", text, re.M)
    hashed = re.findall(r"^[\w.\[\]-]+==\S+(?: ; [^\\\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}", text, re.M)
    entries = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(pinned) == len(hashed) == len(entries) > 20
    assert "://" not in re.sub(r"^\s*#.*$", "", text, flags=re.M)


def test_every_lock_is_installed_with_its_digests(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"-m pip .*install.*(?:\\\n.*)*", makefile)
    assert installs
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []


def test_nothing_that_is_read_from_a_file_is_unpickled(root):
    found = set()
    for layer in ("stratify", "models", "pipelines", "service"):
        for path in (root / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
                if RUNS & {name.split(".")[0] for name in names}:
                    found.add(path.relative_to(root).as_posix())
    assert found == {OWN_WORKERS}
