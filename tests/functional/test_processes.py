"""Several processes at work: one that is killed or interrupted takes the others with it, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stratify.files import digest_tree

pytestmark = pytest.mark.slow
WORDS = ("synthesise", "--people", "140000", "--years", "2", "--processes", "2")
MAIN = "from pipelines.cli import main; main()"


def begun(work):
    """A run of two processes that has begun to write."""
    run = subprocess.Popen([sys.executable, "-c", MAIN, *WORDS, "--work", str(work)], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not any(work.glob("registers.partial/*/*.parquet")):
        assert run.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    return run


def children(of):
    """The processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == of:
            found.append(int(stat.parent.name))
    return found


def gone(pids, seconds=8):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        left = []
        for pid in pids:
            try:
                os.kill(pid, 0)
                left.append(pid)
            except ProcessLookupError:
                continue
        if not left:
            return True
        time.sleep(0.2)
    return False


def test_a_killed_run_ends_its_processes_and_the_next_one_is_whole(stratify, tmp_path):
    run = begun(tmp_path / "w")
    pids = children(run.pid)
    assert len(pids) >= 2
    run.kill()
    run.communicate()
    small = ("synthesise", "--people", 300, "--years", 2, "--seed", 9, "--work")
    stratify(*small, tmp_path / "w")
    assert gone(pids)
    stratify(*small, tmp_path / "fresh")
    for folder in ("registers", "truth"):
        one, two = (digest_tree(tmp_path / name / folder, leave_out=frozenset({"run.json"})) for name in ("w", "fresh"))
        assert one == two


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["interrupted by hand", "asked to end"])
def test_an_interrupted_run_says_so_soon_and_leaves_nothing_half_written(tmp_path, by):
    run = begun(tmp_path / "w")
    pids = children(run.pid)
    asked = time.monotonic()
    run.send_signal(by)
    _, told = run.communicate(timeout=60)
    assert time.monotonic() - asked < 15
    assert run.returncode == 130
    assert "interrupted: steps that were done are kept, nothing half-written is" in told
    assert "Traceback" not in told
    assert gone(pids)
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == [".lock"]
