"""How a target's figures are written: shares in per cent, rates for 1,000 years, ratios; what is hidden in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.report.targets.words import ReportWords
from stratify.charts import ends

DIGITS = {"share": 1, "rate": 0, "ratio": 2}


class Figures:
    """The figures of targets of one unit (share, rate or ratio) in one language."""

    def __init__(self, words: ReportWords, unit: str) -> None:
        self.words, self.unit = words, unit

    @property
    def named(self) -> str:
        """What the values are, as a chart's axis says it."""
        return self.words(f"values/{self.unit}")

    @property
    def scale(self) -> float:
        """What values are multiplied by in a forest: shares are told in per cent there."""
        return 100.0 if self.unit == "share" else 1.0

    @property
    def digits(self) -> int:
        """How many decimals a value has."""
        return DIGITS[self.unit]

    def value(self, value: float) -> str:
        """Return a value.

        >>> Figures(ReportWords("da"), "share").value(0.1234), Figures(ReportWords("en"), "rate").value(1412.6)
        ('12,3 %', '1,413')
        """
        tongue = self.words.tongue
        return tongue.percent(value, 1) if self.unit == "share" else tongue.number(value, self.digits)

    def standard(self, value: float) -> str:
        """Return a standard, as short as it was set.

        >>> Figures(ReportWords("da"), "share").standard(0.15)
        '15 %'
        """
        tongue = self.words.tongue
        return (
            f"{tongue.plain(round(100 * value, 3))}{tongue.per_cent}" if self.unit == "share" else tongue.plain(value)
        )

    def cell(self, value: float | None, low: float | None, high: float | None, *, hidden: bool) -> str:
        """Return a value with its interval, or why there is none.

        >>> Figures(ReportWords("da"), "share").cell(None, None, None, hidden=True)
        'for få til at vise'
        """
        if value is None:
            return self.words("values/hidden") if hidden else self.words("values/nobody")
        return self.value(value) if low is None or high is None else f"{self.value(value)} ({self.interval(low, high)})"

    def at(self, rows: Mapping[str, Any], place: int, name: str = "value") -> str:
        """Return the value of a place in columns as they are told, or its observed over expected (name "oe")."""
        low, high = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
        hidden = bool(rows["hidden"][place])
        found = [None if hidden else rows[one][place] for one in (name, low, high)]
        figures = self if name == "value" else Figures(self.words, "ratio")
        return figures.cell(*found, hidden=hidden)

    def interval(self, low: float, high: float) -> str:
        """Return an interval."""
        tongue = self.words.tongue
        if self.unit == "share":
            return ends(100 * low, 100 * high, lambda one: tongue.number(one, 1))
        return ends(low, high, self.value)

    def gap(self, value: float | None, low: float | None, high: float | None) -> str:
        """Return a difference between two groups with its sign and interval, or that it cannot be told.

        >>> Figures(ReportWords("da"), "share").gap(0.031, -0.004, 0.066)
        '+3,1 procentpoint (−0,4 – 6,6)'
        """
        if value is None or low is None or high is None:
            return self.words("values/untold")
        digits, tongue = (1, self.words.tongue) if self.unit == "share" else (self.digits, self.words.tongue)
        one, lowest, highest = (self.scale * each for each in (value, low, high))
        told = tongue.number(one, digits)
        sign = "+" if one > 0 and any(mark in "123456789" for mark in told) else ""
        return (
            f"{sign}{told} {self.words(f'gaps/{self.unit}')} "
            f"({ends(lowest, highest, lambda each: tongue.number(each, digits))})"
        )

    def unknown(self, unknown: int | None, denominator: float | None, *, hidden: bool) -> str:
        """Return the share of those whose answer is not known; of a rate or ratio there are none."""
        if self.unit != "share":
            return "–"
        if hidden or unknown is None or denominator is None:
            return self.words("values/hidden")
        whole = unknown + denominator
        return self.words.tongue.percent(unknown / whole, 1) if whole else self.words("values/nobody")
