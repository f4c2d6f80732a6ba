"""What a small correction costs beside a full landing, in CPU-seconds, and how many bucket files each writes.

    python benchmarks/delivery.py REGISTERS

REGISTERS is an extract as `stratify synthesise` writes it. It is landed with nothing before it; then one row of
medicine is corrected and the extract landed beside the first store; then it is landed again with nothing before it, and
both stores are held against each other byte for byte.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipelines.data_steps import land_step
from stratify.catalogue import load
from stratify.files import digest_tree
from stratify.workspace import Workspace


def main() -> None:
    """Print one line for each landing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("registers", type=Path)
    parser.add_argument("--scratch", type=Path, default=None, help="where three stores and a copy have room")
    given = parser.parse_args()
    with TemporaryDirectory(dir=given.scratch) as scratch:
        root = Path(scratch)
        first, other = Workspace(root / "first"), Workspace(root / "other")
        full = _landed(first, given.registers, "full landing")
        corrected = root / "corrected"
        shutil.copytree(given.registers, corrected)
        _correct(sorted((corrected / "lmdb").glob("*.parquet"))[-1])
        again = _landed(first, corrected, "one row corrected")
        anew = _landed(other, corrected, "the same, landed anew")
        outside = frozenset({"run.json"})
        same = digest_tree(first.store, leave_out=outside) == digest_tree(other.store, leave_out=outside)
        print(
            f"byte for byte the same: {same}; the correction cost {again / ((full + anew) / 2):.2f} of a full landing"
        )
        if not same:
            raise SystemExit(1)


def _landed(work: Workspace, data: Path, what: str) -> float:
    manifest, _ = land_step(work, load(None), source="synthetic", data=data, progress=print_nothing)
    told: dict[str, Any] = json.loads((work.store / "run.json").read_text(encoding="utf-8"))
    written = sum(len(buckets) for buckets in told["rewritten"].values())
    files = sum(1 for name in manifest["files"] if "/bucket=" in name)
    events = sum(manifest["results"]["events"].values())
    print(
        f"{what:<22} {told['cpu_seconds']:7.1f} CPU-s {told['seconds']:7.1f} s, {written} of {files} bucket files "
        f"written; {events:,} events"
    )
    return float(told["cpu_seconds"])


def print_nothing(what: str) -> None:
    """Stay silent about what is being done."""
    del what


def _correct(path: Path) -> None:
    """Another code in the first row of a file."""
    changed = path.with_suffix(".new")
    names = [name for name, *_ in duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()]
    code = next(name for name in names if name.lower() == "atc")
    duckdb.execute(
        f'COPY (SELECT * EXCLUDE (n) REPLACE (CASE WHEN n = 1 THEN \'N02BE01\' ELSE "{code}" END AS "{code}") '
        f"FROM (SELECT *, row_number() OVER () AS n FROM read_parquet('{path}'))) TO '{changed}' (FORMAT parquet)"
    )
    changed.replace(path)


if __name__ == "__main__":
    main()
