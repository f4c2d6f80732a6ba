"""What the measures mean, once, at the end of a page."""

from __future__ import annotations

from models.report.html import heading, pairs
from models.report.words import Words, read


def glossary(words: Words) -> str:
    """Return each term that a page uses without explaining it where it stands, with what it means."""
    told = [(words(f"terms/{term}"), words(f"meanings/{term}")) for term in read()["terms"]]
    return heading("words", words("page/glossary")) + pairs(told)
