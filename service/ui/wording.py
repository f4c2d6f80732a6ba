"""The words of the pages in one language, from the files in `words/`, with the way it writes numbers and days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from models.report.words import Words, read

FOLDER = Path(__file__).parent / "words"
Sections = Mapping[str, Mapping[str, Mapping[str, str]]]


@cache
def sections() -> Sections:
    """Return all words by section, key and language. A section stands in one file."""
    found: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        told = read(file)
        twice = found.keys() & told.keys()
        if twice:
            raise ValueError(f"{file.name}: another file has {', '.join(sorted(twice))} too")
        found |= told
    return found


class UiWords(Words):
    """The words of the pages in one language.

    >>> UiWords("da").day("2026-11-03"), UiWords("en").day("2026-11-03")
    ('3. november 2026', '3 November 2026')
    """

    def __call__(self, place: str, **filled: str) -> str:
        """Return the words at "section/key", its braces filled."""
        section, key = place.split("/")
        told = sections()[section][key][self.code]
        return told.format(**filled) if filled else told

    def named(self, section: str, key: str) -> str:
        """Return the words for a name that data brought, or the name itself where there are none."""
        found = sections()[section].get(key)
        return found[self.code] if found else key

    @property
    def other(self) -> str:
        """The code of the other language."""
        return "en" if self.code == "da" else "da"

    def day(self, told: str | date) -> str:
        """Return a day in words; months are named, so that no two ways of writing days can be mixed up."""
        day = date.fromisoformat(told) if isinstance(told, str) else told
        month = self("days/months").split()[day.month - 1]
        return self("days/day", day=str(day.day), month=month, year=str(day.year))
