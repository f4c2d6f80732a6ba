"""Returns the tile map: a square for each municipality, thick lines around the catchments, shade and figure alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stratify.charts import Table, Tongue, picture, text
from stratify.charts.basis import line, rect

WIDE, HIGH, GAP, TOP = 136, 70, 6, 6
SHADES = 5
KEY = 58  # of the legend below
LONG = 15  # letters of a name that fit at its size


class Tile(NamedTuple):
    """A place on the map. value: None where it is hidden or nobody is there; `told` says which."""

    name: str
    column: int
    row: int
    catchment: str
    value: float | None
    told: str
    hidden: bool
    seat: bool = False


def tile_map(
    tiles: Sequence[Tile],
    title: str,
    *,
    told: str,
    head: tuple[str, str, str],
    words: Mapping[str, str],
    bounds: Sequence[float],
    bounds_told: Sequence[str],
    tongue: Tongue,
) -> str:
    """Return the map. head: names of the table's columns; words: border and hidden of the legend.

    bounds: the upper ends of all shades but the last; bounds_told: what each shade stands for, the lightest first.
    """
    columns, depth = max(one.column for one in tiles) + 1, max(one.row for one in tiles) + 1
    width, height = columns * (WIDE + GAP), TOP + depth * (HIGH + GAP) + KEY
    parts = [_hatch()]
    for one in tiles:
        parts += _tile(one, bounds)
    parts += _borders(tiles)
    parts += _legend(TOP + depth * (HIGH + GAP) + 12, bounds_told, words)
    rows = [[one.name, one.catchment, one.told] for one in sorted(tiles, key=lambda one: (one.catchment, one.name))]
    return picture(width, height, title, parts, told=told, table=Table(head, rows), tongue=tongue)


def shade_of(value: float, bounds: Sequence[float]) -> int:
    """Return the shade of a value, 1 the lightest.

    >>> shade_of(0.5, [1, 2, 3, 4]), shade_of(2, [1, 2, 3, 4]), shade_of(9, [1, 2, 3, 4])
    (1, 2, 5)
    """
    return 1 + sum(value > bound for bound in bounds)


def shade_bounds(values: Sequence[float]) -> list[float]:
    """Return the upper ends of all shades but the last: equal steps from the lowest to the highest value.

    >>> shade_bounds([0.0, 1.0])
    [0.2, 0.4, 0.6, 0.8]
    """
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return [round(low + (high - low) * nth / SHADES, 6) for nth in range(1, SHADES)]


def _at(one: Tile) -> tuple[float, float]:
    return one.column * (WIDE + GAP) + GAP / 2, TOP + one.row * (HIGH + GAP) + GAP / 2


def _tile(one: Tile, bounds: Sequence[float]) -> list[str]:
    x, y = _at(one)
    style = "tile hatched" if one.value is None else f"tile shade{shade_of(one.value, bounds)}"
    size = "tile-name" if len(one.name) <= LONG else "tile-name tile-long"
    parts = [rect(x, y, WIDE, HIGH, style), text(x + 9, y + 21, one.name, "start", size)]
    if one.value is None:
        parts.append(text(x + 9, y + 46, one.told, "start", "tile-hidden"))
    else:
        parts.append(text(x + 9, y + 51, one.told, "start", "tile-value"))
    if one.seat:
        parts.append(text(x + WIDE - 9, y + 21, "◆", "end", "tile-seat"))
    return parts


def _borders(tiles: Sequence[Tile]) -> list[str]:
    """Thick lines where two catchments meet, or a catchment ends."""
    of = {(one.column, one.row): one.catchment for one in tiles}
    parts = []
    for one in tiles:
        x, y = _at(one)
        left, right, top, bottom = x - GAP / 2, x + WIDE + GAP / 2, y - GAP / 2, y + HIGH + GAP / 2
        beside = of.get((one.column + 1, one.row)), of.get((one.column, one.row + 1))
        if beside[0] != one.catchment:
            parts.append(line(right, top, right, bottom, "catchment"))
        if beside[1] != one.catchment:
            parts.append(line(left, bottom, right, bottom, "catchment"))
        if (one.column - 1, one.row) not in of:
            parts.append(line(left, top, left, bottom, "catchment"))
        if (one.column, one.row - 1) not in of:
            parts.append(line(left, top, right, top, "catchment"))
    return parts


def _hatch() -> str:
    return (
        '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>'
    )


def _legend(y: float, bounds_told: Sequence[str], words: Mapping[str, str]) -> list[str]:
    parts, x = [], 4.0
    for nth, told in enumerate(bounds_told, 1):
        parts += [rect(x, y, 16, 16, f"tile shade{nth}"), text(x + 22, y + 13, told, "start", "tick")]
        x += 36 + 7.4 * len(told)
    parts += [rect(x, y, 16, 16, "tile hatched"), text(x + 22, y + 13, words["hidden"], "start", "tick")]
    parts.append(text(4, y + 36, words["border"], "start", "tick"))
    return parts
