"""Lanes over a common time: what lasts as a bar, what happened as a mark, under headings, with the table behind.

Names stand above their lanes and not beside them, so that it can be read in a narrow window too. A bar that goes on
beyond an end of the time is cut there and has an arrow. Kinds differ in shape as well as in colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from stratify.charts.basis import Scale, Table, line, picture, rect, text
from stratify.charts.tongue import EN, Tongue

WIDTH = 340.0
LANE, HEADING, TOP = 30.0, 26.0, 22.0
LEAST = 2.0  # how wide a bar is that would be too narrow to see


class Span(NamedTuple):
    """From one day to another (none: it goes on), a heavy or a light one."""

    start: float
    end: float | None
    heavy: bool = False


class Lane(NamedTuple):
    """A name, and what lies on its lane."""

    name: str
    spans: Sequence[Span]


class Part(NamedTuple):
    """A heading and its lanes; style: of the bars."""

    name: str
    lanes: Sequence[Lane]
    style: Literal["one", "two"]


def timeline(
    parts: Sequence[Part],
    title: str,
    *,
    ends: tuple[float, float],
    marks: Sequence[tuple[float, str]],
    table: Table,
    told: str = "",
    tongue: Tongue = EN,
) -> str:
    """Return the picture; ends: of the time; marks: places on it with their words.

    Raises ValueError where time does not go forward.
    """
    if not ends[0] < ends[1]:
        raise ValueError("a timeline goes from one day to a later one")
    x = Scale(*ends, 2, WIDTH - 8)
    found, y = [], TOP
    for part in parts:
        found.append(text(0, y + 16, part.name, "start", "small-head"))
        y += HEADING
        for lane in part.lanes:
            found.append(text(0, y + 11, lane.name, "start", "tick"))
            found.append(line(x.start, y + 21, x.end, y + 21, "grid"))
            found += [_bar(one, x, y + 21, ends, part.style) for one in lane.spans]
            y += LANE
    grid = [line(x(at), TOP - 4, x(at), y, "grid") for at, _ in marks]
    grid += [text(x(at), 12, words, _anchor(x(at))) for at, words in marks]
    return picture(WIDTH, y + 4, title, [*grid, *found], told=told, table=table, tongue=tongue)


def _bar(span: Span, x: Scale, y: float, ends: tuple[float, float], style: str) -> str:
    """Return a bar about a height, tall where it is heavy, with an arrow at an end that lies outside."""
    start, end = x(span.start), x(ends[1] if span.end is None else span.end)
    half = 6.0 if span.heavy else 3.0
    wide = max(end - start, LEAST)
    shape = rect(min(start, x.end - LEAST), y - half, wide, 2 * half, f"bar {style}")
    after = span.end is None or span.end > ends[1]
    arrows = [f"M{end:.1f} {y - 5:.1f}l6 5l-6 5z"] if after else []
    arrows += [f"M{start:.1f} {y - 5:.1f}l-4 5l4 5z"] if span.start < ends[0] else []
    return shape + "".join(f'<path class="bar {style}" d="{way}"/>' for way in arrows)


def _anchor(place: float) -> str:
    return "start" if place < 20 else "end" if place > WIDTH - 30 else "middle"
