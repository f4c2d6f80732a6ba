"""Fixtures that every kind of test may use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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
