"""Ratios or other figures of groups with their intervals, one below the other on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stratify.charts.basis import Scale, Table, ends, line, picture, rect, text, ticks
from stratify.charts.tongue import EN, Tongue

ROW = 26


class Estimate(NamedTuple):
    """A figure of a group with its 95 % interval, and a wider one that allows for there being many groups.

    A value without an interval is what the others are compared with; without a value, `told` says why.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    wide_low: float | None = None
    wide_high: float | None = None
    told: str = ""


def forest(
    groups: Mapping[str, Sequence[Estimate]],
    title: str,
    *,
    width: float = 860,
    left: float = 230,
    right: float = 150,
    log: bool = True,
    wanted: float = 1.0,
    band: tuple[float, float] | None = None,
    reach: tuple[float, float] = (0.8, 2.0),
    limits: tuple[float, float] = (0.0, float("inf")),
    told: str = "",
    digits: int = 2,
    tongue: Tongue = EN,
) -> str:
    """Return estimates with their intervals, group by group, `wanted` as a line and `band` as a stretch behind.

    The axis holds `reach` and every interval, but nothing beyond `limits`: what lies there ends in an arrow.
    """
    found = [one for group in groups.values() for one in group]
    highs = [end for one in found for end in (one.value, one.high, one.wide_high) if end is not None]
    lows = [end for one in found for end in (one.value, one.low, one.wide_low) if end is not None]
    low, high = max(min([*lows, reach[0]]), limits[0]), min(max([*highs, reach[1]]), limits[1])
    x = Scale(low / 1.1, high * 1.1, left, width - right, True) if log else Scale(low, high, left, width - right)
    height = ROW * sum(len(group) + 1 for group in groups.values()) + 44
    marks = [at for at in (0.25, 0.5, 1, 2, 3, 5, 10, 20, 50) if x.low <= at <= x.high] if log else ticks(low, high, 4)
    parts = [rect(x(band[0]), 8, x(band[1]) - x(band[0]), height - 40, "band")] if band else []
    parts += [line(x(at), 8, x(at), height - 32, "axis" if at == wanted else "grid") for at in marks]
    if wanted not in marks and x.low < wanted < x.high:
        parts.append(line(x(wanted), 8, x(wanted), height - 32, "axis"))
    parts += [text(x(at), height - 14, tongue.plain(at), "middle") for at in marks]
    row = 0
    for name, group in groups.items():
        parts.append(text(0, ROW * row + 24, name, "start", "head"))
        row += 1
        for one in group:
            at = ROW * row + 20
            parts.append(text(14, at + 4, one.name, "start", "label"))
            parts += _estimate(one, x, at, width, wanted, digits, tongue)
            row += 1
    table = _table(groups, digits, tongue)
    return picture(width, height, title, parts, told=told, table=table, tongue=tongue)


def _estimate(
    one: Estimate, x: Scale, at: float, width: float, wanted: float, digits: int, tongue: Tongue
) -> list[str]:
    if one.value is None:
        return [text(width, at + 4, one.told or tongue.words["too_few"], "end", "value")]
    if one.low is None or one.high is None:
        told = one.told or (tongue.words["compared"] if one.value == wanted else tongue.number(one.value, digits))
        return [rect(x(one.value) - 4, at - 4, 8, 8, "dot open"), text(width, at + 4, told, "end", "value")]
    parts = []
    if one.wide_low is not None and one.wide_high is not None:
        parts += _stretch(one.wide_low, one.wide_high, x, at, "range thin")
    parts += _stretch(one.low, one.high, x, at, "range one")
    parts.append(rect(x(one.value) - 4, at - 4, 8, 8, "dot one"))
    return [*parts, text(width, at + 4, _told(one, digits, tongue), "end", "value")]


def _stretch(low: float, high: float, x: Scale, at: float, style: str) -> list[str]:
    """A line from end to end; an arrow where an end lies beyond the axis."""
    parts = [line(x(low), at, x(high), at, style)]
    if low < x.low:
        parts.append(f'<path class="dot one" d="M{x.start - 6:.1f} {at:g}l7 -4v8z"/>')
    if high > x.high:
        parts.append(f'<path class="dot one" d="M{x.end + 6:.1f} {at:g}l-7 -4v8z"/>')
    return parts


def _told(one: Estimate, digits: int, tongue: Tongue) -> str:
    def number(value: float) -> str:
        return tongue.number(value, digits)

    assert one.value is not None
    return f"{number(one.value)} ({ends(one.low, one.high, number)})"


def _table(groups: Mapping[str, Sequence[Estimate]], digits: int, tongue: Tongue) -> Table:
    wide = any(one.wide_low is not None for group in groups.values() for one in group)
    words = tongue.words
    head = [words["group"], words["value"], words["interval"], *([words["adjusted"]] if wide else [])]

    def number(value: float) -> str:
        return tongue.number(value, digits)

    rows = []
    for name, group in groups.items():
        for one in group:
            value = one.told or words["too_few"] if one.value is None else number(one.value)
            row = [f"{name}: {one.name}", value, ends(one.low, one.high, number)]
            rows.append([*row, ends(one.wide_low, one.wide_high, number)] if wide else row)
    return Table(head, rows)
