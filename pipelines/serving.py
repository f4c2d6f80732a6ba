"""The file the service answers from: people by pseudonym, targets, entries of care, and what made them."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from stratify.errors import UsageError
from stratify.features.kernel import Floats
from stratify.files import TEMPORARY, canonical_json

FORMAT = "8"


class Kept(NamedTuple):
    """What is kept of people, by row: bodies, features, of some all that is told of them, and their past, packed."""

    bodies: Sequence[Mapping[str, Any]]
    cells: Floats
    told: Mapping[int, Mapping[str, Any]]
    past: Sequence[bytes]

    def row(self, row: int) -> tuple[str, bytes, bytes | None]:
        """Return a person's body, features and telling, as they are written."""
        told = self.told.get(row)
        packed = None if told is None else zlib.compress(canonical_json(told).encode())
        return canonical_json(self.bodies[row]), self.cells[row].astype("<f8").tobytes(), packed


def write_serving(
    path: Path,
    before: Path,
    meta: Mapping[str, str],
    names: list[str],
    people: Kept,
    targets: Mapping[str, tuple[Any, Any]],
    entries: Mapping[str, Mapping[str, Any]],
    beside: Mapping[str, Any],
) -> None:
    """Write the service's file whole or not at all; what was served until now is kept as `before`.

    targets: of each, its one line and all that is told of it. beside: what stands beside risks, see `pipelines.beside`.
    """
    partial = path.with_name(path.name + TEMPORARY)
    partial.unlink(missing_ok=True)
    con = sqlite3.connect(partial)
    try:
        con.executescript("""
            PRAGMA journal_mode = OFF;
            CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE person (pseudonym TEXT PRIMARY KEY, body TEXT NOT NULL, features BLOB NOT NULL,
                                 told BLOB) WITHOUT ROWID;
            CREATE TABLE past (pseudonym TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE target (id TEXT PRIMARY KEY, body TEXT NOT NULL, told BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE beside (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE entry (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
        """)
        con.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        order = sorted(range(len(names)), key=names.__getitem__)
        con.executemany("INSERT INTO person VALUES (?, ?, ?, ?)", ((names[row], *people.row(row)) for row in order))
        con.executemany("INSERT INTO past VALUES (?, ?)", ((names[row], people.past[row]) for row in order))
        con.executemany(
            "INSERT INTO target VALUES (?, ?, ?)",
            [
                (key, canonical_json(line), zlib.compress(canonical_json(told).encode()))
                for key, (line, told) in sorted(targets.items())
            ],
        )
        con.executemany(
            "INSERT INTO beside VALUES (?, ?)", [(key, canonical_json(one)) for key, one in sorted(beside.items())]
        )
        con.executemany(
            "INSERT INTO entry VALUES (?, ?, ?)",
            [
                (kind, key, canonical_json(one))
                for kind, of in sorted(entries.items())
                for key, one in sorted(of.items())
            ],
        )
        con.commit()
    finally:
        con.close()
    partial.chmod(0o600)
    if path.exists():  # a link, so that there is a file of this name at every moment
        _link(path, before)
    partial.replace(path)


def take_back(path: Path, before: Path) -> dict[str, str]:
    """Put what was served before in the place of what is served, and return what it says of itself.

    What was served until now is what was before from then on: taken back twice, all is as it was. Raises UsageError
    where there is nothing before.
    """
    if not before.exists():
        raise UsageError(f"{before.name}: there is nothing to go back to; the scores before these were never kept")
    with closing(sqlite3.connect(before.absolute().as_uri() + "?mode=ro", uri=True)) as con:
        meta = dict(con.execute("SELECT key, value FROM meta"))
    beside = path.with_name(path.name + TEMPORARY)
    _link(path, beside)
    _link(before, before.with_name(before.name + TEMPORARY))
    before.with_name(before.name + TEMPORARY).replace(path)
    beside.replace(before)
    return meta


def _link(source: Path, name: Path) -> None:
    name.unlink(missing_ok=True)
    name.hardlink_to(source)
