"""Returns rows as CSV for a Danish Excel: semicolons, decimal commas, a byte order mark, titles in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FORMULA = ("=", "+", "-", "@")  # a text that begins so would be worked out
MARK = "\ufeff"
LINES = 500  # of a piece


def write_danish(path: Path, titles: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows for a Danish Excel, a title for each of their keys."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(danish_csv(titles, rows))


def danish_csv(titles: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    r"""Yield the same as text, some hundred lines at a time.

    >>> "".join(danish_csv({"a": "navn", "b": "tal"}, [{"a": "=1", "b": 0.5}, {"a": "x", "b": None}]))
    "\ufeffnavn;tal\r\n'=1;0,5\r\nx;\r\n"
    """
    piece = io.StringIO(newline="")
    writer = csv.writer(piece, delimiter=";", lineterminator="\r\n")
    piece.write(MARK)
    writer.writerow(titles.values())
    for nth, row in enumerate(rows, 1):
        writer.writerow([_danish(row[name]) for name in titles])
        if nth % LINES == 0:
            yield piece.getvalue()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue()


def _danish(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if isinstance(value, float):
        return str(value).replace(".", ",")
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else str(value)
