"""CSV files as DuckDB can read them: columns named by the first line, lines that would spoil others set apart.

A line with a quote that does not close would swallow the lines after it. No register value spans lines, so such a line
is set apart by itself, its place left blank, and the lines after it are read.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

DELIMITERS = ",;\t|"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class CsvFile:
    """A readable CSV: where it lies, its titles in lower case, how many lines of data it has, and those set apart."""

    path: Path
    delimiter: str
    titles: tuple[str, ...]
    lines: int
    broken: tuple[tuple[int, str], ...]  # number and text


def open_csv(path: Path, copies: Path) -> CsvFile | str:
    """Return a CSV ready to be read, or why it cannot be; where lines are set apart, a copy without them is written."""
    if not _is_utf8(path):
        return "not UTF-8 text (Latin-1?); save it as UTF-8"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = stream.readline().rstrip("\r\n")
    delimiter = max(DELIMITERS, key=header.count)
    titles = tuple(title.strip().lower() for title in next(csv.reader([header], delimiter=delimiter), []))
    if not titles or not all(titles) or len(set(titles)) < len(titles):
        return "its first line must name each column once"
    lines, windows, broken = 0, 0, []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            windows += line.endswith(b"\r\n")
            if b"\r" in line.rstrip(b"\r\n"):
                return "lines must end as on Windows or Unix"
            if number > 1 and line.strip(b"\r\n"):
                lines += 1
                if line.count(b'"') % 2:
                    broken.append((number, line.rstrip(b"\r\n").decode()))
        ends = number if line.endswith(b"\n") else number - 1
    if broken or windows not in (0, ends):
        path = _copy_without(path, {number for number, _ in broken}, copies)
    return CsvFile(path, delimiter, titles, lines, tuple(broken))


def _copy_without(path: Path, broken: set[int], copies: Path) -> Path:
    copies.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = copies / f"{len(list(copies.iterdir()))}.csv"
    with path.open("rb") as source, copy.open("wb") as target:
        for number, line in enumerate(source, start=1):
            target.write((b"" if number in broken else line.rstrip(b"\r\n")) + b"\n")
    return copy


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
