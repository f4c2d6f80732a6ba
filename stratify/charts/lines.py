"""Curves over a common axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stratify.charts.basis import (
    STYLES,
    Point,
    Scale,
    Table,
    bridges,
    ends,
    legend,
    line,
    log_ticks,
    mark,
    path,
    picture,
    rounded_up,
    text,
    ticks,
)
from stratify.charts.tongue import EN, Tongue


def lines(
    series: Mapping[str, Sequence[Point]],
    title: str,
    *,
    width: float = 860,
    height: float = 360,
    x_range: tuple[float, float],
    y_range: tuple[float, float] | None = None,
    x_ticks: Sequence[float],
    log: bool = False,
    unit: str = "",
    marks: bool = True,
    guides: Mapping[str, Sequence[Point]] | None = None,
    with_legend: bool = True,
    step: float | None = None,
    told: str = "",
    tongue: Tongue = EN,
) -> str:
    """Return curves with intervals where the points have them and dashed guides behind; log: the y axis.

    step: points further apart than this are joined by a thin dashed line alone, since what lies between is not known.
    """
    left, bottom = 46, height - 34
    named, top = legend([*series, *(guides or {})] if with_legend else [], left, len(series), width)
    low, high = y_range or (0.0, _top(series))
    x = Scale(*x_range, left + 8, width - 14)
    y = Scale(low, high, bottom, top, log=log)
    parts = []
    for value in log_ticks(low, high) if log else ticks(low, high, 4):
        parts.append(line(left, y(value), width - 8, y(value), "grid"))
        parts.append(text(left - 6, y(value) + 4, tongue.plain(value), "end"))
    parts += [text(x(at), bottom + 18, tongue.plain(at), "middle") for at in x_ticks]
    parts.append(line(left, bottom, width - 8, bottom, "axis"))
    if unit:
        parts.append(text(width - 8, height - 2, unit, "end", "unit"))
    for style, points in zip(STYLES, (guides or {}).values(), strict=False):
        parts += _curve(points, x, y, f"curve guide {style}", step)
    for style, points in zip(STYLES, series.values(), strict=False):
        parts += [
            line(x(p.x), y(p.low), x(p.x), y(p.high), f"range {style}")
            for p in points
            if p.low is not None and p.high is not None
        ]
        parts += _curve(points, x, y, f"curve {style}", step)
        if marks:
            parts += [mark(x(p.x), y(p.y), style) for p in points]
    table = _table({**series, **(guides or {})}, unit, tongue)
    return picture(width, height, title, parts + named, told=told, table=table, tongue=tongue)


def _curve(points: Sequence[Point], x: Scale, y: Scale, style: str, step: float | None) -> list[str]:
    """A curve, and what joins it over gaps wider than a step."""
    way: list[tuple[float, float | None]] = []
    for nth, point in enumerate(points):
        if step is not None and nth and point.x - points[nth - 1].x > step:
            way.append((point.x, None))
        way.append((point.x, point.y))
    return [bridges(way, x, y, style), path(way, x, y, style)]


def _table(series: Mapping[str, Sequence[Point]], unit: str, tongue: Tongue) -> Table:
    """One row for each place, one column for each curve."""
    at = {name: {point.x: point for point in points} for name, points in series.items()}
    places = sorted({point.x for points in series.values() for point in points})

    def cell(point: Point | None) -> str:
        if point is None:
            return "–"
        told = tongue.number(point.y)
        return told if point.low is None else f"{told} ({ends(point.low, point.high, tongue.number)})"

    rows = [[tongue.plain(round(x, 3)), *(cell(points.get(x)) for points in at.values())] for x in places]
    return Table([unit or "x", *series], rows)


def _top(series: Mapping[str, Sequence[Point]]) -> float:
    return rounded_up(max((p.y for points in series.values() for p in points), default=1.0) or 1.0)
