"""Steps: each writes one folder whole, says in its manifest what it was made from, and is not run again for the same.

`manifest.json` is the same for the same inputs, parameters, catalogue and source code. `run.json` beside it holds what
differs from run to run (seconds, CPU-seconds, peak memory, time, commit) and from one work folder to another (its keys'
names). It stands outside every digest.
"""

from __future__ import annotations

import fcntl
import json
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import models
import stratify
from stratify.errors import BundleError, DataError, UsageError
from stratify.files import (
    canonical_json,
    digest_file,
    digest_text,
    digest_tree,
    folder_written_whole,
    recover,
    write_json,
)

MANIFEST = "manifest.json"
RUN = "run.json"
OUTSIDE = frozenset({MANIFEST, RUN})
SOURCE_ENDINGS = (".py", ".toml", ".sql")


@dataclass(frozen=True)
class Step:
    """What a step is made from. Two steps with the same plan make the same files."""

    name: str
    folder: Path
    inputs: Mapping[str, str] = field(default_factory=dict)  # name: digest
    parameters: Mapping[str, Any] = field(default_factory=dict)
    catalogue: str = ""
    needs: tuple[Path, ...] = ()  # made elsewhere by the step and changed by others: missing, they have it run again
    also: tuple[Path, ...] = ()  # what the step alone writes outside its folder: changed or missing, it runs again
    own: Mapping[str, str] = field(default_factory=dict)  # what is this work folder's alone, as the name of a key

    def plan(self) -> dict[str, Any]:
        """Return what decides the step's result."""
        return {
            "step": self.name,
            "inputs": dict(self.inputs),
            "parameters": dict(self.parameters),
            "catalogue": self.catalogue,
            "source": source_digest(),
        }


def run_step(
    step: Step, work: Callable[[Path], Mapping[str, Any]], beside: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], bool]:
    """Return the step's manifest and whether it ran now; `work` fills a fresh folder and returns its results.

    What `work` puts in `beside` goes to `run.json`: how it went this time, which is no part of the result.
    """
    recover(step.folder)
    done = _manifest_of(step)
    if done is not None:
        return done, False
    clock, cpu = time.perf_counter(), _cpu_seconds()
    with folder_written_whole(step.folder) as partial:
        results = work(partial)
        manifest = {**step.plan(), "results": dict(results), "files": digest_tree(partial, leave_out=OUTSIDE)}
        write_json(partial / MANIFEST, manifest)
        write_json(
            partial / RUN,
            {
                "seconds": round(time.perf_counter() - clock, 3),
                "cpu_seconds": round(_cpu_seconds() - cpu, 3),
                "peak_memory_mib": max(used.ru_maxrss for used in _used()) // 1024,  # of the largest process
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "commit": _commit(),
                "own": dict(step.own),
                "also": _digests(step.also),
                **(beside or {}),
            },
        )
    return json.loads(canonical_json(manifest)), True


def is_done(step: Step) -> bool:
    """Return whether `run_step` would leave the step as it is."""
    recover(step.folder)
    return _manifest_of(step) is not None


def read_manifest(folder: Path, command: str) -> dict[str, Any]:
    """Return a step's manifest; raises DataError naming the command that makes it."""
    recover(folder)
    path = folder / MANIFEST
    if not path.exists():
        raise DataError(f"{folder}: not there yet; run `stratify {command}` first")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def read_run(folder: Path) -> dict[str, Any]:
    """Return how a step's last run went: what stands outside every digest."""
    run: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    return run


def refuse_damaged(folder: Path, command: str) -> None:
    """Raise BundleError (exit 13) naming every file of a step's folder that is not what its manifest says."""
    told = read_manifest(folder, command)["files"]
    found = digest_tree(folder, leave_out=OUTSIDE)
    off = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
    if off:
        raise BundleError(f"{folder}: not as `stratify {command}` left it; run it again. Changed or missing:", off)


def manifest_digest(folder: Path, command: str) -> str:
    """Return the digest of a step's manifest, which stands for all its files."""
    read_manifest(folder, command)
    return digest_file(folder / MANIFEST)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the work folder for one run; raises UsageError while another one works in it."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{root}: another run is at work here; wait for it, or name another --work") from None
        yield


@cache
def source_digest() -> str:
    """Return the digest of our packages' source, so that changed code has its steps run again."""
    roots = [Path(next(iter(package.__path__))) for package in (stratify, models)] + [Path(__file__).parent]
    found: dict[str, str] = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.suffix in SOURCE_ENDINGS:
                found[f"{root.name}/{path.relative_to(root).as_posix()}"] = digest_file(path)
    return digest_text(canonical_json(found))


def _manifest_of(step: Step) -> dict[str, Any] | None:
    """The manifest of a step that was done and whose files are still what it says."""
    path = step.folder / MANIFEST
    around = (step.folder / RUN, *step.needs, *step.also)
    if not path.exists() or not all(other.exists() for other in around):
        return None
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    plan = json.loads(canonical_json(step.plan()))
    if any(manifest.get(key) != value for key, value in plan.items()):
        return None
    run = json.loads((step.folder / RUN).read_text(encoding="utf-8"))
    if run["own"] != dict(step.own) or run["also"] != _digests(step.also):
        return None
    return manifest if digest_tree(step.folder, leave_out=OUTSIDE) == manifest["files"] else None


def _digests(paths: Sequence[Path]) -> dict[str, str]:
    return {p.name: digest_text(canonical_json(digest_tree(p))) if p.is_dir() else digest_file(p) for p in paths}


def _cpu_seconds() -> float:
    return sum(used.ru_utime + used.ru_stime for used in _used())


def _used() -> tuple[resource.struct_rusage, ...]:
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)


def _commit() -> str | None:
    try:
        found = subprocess.run(  # noqa: S603 - no input in the command
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return found.stdout.strip() or None
