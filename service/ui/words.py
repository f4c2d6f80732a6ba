"""The words of the pages in one language, from their own file, with the way it writes numbers and days."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import ClassVar

from models.report.words import Words, read

FILE = Path(__file__).parent / "words.toml"


class UiWords(Words):
    """The words of the pages in one language.

    >>> UiWords("da").day("2026-11-03"), UiWords("en").day("2026-11-03")
    ('3. november 2026', '3 November 2026')
    """

    file: ClassVar[Path] = FILE

    @property
    def other(self) -> str:
        """The code of the other language."""
        return "en" if self.code == "da" else "da"

    def day(self, told: str | date) -> str:
        """Return a day in words; months are named, so that no two ways of writing days can be mixed up."""
        day = date.fromisoformat(told) if isinstance(told, str) else told
        month = self("days/months").split()[day.month - 1]
        return self("days/day", day=str(day.day), month=month, year=str(day.year))

__all__ = ["UiWords", "read"]
