"""Pictures of the report, drawn as SVG with no library: lines, forests and heat maps that need no script.

Colours and letters come from the page's style sheet by class; series differ in stroke and mark as well as in colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pipelines.synthesis.measures.curves import Odds, Point, Together

STYLES = ("one", "two", "three")  # of the first, second and third series


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


def number(value: float) -> str:
    """Return a number in three figures, without exponent.

    >>> number(1234.5), number(12.34), number(1.2), number(0.3491)
    ('1,234', '12.3', '1.20', '0.35')
    """
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return a whole picture; the title is what a screen reader says and what a pointer shows."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img" '
        f'aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def strip(value: float, wanted: float, allowed: float) -> str:
    """Return where a value lies: the band allowed, what is wanted in its middle, the value as a dot or an arrow."""
    x = Scale(-2.5, 2.5, 4, 116)
    parts = [
        _line(4, 8, 116, 8, "hair"),
        f'<rect class="band" x="{x(-1):.1f}" y="3" width="{x(1) - x(-1):.1f}" height="10" rx="2"/>',
        _line(x(0), 2, x(0), 14, "wanted"),
    ]
    if not math.isnan(value):
        off = (value - wanted) / allowed
        at = x(off)
        if abs(off) <= 1:
            parts.append(f'<circle class="dot in" cx="{at:.1f}" cy="8" r="3.6"/>')
        elif abs(off) <= 2.5:
            parts.append(f'<path class="dot out" d="M{at:.1f} 3.6l4.4 8h-8.8z"/>')
        else:
            way = 1 if off > 0 else -1
            parts.append(f'<path class="dot out" d="M{at + 3 * way:.1f} 8l{-7 * way} -4.4v8.8z"/>')
    return f'<svg class="strip" viewBox="0 0 120 16" aria-hidden="true">{"".join(parts)}</svg>'


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
    legend: bool = True,
) -> str:
    """Return curves over a common axis, with intervals where the points have them and dashed guides behind."""
    top, left, bottom = (34 if legend else 12), 46, height - 34
    low, high = y_range or (0.0, _top(series))
    x = Scale(*x_range, left + 8, width - 14)
    y = Scale(low, high, bottom, top, log=log)
    parts = []
    for value in _log_ticks(low, high) if log else ticks(low, high, 4):
        parts.append(_line(left, y(value), width - 8, y(value), "grid"))
        parts.append(_text(left - 6, y(value) + 4, f"{value:g}", "end"))
    parts += [_text(x(at), bottom + 18, f"{at:g}", "middle") for at in x_ticks]
    parts.append(_line(left, bottom, width - 8, bottom, "axis"))
    if unit:
        parts.append(_text(width - 8, height - 2, unit, "end", "unit"))
    for style, points in zip(STYLES, (guides or {}).values(), strict=False):
        parts.append(_path(points, x, y, f"curve guide {style}"))
    for style, points in zip(STYLES, series.values(), strict=False):
        parts += [
            _line(x(p.x), y(p.low), x(p.x), y(p.high), f"range {style}")
            for p in points
            if p.low is not None and p.high is not None
        ]
        parts.append(_path(points, x, y, f"curve {style}"))
        if marks:
            parts += [_mark(x(p.x), y(p.y), style) for p in points]
    if legend:
        parts += _legend([*series, *(guides or {})], left, dashed_from=len(series))
    return picture(width, height, title, parts)


def forest(groups: Mapping[str, Sequence[Odds]], title: str, *, width: float = 860) -> str:
    """Return odds ratios with their intervals on a logarithmic axis, group by group."""
    highest = max([odds.high or 1.0 for group in groups.values() for odds in group] + [2.0])
    lowest = min([odds.low or 1.0 for group in groups.values() for odds in group] + [0.8])
    x = Scale(lowest / 1.1, highest * 1.1, 230, width - 150, log=True)
    rows = sum(len(group) + 1 for group in groups.values())
    height = 26 * rows + 44
    marks = [at for at in (0.5, 1, 2, 3, 5, 10, 20, 50) if x.low <= at <= x.high]
    parts = [_line(x(at), 8, x(at), height - 32, "axis" if at == 1 else "grid") for at in marks]
    parts += [_text(x(at), height - 14, f"{at:g}", "middle") for at in marks]
    row = 0
    for name, group in groups.items():
        parts.append(_text(0, 26 * row + 24, name, "start", "head"))
        row += 1
        for odds in group:
            at = 26 * row + 20
            parts.append(_text(14, at + 4, odds.name, "start", "label"))
            parts += _odds(odds, x, at, width)
            row += 1
    return picture(width, height, title, parts)


def _odds(odds: Odds, x: Scale, at: float, width: float) -> list[str]:
    if odds.value is None:
        return [_text(width, at + 4, "too few to tell", "end", "value")]
    if odds.low is None or odds.high is None:
        return [
            f'<rect class="dot open" x="{x(1) - 4:.1f}" y="{at - 4:g}" width="8" height="8"/>',
            _text(width, at + 4, "1 (compared with)", "end", "value"),
        ]
    told = f"{number(odds.value)} ({number(odds.low)}–{number(odds.high)})"
    return [
        _line(x(odds.low), at, x(odds.high), at, "range one"),
        f'<rect class="dot one" x="{x(odds.value) - 4:.1f}" y="{at - 4:g}" width="8" height="8"/>',
        _text(width, at + 4, told, "end", "value"),
    ]


def heat(found: Together, labels: Mapping[str, str], title: str) -> str:
    """Return the pairs of conditions as a triangle of squares, each with its number; darker is more often together.

    A condition's name stands at the end of its row, which is the top of its column.
    """
    cell, n = 36, len(found.names)
    parts = []
    for i, name in enumerate(found.names):
        parts.append(_text(cell * i + 6, cell * i + cell / 2 + 4, labels.get(name, name), "start", "label"))
        for j in range(i):
            parts += _square(cell * j, cell * i, cell, found.lift[i][j])
    return picture(cell * n + 210, cell * n, title, parts)


def _square(x: float, y: float, cell: float, lift: float | None) -> list[str]:
    if lift is None:
        return [f'<rect class="none" x="{x:g}" y="{y:g}" width="{cell - 2:g}" height="{cell - 2:g}" rx="2"/>']
    strength = min(abs(math.log2(max(lift, 0.01))) / 2, 1)  # four times as often, or a quarter, is full strength
    kind = "more" if lift >= 1 else "less"
    dark = " on-dark" if kind == "more" and strength > 0.55 else ""
    return [
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{cell - 2:g}" height="{cell - 2:g}" rx="2" '
        f'fill-opacity="{strength:.2f}"/>',
        _text(x + cell / 2 - 1, y + cell / 2 + 3, f"{lift:.1f}", "middle", f"cell{dark}"),
    ]


def _top(series: Mapping[str, Sequence[Point]]) -> float:
    highest = max((p.y for points in series.values() for p in points), default=1.0) or 1.0
    step = ticks(0, highest * 1.02, 4)
    width = step[1] - step[0] if len(step) > 1 else highest
    return math.ceil(highest * 1.02 / width) * width


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [at for power in powers for at in (10.0**power, 3 * 10.0**power) if low <= at <= high]


def _path(points: Sequence[Point], x: Scale, y: Scale, style: str) -> str:
    if not points:
        return ""
    way = "L".join(f"{x(p.x):.1f} {y(p.y):.1f}" for p in points)
    return f'<path class="{style}" d="M{way}"/>'


def _mark(x: float, y: float, style: str) -> str:
    if style == "one":
        return f'<circle class="dot one" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    if style == "two":
        return f'<rect class="dot two" x="{x - 2.7:.1f}" y="{y - 2.7:.1f}" width="5.4" height="5.4"/>'
    return f'<path class="dot three" d="M{x:.1f} {y - 3.6:.1f}l3.6 6.4h-7.2z"/>'


def _legend(names: Sequence[str], left: float, dashed_from: int) -> list[str]:
    parts, x = [], left
    for i, name in enumerate(names):
        guide = i >= dashed_from
        style = STYLES[i - dashed_from if guide else i]
        parts.append(_line(x, 12, x + 24, 12, f"curve {style}{' guide' if guide else ''}"))
        if not guide:
            parts.append(_mark(x + 12, 12, style))
        parts.append(_text(x + 30, 16, name, "start", "label"))
        x += 48 + 7.2 * len(name)
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, anchor: str, style: str = "tick") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
