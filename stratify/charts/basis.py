"""What every chart is put together from: scales, round values, marks, words, and the whole picture with its table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise
from typing import NamedTuple

from stratify.charts.tongue import EN, Tongue

STYLES = ("one", "two", "three", "four")  # of the first series, the second, and so on


class Point(NamedTuple):
    """A value at a place, with the ends of its 95 % interval where it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


class Table(NamedTuple):
    """The figures behind a chart, as text."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Scale:
    """A straight or logarithmic way from values to places on the page."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value; what lies outside lands on the edge.

        >>> Scale(0, 10, 0, 100)(2.5), Scale(1, 100, 0, 10, log=True)(10)
        (25.0, 5.0)
        """
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values between two ends, about as many as wanted.

    >>> ticks(0, 47), ticks(0, 3, 3)
    ([0.0, 10.0, 20.0, 30.0, 40.0], [0.0, 1.0, 2.0, 3.0])
    """
    rough = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(at * step, 10) for at in range(first, math.floor(high / step + 1e-9) + 1)]


def told_ticks(low: float, high: float, wanted: int, tell: Callable[[float], str]) -> list[tuple[float, str]]:
    """Return round values between two ends with their words: as many as wanted, or fewer until none reads as another.

    >>> told_ticks(0, 1.2, 5, lambda value: f"{value:.0f}"), told_ticks(0, 10, 4, lambda value: f"{value:.0f}")
    ([(0.0, '0'), (1.0, '1')], [(0.0, '0'), (5.0, '5'), (10.0, '10')])
    """
    edge = (high - low) * 1e-6

    def apart(found: list[tuple[float, str]]) -> bool:
        rounded = any(at and tell(at + edge) != tell(at - edge) for at, _ in found)  # its words are of another value
        return not rounded and len({name for _, name in found}) == len(found)

    for many in range(wanted, 0, -1):
        found = [(at, tell(at)) for at in ticks(low, high, many)]
        if apart(found):
            return found
    return found[:1]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 3, 10, 30 and so on between two ends above 0."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [at for power in powers for at in (10.0**power, 3 * 10.0**power) if low <= at <= high]


def rounded_up(highest: float) -> float:
    """Return the round value an axis ends at that must hold this one.

    >>> rounded_up(0.61), rounded_up(37)
    (0.8, 40.0)
    """
    step = ticks(0, highest * 1.02, 4)
    width = step[1] - step[0] if len(step) > 1 else highest
    return math.ceil(round(highest * 1.02 / width, 9)) * width


def picture(
    width: float,
    height: float,
    title: str,
    parts: Iterable[str],
    *,
    told: str = "",
    table: Table | None = None,
    tongue: Tongue = EN,
) -> str:
    """Return a whole picture and its figures; title and description are what a screen reader says."""
    described = f"<desc>{escape(told)}</desc>" if told else ""
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{described}{''.join(parts)}</svg>"
        f"{_behind(table, title, tongue) if table is not None else ''}"
    )


def _behind(table: Table, title: str, tongue: Tongue) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in table.rows
    )
    return (
        f'<details class="behind"><summary>{escape(tongue.words["table"])}</summary><div class="scroll">'
        f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "</div></details>"
    )


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """Return a straight line."""
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def rect(x: float, y: float, width: float, height: float, style: str) -> str:
    """Return a rectangle."""
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def text(x: float, y: float, words: str, anchor: str, style: str = "tick") -> str:
    """Return words at a place: they start, end or have their middle there."""
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def path(points: Sequence[tuple[float, float | None]], x: Scale, y: Scale, style: str) -> str:
    """Return a curve through points; it is broken where a value is None, and nothing where no point is."""
    runs = [list(run) for there, run in groupby(points, key=lambda p: p[1] is not None) if there]
    way = "".join("M" + "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in run if b is not None) for run in runs)
    return f'<path class="{style}" d="{way}"/>' if way else ""


def bridges(points: Sequence[tuple[float, float | None]], x: Scale, y: Scale, style: str) -> str:
    """Return a thin dashed line over each stretch without a value, from the point before it to the one after."""
    kept = [(nth, at, value) for nth, (at, value) in enumerate(points) if value is not None]
    over = [(a, b) for a, b in pairwise(kept) if b[0] > a[0] + 1]
    way = "".join(f"M{x(a[1]):.1f} {y(a[2]):.1f}L{x(b[1]):.1f} {y(b[2]):.1f}" for a, b in over)
    return f'<path class="{style} bridge" d="{way}"/>' if way else ""


def area(
    points: Sequence[tuple[float, float | None, float | None]], x: Scale, y: Scale, style: str = "interval"
) -> str:
    """Return the band between a low and a high value at each place; broken where either is None."""
    ways = []
    for there, run in groupby(points, key=lambda p: p[1] is not None and p[2] is not None):
        kept = [(at, low, high) for at, low, high in run if low is not None and high is not None]
        if there and len(kept) > 1:
            round_it = [(at, low) for at, low, _ in kept] + [(at, high) for at, _, high in reversed(kept)]
            ways.append("M" + "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in round_it) + "Z")
    return f'<path class="{style}" d="{"".join(ways)}"/>' if ways else ""


def mark(x: float, y: float, style: str) -> str:
    """Return the mark of a series: a dot, a square, a triangle, a diamond."""
    if style == "one":
        return f'<circle class="dot one" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    if style == "two":
        return f'<rect class="dot two" x="{x - 2.7:.1f}" y="{y - 2.7:.1f}" width="5.4" height="5.4"/>'
    if style == "three":
        return f'<path class="dot three" d="M{x:.1f} {y - 3.6:.1f}l3.6 6.4h-7.2z"/>'
    return f'<path class="dot four" d="M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z"/>'


def axes(
    x: Scale, y: Scale, x_ticks: Sequence[float], y_ticks: Sequence[float], told: Callable[[float], str]
) -> list[str]:
    """Return the lines of a grid with their values below and to the left; y grows upwards."""
    bottom, left, right = y.start, x.start, x.end
    parts = []
    for value in y_ticks:
        parts.append(line(left, y(value), right, y(value), "grid"))
        parts.append(text(left - 6, y(value) + 4, told(value), "end"))
    parts += [text(x(at), bottom + 18, told(at), "middle") for at in x_ticks]
    return [*parts, line(left, bottom, right, bottom, "axis")]


def legend(names: Sequence[str], left: float, dashed_from: int, width: float) -> tuple[list[str], float]:
    """Return the names of series with their strokes and marks, and where the chart may begin below them.

    From `dashed_from` on they are guides, thin and dotted. What does not fit in a row goes on in the next.
    """
    parts, x, y = [], left, 12.0
    for i, name in enumerate(names):
        guide = i >= dashed_from
        style = STYLES[i - dashed_from if guide else i]
        needs = 42 + 7.2 * len(name)
        if x > left and x + needs > width:
            x, y = left, y + 18
        parts.append(line(x, y, x + 24, y, f"curve {style}{' guide' if guide else ''}"))
        if not guide:
            parts.append(mark(x + 12, y, style))
        parts.append(text(x + 30, y + 4, name, "start", "label"))
        x += needs + 6
    return parts, y + 22 if names else 12.0


def ends(low: float | None, high: float | None, told: Callable[[float], str]) -> str:
    """Return an interval in words, or a dash; the dash between two ends stands apart where one is below 0.

    >>> ends(0.5, 2, str), ends(-1, 2, str), ends(None, 2, str)
    ('0.5–2', '-1 – 2', '–')
    """
    if low is None or high is None:
        return "–"
    return f"{told(low)} – {told(high)}" if low < 0 else f"{told(low)}–{told(high)}"
