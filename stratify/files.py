"""Files written whole or not at all, and the digests that say what is in them.

One way to write a file and one way to write a folder: into a temporary sibling, flushed to the disk, then renamed.
A process killed at any moment leaves the last good state, or the sibling, which the next writer removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stratify.errors import NotPermittedError

TEMPORARY = ".partial"  # the folder or file being written
REPLACED = ".replaced"  # the last good state, for the moment between two renames


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, UTF-8 kept, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_text(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_tree(folder: Path, *, leave_out: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its path in POSIX form, in that order."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in leave_out)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode(), mode=mode)


def write_json(path: Path, value: Any) -> None:
    """Write a value as readable JSON, the same bytes for the same value."""
    write_text(path, json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file whole or not at all, with these permissions from its first byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + TEMPORARY)
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def refuse_readable_by_others(path: Path) -> None:
    """Raise NotPermittedError (exit 14) where anyone but its owner may read, write or run this secret file."""
    if path.stat().st_mode & 0o077:
        raise NotPermittedError(f"{path.name}: others can read this key; restrict it with: chmod 600 {path}")


def recover(final: Path) -> None:
    """Undo what a killed writer left beside a folder: keep the last good state, remove the rest."""
    partial, replaced = _siblings(final)
    shutil.rmtree(partial, ignore_errors=True)
    if replaced.exists():
        if final.exists():
            shutil.rmtree(replaced)
        else:
            replaced.rename(final)


@contextmanager
def folder_written_whole(final: Path) -> Iterator[Path]:
    """Give a fresh folder to write in; on success it takes the place of `final`, on failure it is removed."""
    recover(final)
    partial, replaced = _siblings(final)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if final.exists():
        final.rename(replaced)
    partial.rename(final)
    shutil.rmtree(replaced, ignore_errors=True)


def _siblings(final: Path) -> tuple[Path, Path]:
    return final.with_name(final.name + TEMPORARY), final.with_name(final.name + REPLACED)
