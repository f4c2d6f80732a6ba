"""A control chart: values over time with their centre, limits, target and what they signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stratify.charts.basis import Scale, Table, bridges, ends, line, path, picture, text, told_ticks
from stratify.charts.spc_words import SPC_WORDS
from stratify.charts.symbols import apart, key, symbol
from stratify.charts.tongue import EN, Tongue

if TYPE_CHECKING:
    from stratify.quality.spc import Chart

LEFT, RIGHT, BELOW = 62.0, 138.0, 44.0
PRIORITY = ("outside", "trend", "two_of_three", "run", "seven")

Told = Callable[[float], str]


def control(
    chart: Chart,
    labels: Sequence[str],
    title: str,
    *,
    unit: str,
    write: Told | None = None,
    target: float | None = None,
    hidden: Sequence[bool] | None = None,
    period: str = "",
    told: str = "",
    width: float = 860,
    height: float = 360,
    tongue: Tongue = EN,
) -> str:
    """Return a control chart with the figures behind it.

    labels: of each point, as months. unit: what the values are. write: how a value is written, as `tongue.percent`.
    target: the chart's own unless given. hidden: points whose value may not be shown; they are drawn as two strokes on
    the axis and their values are never looked at. period: what the labels are. told: the description, made from the
    chart unless given. Raises ValueError when labels or hidden are not as many as the points.
    """
    words, points = SPC_WORDS[tongue.code], len(chart.value)
    masked = np.zeros(points, dtype=bool) if hidden is None else np.asarray(hidden, dtype=bool)
    if len(labels) != points or len(masked) != points:
        raise ValueError(f"a chart of {points} points needs as many labels, got {len(labels)} and {len(masked)} hidden")
    tell = write or tongue.number
    target = chart.target if target is None else target
    drawn = Drawn(chart, masked)
    entries = [("centre", words["median" if chart.kind == "run" else "mean"])]
    entries += [("limit", words["limits"])] if drawn.has_limits else []
    entries += [("goal", words["target"])] if target is not None else []
    entries += [(what, words[what]) for what in drawn.marks if what != "plain"]
    parts, top = key(entries, LEFT, width)
    top, bottom = top + 24, height - BELOW
    x = Scale(-0.6, points - 0.4, LEFT, width - RIGHT)
    y = Scale(*drawn.reach(target), bottom, top)
    for value, name in told_ticks(y.low, y.high, 5, tell):
        parts += [line(LEFT, y(value), x.end, y(value), "grid"), text(LEFT - 6, y(value) + 4, name, "end")]
    parts += [text(0, top - 12, unit, "start", "unit"), line(LEFT, bottom, x.end, bottom, "axis")]
    parts += _periods(labels, x, bottom, period or words["period"])
    parts += _borders(chart, x, top, bottom, words["baseline"], words["part"])
    for line_of in (drawn.lower, drawn.upper):
        parts.append(path(drawn.steps(line_of), x, y, "limit"))
    parts.append(path(drawn.steps(drawn.centre), x, y, "centre"))
    if target is not None:
        parts.append(line(LEFT, y(target), x.end, y(target), "goal"))
    counted = [(float(at), None if drawn.what[at] == "immature" else one) for at, one in enumerate(drawn.value)]
    parts += [bridges(counted, x, y, "curve one"), path(counted, x, y, "curve one")]
    for at, (what, height_of) in enumerate(zip(drawn.what, drawn.value, strict=True)):
        if what == "hidden":
            parts.append(symbol(x(at), bottom, what))
        elif height_of is not None:
            parts.append(symbol(x(at), y(height_of), what))
    parts += _beside(drawn, target, y, x.end + 8, tell, words, chart.kind == "run")
    table = _table(drawn, labels, period or words["period"], unit, tell, words)
    return picture(
        width, height, title, parts, told=told or described(drawn, target, tell, words), table=table, tongue=tongue
    )


class Drawn:
    """A chart as it is drawn: None where a line or a value is not, and what each point is."""

    def __init__(self, chart: Chart, hidden: np.ndarray) -> None:
        self.value = [None if bare or np.isnan(value) else float(value) for value, bare in _pairs(chart.value, hidden)]
        rates = chart.denominator is not None
        bare = hidden & rates  # the width of a rate's limits would tell its denominator
        self.lower, self.upper = (
            [None if out or np.isnan(value) else float(value) for value, out in _pairs(one, bare)]
            for one in (chart.lower, chart.upper)
        )
        self.centre = [None if np.isnan(value) else float(value) for value in chart.centre]
        self.part = chart.part.tolist()
        self.counted = int((chart.used & ~hidden).sum())
        self.run = chart.kind == "run"
        self.what = [self._what(chart, at, bool(hidden[at])) for at in range(len(self.value))]
        order = ("plain", *PRIORITY, "immature", "excluded", "hidden")
        self.marks = [what for what in order if what in self.what]
        self.has_limits = any(one is not None for one in self.lower)

    def _what(self, chart: Chart, at: int, hidden: bool) -> str:
        if hidden:
            return "hidden"
        if self.value[at] is None:
            return "none"
        if chart.immature[at]:
            return "immature"
        if not chart.used[at]:
            return "excluded"
        return next((rule for rule in PRIORITY if rule in chart.flagged and chart.flagged[rule][at]), "plain")

    def steps(self, found: Sequence[float | None]) -> list[tuple[float, float | None]]:
        """A line that steps midway between points and breaks between parts."""
        way: list[tuple[float, float | None]] = []
        for at, value in enumerate(found):
            if at and self.part[at] != self.part[at - 1]:
                way.append((at - 0.5, None))
            way += [(at - 0.5, value), (at + 0.5, value)]
        return way

    def reach(self, target: float | None) -> tuple[float, float]:
        """The lowest and the highest of the axis: everything that is drawn, and a little room."""
        found = [one for line in (self.value, self.lower, self.upper, self.centre, [target]) for one in line]
        there = [one for one in found if one is not None] or [0.0, 1.0]
        low, high = min(there), max(there)
        room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        return (low if low == 0 else low - room if low < 0 else max(low - room, 0.0)), high + room

    def last(self, found: Sequence[float | None]) -> float | None:
        """The last value of a line that there is."""
        return next((one for one in reversed(found) if one is not None), None)


def _pairs(values: np.ndarray, flags: np.ndarray) -> zip[tuple[float, bool]]:
    return zip(values, flags, strict=True)


def _periods(labels: Sequence[str], x: Scale, bottom: float, period: str) -> list[str]:
    room = (x.end - x.start) / max(len(labels), 1)
    each = max(1, int(np.ceil((7.4 * max(map(len, labels), default=1) + 8) / room)))
    parts = []
    for at in range(0, len(labels), each):
        parts.append(line(x(at), bottom, x(at), bottom + 4, "axis"))
        parts.append(text(x(at), bottom + 18, labels[at], "middle"))
    return [*parts, text(x.end, bottom + 38, period, "end", "unit")]


def _borders(chart: Chart, x: Scale, top: float, bottom: float, baseline: str, part: str) -> list[str]:
    """Where the baseline of the first part ends before the part does, and where later parts begin."""
    first = np.flatnonzero(chart.part == 0)
    made, later = np.flatnonzero(chart.baseline & (chart.part == 0)), chart.used & ~chart.baseline
    found = []
    if len(made) and later[first].any():
        found.append((float(np.flatnonzero(later & (chart.part == 0))[0]) - 0.5, baseline))
    found += [(float(at) + 0.5, part) for at in np.flatnonzero(np.diff(chart.part))]
    return [
        piece
        for at, name in found
        for piece in (line(x(at), top - 8, x(at), bottom, "border"), text(x(at) + 4, top - 2, name, "start"))
    ]


def _beside(
    drawn: Drawn, target: float | None, y: Scale, x: float, tell: Told, words: Mapping[str, str], run: bool
) -> list[str]:
    """The last values of the lines in words, to the right of them."""
    found = [
        (drawn.last(drawn.upper), ""),
        (drawn.last(drawn.centre), words["median" if run else "mean"] + " "),
        (drawn.last(drawn.lower), ""),
        (target, words["target"] + " "),
    ]
    told = [(y(value), name + tell(value)) for value, name in found if value is not None]
    places = apart([at for at, _ in told], y.end, y.start)
    return [text(x, at + 4, name, "start", "value") for at, (_, name) in zip(places, told, strict=True)]


def _table(drawn: Drawn, labels: Sequence[str], period: str, unit: str, tell: Told, words: Mapping[str, str]) -> Table:
    head = [period, unit, words["median" if drawn.run else "mean"]]
    head += [f"{words['lower']} – {words['upper'].lower()}"] if drawn.has_limits else []
    rows = []
    for at, label in enumerate(labels):
        value, centre = drawn.value[at], drawn.centre[at]
        row = [label, "–" if value is None else tell(value), "–" if centre is None else tell(centre)]
        if drawn.has_limits:
            row.append(ends(drawn.lower[at], drawn.upper[at], tell))
        rows.append([*row, words.get(drawn.what[at], "–")])
    return Table([*head, words["said"]], rows)


def described(drawn: Drawn, target: float | None, tell: Told, words: Mapping[str, str]) -> str:
    """Return what a screen reader says of a chart."""
    said = [words["counted"].format(n=drawn.counted)]
    centre, low, high = (drawn.last(line) for line in (drawn.centre, drawn.lower, drawn.upper))
    if centre is not None:
        said.append(f"{words['median' if drawn.run else 'mean']} {tell(centre)}.")
    if low is not None and high is not None:
        said.append(f"{words['limits']} {ends(low, high, tell)}.")
    if target is not None:
        said.append(f"{words['target']} {tell(target)}.")
    signals = [f"{words[rule]}: {drawn.what.count(rule)}." for rule in PRIORITY if rule in drawn.what]
    return " ".join([*said, *(signals or [words["none_said"]])])
