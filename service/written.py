"""Returns what a step has written into its folder, read whole and held against the digest in the step's manifest.

What is not there yet, and what is not as the step left it, is told apart from what can be read: a page says so calmly.
A file is read anew when it, or its manifest, has changed on disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from service.logs import log

MANIFEST = "manifest.json"
MOST_KEPT = 24  # files
State = Literal["there", "absent", "damaged"]


class Written(NamedTuple):
    """A step's file: whether it can be read, what stands in it, and the step's manifest; both empty where it cannot."""

    state: State
    told: Any
    manifest: Mapping[str, Any]


def read_written(folder: Path, name: str) -> Written:
    """Return a JSON file of a step's folder; where it is not what the manifest says, nothing of it is told."""
    try:
        stamps = [(one.st_mtime_ns, one.st_size) for one in ((folder / at).stat() for at in (MANIFEST, name))]
    except OSError:
        return Written("absent", {}, {})
    return _read(folder, name, tuple(stamps))


@lru_cache(maxsize=MOST_KEPT)
def _read(folder: Path, name: str, _stamps: tuple[tuple[int, int], ...]) -> Written:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        told = (folder / name).read_bytes()
        if manifest["files"][name] != hashlib.sha256(told).hexdigest():
            raise ValueError("digest")
        return Written("there", json.loads(told), manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.error("%s is not as its step left it (%s): run the step again", name, type(error).__name__)
        return Written("damaged", {}, {})
