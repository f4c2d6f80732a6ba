"""A whole night on one machine: land, build, monitor, score with all offers, need; time, memory and disk of each step.

    python benchmarks/night.py --people 1300000 --years 10 --served WORK

Simulates a region (which is not part of the night), or takes the one that lies in --work, and runs what
`deploy/stratify-nightly.service` runs, one step after the other, each in a process of its own. The models are those of
WORK, a work folder whose bundle was promoted: nobody trains at night. Prints for each step seconds on the wall and its
share of the night, CPU-seconds, the peak memory of all processes, and what it leaves on disk.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scale import cost, size

from stratify.workspace import Workspace

NIGHT = {
    "land": ("land", "--source", "synthetic"),
    "build": ("build", "--landmarks", "2"),
    "monitor": ("monitor",),
    "score": ("score",),
    "need": ("need",),
}
LEFT = {"land": "store", "build": "features", "monitor": "quality", "score": "serving.db", "need": "need"}
ASKED, MEMORY = 20 * 60, 12 * 1024  # seconds of the night up to score, and MiB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_300_000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--served", type=Path, required=True, help="a work folder whose bundle is served")
    parser.add_argument("--work", type=Path, help="a work folder to keep; registers that are there are taken")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        night(asked, Workspace(asked.work or Path(scratch) / "night"))


def night(asked: argparse.Namespace, work: Workspace) -> None:
    if not work.registers.exists():
        wanted = ("--people", str(asked.people), "--years", str(asked.years), "--seed", str(asked.seed))
        run("synthesise", *wanted, work=work)
    for name in ("bundles", "keys"):
        shutil.copytree(asked.served / name, work.root / name, dirs_exist_ok=True)
    found = {}
    for step, words in NIGHT.items():
        found[step] = cost(lambda words=words: ({"results": run(*words, work=work)}, True))
        left = work.root / LEFT[step]
        found[step]["disk"] = size(left) if left.is_dir() else left.stat().st_size
        print(f"{step}: {found[step]['seconds']:.0f} s", file=sys.stderr, flush=True)
    whole = sum(one["seconds"] for one in found.values())
    print(f"{asked.people:,} people, {asked.years} years")
    for step, one in found.items():
        print(
            f"  {step:<8} {one['seconds']:7.0f} s {one['seconds'] / whole:5.0%}  {one['cpu']:7.0f} CPU-s"
            f"  {one['peak']:7,} MiB  {one['disk'] / 2**20:9,.0f} MiB on disk"
        )
    until_score = sum(found[step]["seconds"] for step in NIGHT if step != "need")
    peak = max(one["peak"] for one in found.values())
    print(f"  land to score {until_score:.0f} s (asked: {ASKED}), peak {peak:,} MiB (asked: {MEMORY:,})")


def run(*words: str, work: Workspace) -> None:
    """Run a command of ours in a process of its own; its own words are shown where it fails."""
    code = "from pipelines.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--work", str(work.root)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{words[0]}: {done.stderr}")


if __name__ == "__main__":
    main()
