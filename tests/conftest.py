"""Fixtures that every kind of test may use."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)  # machines differ, and so does what else they do
settings.load_profile("house")
ROOT = Path(__file__).parent.parent
SMALL = 1000


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Oracles and data that nobody here made; tests that use them are skipped where they are absent."""
    found = ROOT.parent / "shared" / "data"
    if not found.is_dir():
        pytest.skip("no shared data beside this checkout")
    return found


@pytest.fixture(scope="session")
def stratify():
    """The command line, as its users call it: `stratify(*words)` returns the finished process."""

    def call(*words, cwd=None, env=None, check=True):
        done = subprocess.run(
            [sys.executable, "-c", "from pipelines.cli import main; main()", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return call


@pytest.fixture(scope="session")
def few_events(tmp_path_factory, root) -> Path:
    """A local catalogue whose outcomes need few events, so that a small region has models to sign and serve."""
    folder = tmp_path_factory.mktemp("entries") / "few"
    (folder / "outcomes").mkdir(parents=True)
    for path in (root / "stratify/catalogue/outcomes").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("min_events_train = 100", "min_events_train = 10")
        text = text.replace("min_events_test = 50", "min_events_test = 5")
        (folder / "outcomes" / path.name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def region(tmp_path_factory, stratify, few_events) -> Path:
    """The work folder of a small region, run end to end; nobody may write in it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    work = shared / "region"
    with (shared / "region.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (work / "summary.txt").exists():
            done = stratify("run", "--people", SMALL, "--seed", 3, "--work", work, "--catalogue", few_events)
            (work / "summary.txt").write_text(done.stdout, encoding="utf-8")
    return work
