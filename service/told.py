"""Returns everything that is told of a quality target: read from the served file when asked, and not kept.

What is read is checked once more: where few people would show there is no answer. What was checked is known by its
digest, so that the same bytes are checked once.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stratify.errors import BundleError
from stratify.quality.proposing import proposals
from stratify.quality.small_counts import small_counts

Told = dict[str, Any]
DAMAGED = "serving.db: what is told of a target is damaged: score again"
PLACES = 10  # that an error names


@dataclass(frozen=True)
class Telling:
    """All that is told of one target, as JSON, and what it proposes to follow up."""

    text: bytes
    proposals: tuple[Mapping[str, Any], ...]

    @cached_property
    def told(self) -> Told:
        """The same, read."""
        found: Told = json.loads(self.text)
        return found


class Tellings:
    """Reads what is told of targets; keeps what each proposes, which is little."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._connection, self._lock = connection, lock
        self._checked: dict[str, tuple[bytes, tuple[Mapping[str, Any], ...]]] = {}

    def of(self, key: str) -> Telling | None:
        """Return what is told of a target, None where there is none; raises BundleError where it may not be shown."""
        packed = self._read(key)
        if packed is None:
            return None
        try:
            digest = hashlib.sha256(packed).digest()
            text = zlib.decompress(packed)
            known = self._checked.get(key)
            if known is None or known[0] != digest:
                known = self._checked[key] = digest, _checked(key, json.loads(text))
        except (zlib.error, TypeError, KeyError, IndexError, ValueError):
            raise BundleError(DAMAGED) from None
        return Telling(text, known[1])

    def _read(self, key: str) -> bytes | None:
        with self._lock:
            try:
                row = self._connection.execute("SELECT told FROM target WHERE id = ?", (key,)).fetchone()
            except (sqlite3.Error, UnicodeError) as error:
                raise BundleError(f"serving.db cannot be read ({type(error).__name__}): score again") from None
        return None if row is None else row[0]


def _checked(key: str, told: Told) -> tuple[Mapping[str, Any], ...]:
    if told["id"] != key:
        raise BundleError(DAMAGED)
    places = small_counts(told)
    if places:
        raise BundleError("serving.db: a target would show 1 to 4 people: monitor and score again", places[:PLACES])
    return tuple(proposals(told))


def narrowed(told: Mapping[str, Any], level: str, unit: str | None) -> Told:
    """Return what is told of a target with the series of one level, or of one unit of it, alone. KeyError: no such."""
    said = {name: one for name, one in told.items() if name not in ("series", "units", "gaps", "parts", "over_time")}
    lines = told.get("series", {})[level]
    return {**said, "series": {level: lines if unit is None else {unit: lines[unit]}}}
