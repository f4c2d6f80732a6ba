"""The figures of a report as they stand on a page, each with the place in the report it was read from.

A place is a JSON pointer (RFC 6901) and stands in the page as `data-at`, so that each figure can be held against the
report. What the report hides is told in words: "too few to show", or "too few to tell" where one class alone is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.words import Words
from stratify.charts import ends
from stratify.errors import DataError

KEYS = (
    "n", "people", "events", "prevalence", "suppressed", "too_few", "bootstraps", "seed", "overall",
    "calibration_curve", "distribution", "roc", "decision_curve", "capacity", "deciles", "subgroups", "others",
)  # fmt: skip
DIGITS = {"auroc": 3, "auprc": 3, "brier": 4, "scaled_brier": 3, "ici": 4, "e50": 4, "e90": 4, "net_benefit": 4}


def at(found: Any, pointer: str) -> Any:
    """Return what stands at a place; DataError where nothing does.

    >>> at({"a": [{"b/c": 1}]}, "/a/0/b~1c")
    1
    """
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise DataError(f"nothing stands at {pointer} of this report") from error
    return found


def pointer(*parts: str | int) -> str:
    """Return the place below these keys.

    >>> pointer("subgroups", "age", "18/39")
    '/subgroups/age/18~139'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def refuse_other(report: Mapping[str, Any]) -> None:
    """Raise DataError where a report is not what models/evaluation tells."""
    absent = [key for key in KEYS if key not in report]
    if absent:
        raise DataError(f"a report of an evaluation is required, and this one lacks {', '.join(absent)}: train again")


def without_interval(found: Mapping[str, float | None]) -> bool:
    """Return whether a figure has no interval to tell: none was made, or every redraw gave the very same value.

    So it is where nobody of a group, or everybody, had the event: drawing them anew tells nothing of the doubt.

    >>> without_interval({"value": 0.0, "low": 0.0, "high": 0.0}), without_interval({"value": 1, "low": 0.9, "high": 1})
    (True, False)
    """
    return found["low"] is None or found["low"] == found["high"] == found["value"]


class Figures:
    """A report, a card or a model, read figure by figure in one language."""

    def __init__(self, report: Mapping[str, Any], words: Words) -> None:
        self.report, self.words, self.tongue = report, words, words.tongue

    def plain(self, place: str, digits: int | None = None, *, signed: bool = False) -> str:
        """Return a figure and its interval, without markup: 0,731 (0,703–0,761)."""
        found = at(self.report, place)
        digits = DIGITS.get(place.rsplit("/", 1)[-1], 2) if digits is None else digits

        def number(value: float) -> str:
            return self.tongue.number(value, digits)

        if not isinstance(found, Mapping):
            return self.hidden(place) if found is None else number(found)
        if found["value"] is None:
            return self.hidden(place)
        told = number(found["value"])
        if signed and found["value"] > 0 and told.strip("0,."):
            told = f"+{told}"
        return told if without_interval(found) else f"{told} ({ends(found['low'], found['high'], number)})"

    def figure(self, place: str, digits: int | None = None, *, signed: bool = False) -> str:
        """Return a figure with its place."""
        return _span(place, self.plain(place, digits, signed=signed))

    def share(self, place: str, digits: int = 1, *, rest: bool = False) -> str:
        """Return a figure in per cent with its place; `rest`: of what is left to 1."""
        found = at(self.report, place)
        if found is None or (isinstance(found, Mapping) and found["value"] is None):
            return _span(place, self.hidden(place))

        def number(value: float) -> str:
            return self.tongue.number(100 * (1 - value if rest else value), digits)

        sign, mark = self.tongue.per_cent, f' data-as="{"rest" if rest else "share"}"'
        if not isinstance(found, Mapping):
            return _span(place, number(found) + sign, mark)
        told = number(found["value"])
        if without_interval(found):
            return _span(place, told + sign, mark)
        low, high = (found["high"], found["low"]) if rest else (found["low"], found["high"])
        return _span(place, f"{told}{sign} ({ends(low, high, number)})", mark)

    def points(self, place: str) -> str:
        """Return a figure in hundredths with its place, for words about points of per cent."""
        found = at(self.report, place)
        if found is None or (isinstance(found, Mapping) and found["value"] is None):
            return _span(place, self.hidden(place))

        def number(value: float) -> str:
            return self.tongue.number(100 * value, 1)

        mark = ' data-as="points"'
        if not isinstance(found, Mapping):
            return _span(place, number(found), mark)
        if without_interval(found):
            return _span(place, number(found["value"]), mark)
        return _span(place, f"{number(found['value'])} ({ends(found['low'], found['high'], number)})", mark)

    def interval(self, place: str, digits: int = 2) -> str:
        """Return the interval of a figure alone, with its place."""
        found = at(self.report, place)
        if found["value"] is None:
            return _span(place, self.hidden(place))
        told = ends(found["low"], found["high"], lambda value: self.tongue.number(value, digits))
        return _span(place, told, ' data-as="interval"')

    def count(self, place: str) -> str:
        """Return a count with its place."""
        found = at(self.report, place)
        return _span(place, self.hidden(place) if found is None else self.tongue.number(found, 0))

    def hidden(self, place: str) -> str:
        """Return why nothing stands at a place: one class alone is there, or too few people are."""
        parts = place.split("/")
        over = [at(self.report, "/".join(parts[:end])) for end in range(len(parts) - 1, 0, -1)]
        few = any(isinstance(one, Mapping) and one.get("too_few") for one in over)
        return self.tongue.words["too_few" if few else "hidden"]


def _span(place: str, told: str, mark: str = "") -> str:
    """A figure with its place; its interval stays in one piece where a line is broken."""
    value, bracket, interval = told.partition(" (")
    whole = f'{escape(value)} <span class="ends">({escape(interval)}</span>' if bracket else escape(told)
    return f'<span data-at="{escape(place, quote=True)}"{mark}>{whole}</span>'
