"""A small control chart, one of many on one axis: what moves and what signals, without its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stratify.charts.basis import Scale, line, path, picture, text, told_ticks
from stratify.charts.control import PRIORITY, Drawn, Told, described
from stratify.charts.spc_words import SPC_WORDS
from stratify.charts.symbols import symbol
from stratify.charts.tongue import EN, Tongue

if TYPE_CHECKING:
    from stratify.quality.spc import Chart

LEFT, RIGHT, TOP, BELOW = 44.0, 8.0, 26.0, 18.0


def small_control(
    chart: Chart,
    labels: Sequence[str],
    title: str,
    *,
    reach: tuple[float, float],
    write: Told | None = None,
    hidden: Sequence[bool] | None = None,
    width: float = 250,
    height: float = 130,
    tongue: Tongue = EN,
) -> str:
    """Return a chart with its title in it; `reach` is the axis that it shares with those beside it (see `reach_of`).

    hidden and the rest are as in `control`. Values are a line, the centre and the limits go straight from point to
    point as far as the axis does, and only what signals, is not mature or is hidden has a mark; so has a value that
    stands alone.
    """
    masked = np.zeros(len(chart.value), dtype=bool) if hidden is None else np.asarray(hidden, dtype=bool)
    tell, drawn = write or tongue.number, Drawn(chart, masked)
    bottom = height - BELOW
    x, y = Scale(-0.6, len(labels) - 0.4, LEFT, width - RIGHT), Scale(*reach, bottom, TOP)
    parts = [text(0, 12, title, "start", "small-head"), line(LEFT, bottom, x.end, bottom, "axis")]
    for at, name in told_ticks(*reach, 2, tell):
        parts += [line(LEFT, y(at), x.end, y(at), "grid"), text(LEFT - 5, y(at) + 4, name, "end")]
    parts += [text(LEFT, height - 3, labels[0], "start"), text(x.end, height - 3, labels[-1], "end")]
    for of, style in ((drawn.lower, "limit"), (drawn.upper, "limit"), (drawn.centre, "centre")):
        parts.append(path(_way([one if one is None or y.low <= one <= y.high else None for one in of]), x, y, style))
    if chart.target is not None:
        parts.append(line(LEFT, y(chart.target), x.end, y(chart.target), "goal"))
    counted = [None if what == "immature" else one for one, what in zip(drawn.value, drawn.what, strict=True)]
    parts.append(path([(float(at), one) for at, one in enumerate(counted)], x, y, "curve one"))
    for nth, (what, value) in enumerate(zip(drawn.what, drawn.value, strict=True)):
        alone = all(not 0 <= by < len(counted) or counted[by] is None for by in (nth - 1, nth + 1))
        if what == "hidden":
            parts.append(symbol(x(nth), bottom, what))
        elif value is not None and (what != "plain" or alone):
            parts.append(symbol(x(nth), y(value), what))
    told = described(drawn, chart.target, tell, SPC_WORDS[tongue.code])
    return picture(width, height, title, parts, told=told, tongue=tongue)


def reach_of(charts: Iterable[tuple[Chart, Sequence[bool]]]) -> tuple[float, float]:
    """Return the lowest and highest value, centre and target of several charts with a little room: one axis for all.

    The limits of the smallest units would take the room of all others: what lies beyond the values is not drawn.
    """
    every = [(Drawn(chart, np.asarray(hidden, dtype=bool)), chart.target) for chart, hidden in charts]
    found = [one for drawn, target in every for line in (drawn.value, drawn.centre, [target]) for one in line]
    there = [one for one in found if one is not None] or [0.0, 1.0]
    low, high = min(there), max(there)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return (max(low - room, 0.0) if low >= 0 else low - room), high + room


def marks_in(charts: Iterable[tuple[Chart, Sequence[bool]]], tongue: Tongue = EN) -> Mapping[str, str]:
    """Return the marks that are in any of these charts, and what they are called."""
    words = SPC_WORDS[tongue.code]
    found = {what for chart, hidden in charts for what in Drawn(chart, np.asarray(hidden, dtype=bool)).what}
    return {what: words[what] for what in (*PRIORITY, "immature", "excluded", "hidden") if what in found}


def _way(values: Sequence[float | None]) -> list[tuple[float, float | None]]:
    """A line from point to point; of one that is the same all over, its ends."""
    whole: list[tuple[float, float | None]] = [(float(at), value) for at, value in enumerate(values)]
    return [whole[0], whole[-1]] if len(set(values)) == 1 and len(whole) > 1 else whole
