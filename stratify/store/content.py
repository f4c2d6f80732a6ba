"""What each bucket file of a store holds, by a digest of its rows, so that a later landing need not write it again.

`content.json` lies in the store: for each domain a digest per bucket. Where a landing meets the digest it would write,
by the same writer, it takes that file over (a hard link) once the file's own SHA-256 is what its manifest says. So the
store is the same to the byte as one landed with nothing before it; only `rewritten` tells them apart, and that does not
stand in the store's manifest.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from stratify.files import canonical_json, digest_file, digest_text, write_json
from stratify.store.layout import DOMAINS, NOT_OPTIMIZED, PARQUET, bucket_file

FILE = "content.json"


def writer() -> str:
    """Return the digest of everything but the rows that decides a bucket file's bytes."""
    return digest_text(canonical_json([duckdb.__version__, platform.machine(), PARQUET, NOT_OPTIMIZED, DOMAINS]))


def digests(con: duckdb.DuckDBPyConnection, columns: str, buckets: int) -> list[str]:
    """Return a digest of each bucket's rows in table `landing`, whatever their order.

    It is their number and the sum of their hashes.
    """
    found = con.execute(
        f"SELECT person % {buckets}, count(*), sum(hash({columns})) FROM landing GROUP BY ALL"
    ).fetchall()
    told = {bucket: f"{rows}:{int(total):x}" for bucket, rows, total in found}
    return [told.get(bucket, "0:0") for bucket in range(buckets)]


@dataclass(frozen=True)
class Earlier:
    """A store landed before: the digests of its buckets and of its files; nothing where it cannot be told."""

    root: Path
    domains: dict[str, list[str]]
    files: dict[str, str]


@dataclass
class Content:
    """What the store being landed holds, and which of its bucket files had to be written."""

    people_buckets: int
    earlier: Sequence[Earlier] = ()
    domains: dict[str, list[str]] = field(default_factory=dict)
    rewritten: dict[str, list[int]] = field(default_factory=dict)

    def taken(self, domain: str, bucket: int, rows: str, out: Path) -> bool:
        """Return whether a bucket's file could be taken from an earlier store; note what the bucket holds."""
        self.domains.setdefault(domain, []).append(rows)
        name = bucket_file(domain, bucket)
        for before in self.earlier:
            known = before.domains.get(domain, [])
            if len(known) == self.people_buckets and known[bucket] == rows and _whole(before, name):
                link(before.root / name, out / name)
                return True
        self.rewritten.setdefault(domain, []).append(bucket)
        return False

    def write(self, out: Path) -> None:
        """Write `content.json`."""
        write_json(out / FILE, {"writer": writer(), "domains": self.domains})


def read_earlier(root: Path) -> Earlier:
    """Return what an earlier store holds; nothing where there is none, or where another writer wrote it."""
    try:
        told: Any = json.loads((root / FILE).read_text(encoding="utf-8"))
        files: Any = json.loads((root / "manifest.json").read_text(encoding="utf-8"))["files"]
        domains = told["domains"] if told["writer"] == writer() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return Earlier(root, {}, {})
    return Earlier(root, domains, files)


def link(source: Path, target: Path) -> None:
    """Make a file stand at another place too, as one file where the disk can, else as a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _whole(before: Earlier, name: str) -> bool:
    path = before.root / name
    return path.exists() and digest_file(path) == before.files.get(name)
