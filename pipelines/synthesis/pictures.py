"""Pictures of the report that only it has: where a value lies, odds ratios, conditions that go together.

Curves, and all that pictures are put together from, are those of stratify/charts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pipelines.synthesis.measures.curves import Odds, Together
from stratify import charts
from stratify.charts import EN, Estimate, Scale, Table, lines, picture, text, ticks
from stratify.charts.basis import line

__all__ = ["EN", "Scale", "forest", "heat", "lines", "number", "picture", "strip", "ticks"]


def number(value: float) -> str:
    """Return a number in three figures, without exponent.

    >>> number(1234.5), number(12.34), number(1.2), number(0.3491)
    ('1,234', '12.3', '1.20', '0.35')
    """
    return EN.number(value)


def strip(value: float, wanted: float, allowed: float) -> str:
    """Return where a value lies: the band allowed, what is wanted in its middle, the value as a dot or an arrow."""
    x = Scale(-2.5, 2.5, 4, 116)
    parts = [
        line(4, 8, 116, 8, "hair"),
        f'<rect class="band" x="{x(-1):.1f}" y="3" width="{x(1) - x(-1):.1f}" height="10" rx="2"/>',
        line(x(0), 2, x(0), 14, "wanted"),
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


def forest(groups: Mapping[str, Sequence[Odds]], title: str) -> str:
    """Return odds ratios with their intervals on a logarithmic axis, group by group."""
    found = {name: [Estimate(one.name, one.value, one.low, one.high) for one in of] for name, of in groups.items()}
    return charts.forest(found, title)


def heat(found: Together, labels: Mapping[str, str], title: str) -> str:
    """Return the pairs of conditions as a triangle of squares, each with its number; darker is more often together.

    A condition's name stands at the end of its row, which is the top of its column.
    """
    cell, n = 36, len(found.names)
    parts, rows = [], []
    for i, name in enumerate(found.names):
        parts.append(text(cell * i + 6, cell * i + cell / 2 + 4, labels.get(name, name), "start", "label"))
        for j in range(i):
            lift = found.lift[i][j]
            parts += _square(cell * j, cell * i, cell, lift)
            pair = f"{labels.get(found.names[j], found.names[j])}, {labels.get(name, name)}"
            rows.append([pair, EN.words["too_few"] if lift is None else f"{lift:.1f}"])
    table = Table(["Pair", "Observed over expected"], rows)
    return picture(cell * n + 210, cell * n, title, parts, table=table)


def _square(x: float, y: float, cell: float, lift: float | None) -> list[str]:
    if lift is None:
        return [f'<rect class="none" x="{x:g}" y="{y:g}" width="{cell - 2:g}" height="{cell - 2:g}" rx="2"/>']
    strength = min(abs(math.log2(max(lift, 0.01))) / 2, 1)  # four times as often, or a quarter, is full strength
    kind = "more" if lift >= 1 else "less"
    dark = " on-dark" if kind == "more" and strength > 0.55 else ""
    return [
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{cell - 2:g}" height="{cell - 2:g}" rx="2" '
        f'fill-opacity="{strength:.2f}"/>',
        text(x + cell / 2 - 1, y + cell / 2 + 3, f"{lift:.1f}", "middle", f"cell{dark}"),
    ]
