"""The file the service answers from: people by pseudonym, targets, entries of care, and what made them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stratify.features.kernel import Floats
from stratify.files import TEMPORARY, canonical_json

FORMAT = "4"


def write_serving(
    path: Path,
    meta: Mapping[str, str],
    names: list[str],
    bodies: list[dict[str, Any]],
    cells: Floats,
    targets: Mapping[str, Any],
    entries: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write the service's file whole or not at all."""
    partial = path.with_name(path.name + TEMPORARY)
    partial.unlink(missing_ok=True)
    con = sqlite3.connect(partial)
    try:
        con.executescript("""
            PRAGMA journal_mode = OFF;
            CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE person (pseudonym TEXT PRIMARY KEY, body TEXT NOT NULL, features BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE target (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE entry (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
        """)
        con.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        people = sorted(
            (name, canonical_json(one), cells[row].astype("<f8").tobytes())
            for row, (name, one) in enumerate(zip(names, bodies, strict=True))
        )
        con.executemany("INSERT INTO person VALUES (?, ?, ?)", people)
        con.executemany(
            "INSERT INTO target VALUES (?, ?)", [(k, canonical_json(v)) for k, v in sorted(targets.items())]
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
    partial.replace(path)
