"""Returns what is read of a target's JSON, an object at a time: all of it at once would take a worker many megabytes.

Every object is checked for small counts on the way, and only what is wanted is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from stratify.quality.small_counts import SKIPPED, small_rows

LARGE = frozenset({"series", "units", "gaps", "parts", "over_time", "ratios"})  # members of a target's JSON
BLANK = re.compile(r"[ \t\r\n]*")
READ = json.JSONDecoder().raw_decode


def read_told(text: str, unit: str, wanted: Collection[str] = ("series", "units")) -> tuple[dict[str, Any], list[str]]:
    """Return a target's JSON with those of its large members that are wanted, and the places where few people show.

    unit: share, rate or ratio, as the target's line says. Raises ValueError for what is no JSON, or of another unit.
    """
    places: list[str] = []
    reader = _Reader(text, unit == "share", LARGE - set(wanted), places)
    found, end = reader.object(reader.blank(0), "", True)
    if reader.blank(end) != len(text) or found.get("unit") != unit:
        raise ValueError("not one target's JSON")
    return found, places


class _Reader:
    """Goes through a text once."""

    def __init__(self, text: str, share: bool, left_out: Collection[str], places: list[str]) -> None:
        self._text, self._share, self._left_out, self._places = text, share, left_out, places

    def blank(self, at: int) -> int:
        """Return where the next thing stands."""
        found = BLANK.match(self._text, at)
        return at if found is None else found.end()

    def object(self, at: int, place: str, keep: bool) -> tuple[dict[str, Any], int]:
        """Return the object that begins here and where it ends; where it is not kept, without the objects within."""
        own: dict[str, Any] = {}
        at = self._past("{", at)
        while self._text[at : at + 1] != "}":
            if own:
                at = self._past(",", at)
            key, at = READ(self._text, at)
            if not isinstance(key, str) or key in own:  # of two, one would go unseen
                raise ValueError("not JSON, or a key twice")
            at = self._past(":", self.blank(at))
            if self._text[at : at + 1] == "{" and key not in SKIPPED:
                kept = keep and (bool(place) or key not in self._left_out)
                inner, at = self.object(at, f"{place}/{key}" if place else key, kept)
                own[key] = inner if kept else None
            else:
                own[key], at = READ(self._text, at)
            at = self.blank(at)
        if isinstance(own.get("numerator"), list):
            self._places += [f"{place}: row {row}" for row in small_rows(own, self._share)]
        if not place:
            own = {name: value for name, value in own.items() if name not in self._left_out}
        return own, at + 1

    def _past(self, sign: str, at: int) -> int:
        if self._text[at : at + 1] != sign:
            raise ValueError("not JSON")
        return self.blank(at + 1)
