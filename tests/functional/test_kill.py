"""Killed at the worst moment of any step, a run leaves no half file; run again, it ends as an undisturbed one does."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stratify.files import digest_tree

pytestmark = pytest.mark.slow
PEOPLE, SEED = 1000, 3
STEPS = (
    "registers", "truth", "store", "features", "multimorbid", "psychiatric_somatic", "quality", "scores", "serving.db",
    "champion", "bundle",
)  # fmt: skip

# runs the command line in a process that kills itself as the named file or folder is about to take its place
KILLED_BEFORE_RENAME = """
import os, re, signal, sys
from pathlib import Path
name = sys.argv.pop(1)
def guarded(original):
    def move(self, target):
        new = Path(target).name
        if new == name or (name == "bundle" and re.fullmatch("[0-9a-f]{12}", new)):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, target)
    return move
Path.rename, Path.replace = guarded(Path.rename), guarded(Path.replace)
from pipelines.cli import main
main()
"""
# … and as the last good state has just been put aside
KILLED_BETWEEN_RENAMES = """
import os, signal, sys
from pathlib import Path
name = sys.argv.pop(1)
original = Path.rename
def move(self, target):
    moved = original(self, target)
    if self.name == name:
        os.kill(os.getpid(), signal.SIGKILL)
    return moved
Path.rename = move
from pipelines.cli import main
main()
"""


def words(work, few_events, seed=SEED):
    return ["run", "--people", str(PEOPLE), "--seed", str(seed), "--work", str(work), "--catalogue", str(few_events)]


def state(work: Path):
    found = {name: digest_tree(work / name, leave_out=frozenset({"run.json"})) for name in
             ("registers", "store", "features", "scores")}  # fmt: skip
    champion = (work / "bundles/champion").read_text(encoding="utf-8").strip()
    found["models"] = {p.relative_to(work / "bundles" / champion).as_posix(): p.read_bytes()
                       for p in sorted((work / "bundles" / champion).glob("*/*/*"))}  # fmt: skip
    return found


def leftovers(work: Path):
    return [path.name for path in work.rglob("*") if path.name.endswith((".partial", ".replaced"))]


@pytest.mark.parametrize("name", STEPS)
def test_killed_just_before_it_is_done(name, region, stratify, few_events, tmp_path):
    work = tmp_path / "w"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_RENAME, name, *words(work, few_events)], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    stratify(*words(work, few_events))
    assert state(work) == state(region)
    assert leftovers(work) == []


@pytest.fixture(scope="module")
def other_region(stratify, few_events, tmp_path_factory):
    """The work folder of a run with another seed; nobody may write in it."""
    work = tmp_path_factory.mktemp("other") / "w"
    stratify(*words(work, few_events, seed=SEED + 1))
    return work


@pytest.fixture(scope="module")
def undisturbed(other_region, stratify, few_events, tmp_path_factory):
    """What an undisturbed run makes of that folder: what is served also hangs on the champion there was before."""
    work = tmp_path_factory.mktemp("undisturbed") / "w"
    shutil.copytree(other_region, work)
    stratify(*words(work, few_events))
    return state(work)


@pytest.mark.parametrize("name", ["registers", "store", "features", "scores"])
def test_killed_between_the_old_state_and_the_new(name, other_region, undisturbed, stratify, few_events, tmp_path):
    work = tmp_path / "w"
    shutil.copytree(other_region, work)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BETWEEN_RENAMES, name, *words(work, few_events)], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    stratify(*words(work, few_events))
    assert state(work) == undisturbed
    assert leftovers(work) == []


def test_killed_again_and_again_at_any_time(region, stratify, few_events, tmp_path):
    work, chance = tmp_path / "w", random.Random(7)
    for _ in range(6):
        run = subprocess.Popen(
            [sys.executable, "-c", "from pipelines.cli import main; main()", *words(work, few_events)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(1.0, 6.0))
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    stratify(*words(work, few_events))
    assert state(work) == state(region)
    assert leftovers(work) == []
