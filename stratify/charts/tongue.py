"""How numbers and the few fixed words of a chart are written, in Danish and in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Tongue:
    """A language: its code, its marks in numbers, and its words."""

    code: str
    decimal: str
    thousands: str
    per_cent: str
    words: Mapping[str, str]

    def number(self, value: float, digits: int | None = None) -> str:
        """Return a number with so many decimals, else in about three figures; never with an exponent.

        >>> DA.number(1234.5), DA.number(12.34), DA.number(0.3491), DA.number(-0.0004, 3), EN.number(-1.5, 1)
        ('1.234', '12,3', '0,35', '0,000', '−1.5')
        """
        size = abs(value)
        if digits is None:
            digits = 0 if size >= 100 else 1 if size >= 10 else 2
        told = f"{size:,.{digits}f}"
        told = told.translate({ord(","): self.thousands, ord("."): self.decimal})
        return f"−{told}" if value < 0 and any(mark in "123456789" for mark in told) else told

    def plain(self, value: float) -> str:
        """Return a number as short as it is, as on an axis.

        >>> DA.plain(0.25), DA.plain(40.0), EN.plain(-2)
        ('0,25', '40', '−2')
        """
        return f"{value:g}".replace(".", self.decimal).replace("-", "−")

    def percent(self, share: float, digits: int = 1) -> str:
        """Return a share in per cent.

        >>> DA.percent(0.1738), EN.percent(0.1738, 0)
        ('17,4 %', '17%')
        """
        return f"{self.number(100 * share, digits)}{self.per_cent}"


DA = Tongue(
    "da",
    ",",
    ".",
    " %",
    MappingProxyType(
        {
            "table": "Tallene bag",
            "too_few": "for få til at sige",
            "hidden": "for få til at vise",
            "compared": "1 (sammenligningen)",
            "value": "Værdi",
            "interval": "95 %-interval",
            "adjusted": "Justeret interval",
            "group": "Gruppe",
            "series": "Kurve",
        }
    ),
)
EN = Tongue(
    "en",
    ".",
    ",",
    "%",
    MappingProxyType(
        {
            "table": "The figures behind",
            "too_few": "too few to tell",
            "hidden": "too few to show",
            "compared": "1 (compared with)",
            "value": "Value",
            "interval": "95% interval",
            "adjusted": "Adjusted interval",
            "group": "Group",
            "series": "Curve",
        }
    ),
)
TONGUES = {"da": DA, "en": EN}
