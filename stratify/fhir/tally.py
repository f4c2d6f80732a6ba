"""What of a chart could not be read, counted by kind and told in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stratify.fhir.declared import declared


@dataclass(frozen=True)
class Tally:
    """Counts by kind (`told` in codings.toml), and the prefetch keys that lack something, by kind."""

    counts: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, times: int = 1) -> None:
        """Count one more of a kind."""
        self.counts[kind] += times

    def lacks(self, kind: str, key: str) -> None:
        """Note what is wrong with all that stands under a prefetch key."""
        self.lacking.setdefault(kind, []).append(key)

    def told(self) -> list[dict[str, Any]]:
        """Return it as an answer tells what it lacks: {"id", "text": {da, en}}, what a chart never knows first."""
        words, prefetch = declared().told, declared().prefetch
        found = [("chart", words["chart"].da, words["chart"].en)]
        for kind, keys in self.lacking.items():
            for key in keys:
                name = prefetch[key].name
                found.append(
                    (f"{kind}_{key}", words[kind].da.format(what=name.da), words[kind].en.format(what=name.en))
                )
        for kind in words:  # in the order they are declared
            if n := self.counts[kind]:
                found.append((kind, words[kind].da.format(n=n), words[kind].en.format(n=n)))
        return [{"id": kind, "text": {"da": da, "en": en}} for kind, da, en in found]
