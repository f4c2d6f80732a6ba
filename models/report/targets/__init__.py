"""What is told of quality targets, as parts of a page: charts, facts, tables and words, in Danish and in English.

The report of a meeting and the pages of the service are put together from these, so that they say the same.
"""

from pathlib import Path

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

__all__ = ["STYLE"]
