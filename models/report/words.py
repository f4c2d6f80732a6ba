"""The words of the pages in one language, with the way it writes numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from stratify.charts import TONGUES, Tongue
from stratify.errors import UsageError

FILE = Path(__file__).parent / "words.toml"
Language = Literal["da", "en"]


class Words:
    """Words by their place in words.toml, and numbers, in one language; another page's words lie in its own file."""

    file: ClassVar[Path] = FILE

    def __init__(self, code: str) -> None:
        if code not in TONGUES:
            raise UsageError(f"a page is written in da or en, got {code!r}")
        self.code = code
        self.tongue: Tongue = TONGUES[code]

    def __call__(self, place: str, **filled: str) -> str:
        """Return the words at "section/key", its braces filled.

        >>> Words("da")("made/days", n="365")
        '365 dage'
        """
        section, key = place.split("/")
        told: str = read(self.file)[section][key][self.code]
        return told.format(**filled) if filled else told

    def named(self, section: str, key: str) -> str:
        """Return the words for a name that data brought, or the name itself where there are none.

        >>> Words("da").named("levels", "female"), Words("da").named("levels", "18-39")
        ('kvinder', '18-39')
        """
        found = read(self.file)[section].get(key)
        return found[self.code] if found else key

    def ordered(self, levels: Mapping[str, Any]) -> list[str]:
        """Return levels in their own order where they have one, from short to long; others as they are.

        >>> Words("en").ordered({"long": 1, "not told": 2, "short": 3})
        ['short', 'long', 'not told']
        """
        known = list(read(self.file)["levels"])
        return sorted(levels, key=lambda level: known.index(level) if level in known else -1)

    def of(self, told: Any) -> str:
        """Return a text of both languages in this one; what is no such text, as it is."""
        return str(told[self.code]) if isinstance(told, Mapping) and self.code in told else str(told)


@cache
def read(file: Path = FILE) -> dict[str, dict[str, dict[str, str]]]:
    """Return all words of a file, by section, key and language."""
    return tomllib.loads(file.read_text(encoding="utf-8"))
