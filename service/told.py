"""Returns everything that is told of a quality target: read from the served file when asked, and not kept.

What is read is checked once more: where few people would show there is no answer. What was checked is known by its
digest, so that the same bytes are checked once.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.report.targets.glance import gaps_told
from models.report.targets.signals import Watched, watch
from service.told_text import LARGE, read_told
from stratify.errors import BundleError
from stratify.quality.proposing import proposals

Told = dict[str, Any]
DAMAGED = "serving.db: what is told of a target is damaged: score again"
PLACES = 10  # that an error names
PIECE = 1 << 16  # bytes


@dataclass(frozen=True)
class Telling:
    """All that is told of one target, as packed JSON, and what it proposes to follow up."""

    packed: bytes
    proposals: tuple[Mapping[str, Any], ...]
    unit: str

    @cached_property
    def told(self) -> Told:
        """What it is, its series and its units by year, read; without groups, gaps and parts."""
        return read_told(zlib.decompress(self.packed).decode(), self.unit)[0]

    def everything(self) -> Told:
        """Return all of it, read anew: groups, gaps and parts may be a megabyte, and are not kept."""
        return read_told(zlib.decompress(self.packed).decode(), self.unit, LARGE)[0]

    def pieces(self) -> Iterator[bytes]:
        """Yield the JSON in pieces: whole it may be megabytes, which a worker would go on holding."""
        unpacking = zlib.decompressobj()
        rest = self.packed
        while rest:
            yield unpacking.decompress(rest, PIECE)
            rest = unpacking.unconsumed_tail
        yield unpacking.flush()


@dataclass(frozen=True)
class Glance:
    """What the list of targets needs of one beside its line: its charts' signals, and how many are too few for one."""

    watched: tuple[Watched, ...]
    too_few: int
    gaps: tuple[int, int] | None
    parts: Mapping[str, Any]  # their names


class Tellings:
    """Reads what is told of targets; keeps the little that lists need. units: of each target, by id."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock, units: Mapping[str, str]) -> None:
        self._connection, self._lock, self._units = connection, lock, units
        self._checked: dict[str, tuple[bytes, tuple[Mapping[str, Any], ...]]] = {}
        self._glances: dict[str, tuple[bytes, Glance]] = {}

    def of(self, key: str) -> Telling | None:
        """Return what is told of a target, None where there is none; raises BundleError where it may not be shown."""
        packed = self._read(key) if key in self._units else None
        if packed is None:
            return None
        try:
            digest = hashlib.sha256(packed).digest()
            known = self._checked.get(key)
            if known is None or known[0] != digest:
                text = zlib.decompress(packed).decode()
                known = self._checked[key] = digest, _checked(key, text, self._units[key])
        except (zlib.error, TypeError, KeyError, IndexError, ValueError, RecursionError):
            raise BundleError(DAMAGED) from None
        return Telling(packed, known[1], self._units[key])

    def glance(self, key: str) -> Glance | None:
        """Return what the list of targets shows of one; None and errors as `of`."""
        telling = self.of(key)
        if telling is None:
            return None
        digest = self._checked[key][0]
        known = self._glances.get(key)
        if known is None or known[0] != digest:
            try:
                known = self._glances[key] = digest, _glance(key, telling.everything())
            except (KeyError, IndexError, TypeError):
                raise BundleError(DAMAGED) from None
        return known[1]

    def _read(self, key: str) -> bytes | None:
        with self._lock:
            try:
                row = self._connection.execute("SELECT told FROM target WHERE id = ?", (key,)).fetchone()
            except (sqlite3.Error, UnicodeError) as error:
                raise BundleError(f"serving.db cannot be read ({type(error).__name__}): score again") from None
        return None if row is None else row[0]


def _checked(key: str, text: str, unit: str) -> tuple[Mapping[str, Any], ...]:
    told, places = read_told(text, unit)
    if told["id"] != key:
        raise BundleError(DAMAGED)
    if places:
        raise BundleError("serving.db: a target would show 1 to 4 people: monitor and score again", places[:PLACES])
    return tuple(proposals(told))


def _glance(key: str, told: Told) -> Glance:
    watched, few = watch({key: told})
    names = {name: {"name": part.get("name", name)} for name, part in told.get("parts", {}).items()}
    return Glance(tuple(watched), few, gaps_told(told), names)


def narrowed(told: Mapping[str, Any], level: str, unit: str | None) -> Told:
    """Return what is told of a target with the series of one level, or of one unit of it, alone. KeyError: no such."""
    said = {name: one for name, one in told.items() if name not in LARGE}
    lines = told.get("series", {})[level]
    return {**said, "series": {level: lines if unit is None else {unit: lines[unit]}}}
