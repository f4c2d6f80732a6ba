"""Simulated regions on disk, made once for all processes of a test run, and SQL over their registers and truth."""

import fcntl
import json
import os
from pathlib import Path

import duckdb

from pipelines.synthesis import synthesise
from pipelines.synthesis.truth import attach
from pipelines.synthesis.views import attach_registers

USUAL = {"people": 4000, "years": 10, "seed": 11}
CLEAN = {**USUAL, "quirks": frozenset()}


class Region:
    """A simulated region: its folders, the rows it reported, and SQL over its tables, columns in lower case."""

    def __init__(self, root):
        self.registers, self.truth = root / "registers", root / "truth"
        self.rows = json.loads((root / "rows.json").read_text())
        self.connection = duckdb.connect()
        attach_registers(self.connection, self.registers)
        attach(self.connection, self.truth)

    def all(self, sql):
        return self.connection.execute(sql).fetchall()

    def one(self, sql):
        return self.connection.execute(sql).fetchone()[0]

    def column(self, sql):
        return [row[0] for row in self.all(sql)]

    def files(self, table):
        """Return the files of a table by year; the key is None where the table has no years."""
        found = {}
        for path in sorted((self.registers / table).iterdir()):
            year = path.stem.removeprefix(f"{table}_").split("_")[:-1]
            found[int(year[0]) if year else None] = path
        return found


def region_at(root, **arguments) -> Region:
    """Return a region after simulating it into a new folder."""
    for name in ("registers", "truth"):
        (root / name).mkdir(parents=True)
    rows = synthesise(root / "registers", root / "truth", processes=1, **arguments)
    (root / "rows.json").write_text(json.dumps(rows))
    return Region(root)


def shared_region(tmp_path_factory, name, **arguments) -> Region:
    """Return a region that the first process to ask for it simulates, and all others read; nobody may write in it."""
    base = tmp_path_factory.getbasetemp()
    shared = Path(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    root = shared / f"region-{name}"
    with (shared / f"region-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (root / "rows.json").exists():
            return Region(root)
        return region_at(root, **arguments)
