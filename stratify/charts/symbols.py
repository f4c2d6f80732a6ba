"""Marks that say something by their shape, for those who do not see their colour, and the row that explains them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from stratify.charts.basis import line, text


def symbol(x: float, y: float, what: str) -> str:
    """Return the mark of a point: plain, immature, excluded, hidden (on the axis), or of the rule it breaks.

    A diamond lies outside; a square is in a run on one side; a triangle points the way of what is near a limit or
    moves; a ring is not mature; a cross is left out; two strokes hide a figure.
    """
    at = f"{x:.1f} {y:.1f}"
    if what == "immature":
        return f'<circle class="dot open" cx="{x:.1f}" cy="{y:.1f}" r="3.4"/>'
    if what == "excluded":
        return f'<path class="cross" d="M{at}m-3.5 -3.5l7 7m0 -7l-7 7"/>'
    if what == "hidden":
        return f'<path class="cross" d="M{at}m-4 4l3 -8m2 8l3 -8"/>'
    if what in ("outside", "beyond998"):
        return f'<path class="dot signal" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>'
    if what in ("run", "seven", "beyond95"):
        return f'<rect class="dot signal" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'
    if what == "trend":
        return f'<path class="dot signal" d="M{x:.1f} {y - 5.5:.1f}l5.5 9.5h-11z"/>'
    if what == "two_of_three":
        return f'<path class="dot signal" d="M{x:.1f} {y + 5.5:.1f}l5.5 -9.5h-11z"/>'
    return f'<circle class="dot one" cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>'


def key(entries: Sequence[tuple[str, str]], left: float, width: float) -> tuple[list[str], float]:
    """Return marks and strokes with their names, and where the chart may begin below them.

    entries: what is drawn and its name. Strokes are the classes of lines; others are marks of `symbol`.
    """
    parts, x, y = [], left, 12.0
    for what, name in entries:
        stroke = what in ("centre", "limit", "limit far", "goal")
        needs = (38 if stroke else 22) + 7.2 * len(name)
        if x > left and x + needs > width:
            x, y = left, y + 20
        parts.append(line(x, y, x + 24, y, what) if stroke else symbol(x + 6, y, what))
        parts.append(text(x + (30 if stroke else 16), y + 4, name, "start", "label"))
        x += needs + 8
    return parts, y + 24


def apart(places: Sequence[float], top: float, bottom: float, gap: float = 15.0) -> list[float]:
    """Return places for words beside lines, moved as little as it takes for them not to lie on each other.

    >>> apart([50, 52, 10], 0, 100)
    [50, 65.0, 10]
    """
    order = sorted(range(len(places)), key=lambda nth: places[nth])
    found = list(places)
    for before, after in pairwise(order):
        found[after] = max(found[after], found[before] + gap)
    limit = bottom
    for nth in reversed(order):
        found[nth] = max(min(found[nth], limit), top)
        limit = found[nth] - gap
    return found
