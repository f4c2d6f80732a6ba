"""Lying bars, one below the other, each with its name and its value in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stratify.charts.basis import Scale, Table, line, picture, rect, text
from stratify.charts.tongue import EN, Tongue

ROW = 26


class Bar(NamedTuple):
    """A bar, its value, and how that is written; without a value, `told` says why."""

    name: str
    value: float | None
    told: str
    low: float | None = None
    high: float | None = None


def bars(
    rows: Sequence[Bar],
    title: str,
    *,
    head: tuple[str, str],
    width: float = 560,
    left: float = 200,
    right: float = 120,
    highest: float | None = None,
    told: str = "",
    tongue: Tongue = EN,
) -> str:
    """Return bars from 0 to `highest`, or to the highest of them; `head` names the two columns of the table."""
    top = highest or max([end for row in rows for end in (row.value, row.high) if end is not None] + [0.0]) or 1.0
    x = Scale(0.0, top, left, width - right)
    height = ROW * len(rows) + 8
    parts = [line(left, 0, left, height, "axis")]
    for nth, row in enumerate(rows):
        at = ROW * nth + 17
        parts.append(text(left - 8, at + 4, row.name, "end", "label"))
        parts.append(text(width, at + 4, row.told, "end", "value"))
        if row.value is not None:
            parts.append(rect(left, at - 7, x(row.value) - left, 14, "bar one"))
        if row.low is not None and row.high is not None:
            parts.append(line(x(row.low), at, x(row.high), at, "range thin"))
    table = Table(head, [[row.name, row.told] for row in rows])
    return picture(width, height, title, parts, told=told, table=table, tongue=tongue)
