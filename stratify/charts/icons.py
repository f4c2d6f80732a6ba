"""A hundred people as a hundred marks: filled for those it happens to, rings for those it does not.

The whole is always 100, so that pictures beside each other can be compared, and both sides are told. Source: the PIF
guide to communicating risk (same denominator, both framings, a picture and a number).
"""

from __future__ import annotations

from collections.abc import Iterable

from stratify.charts.basis import Table, picture
from stratify.charts.tongue import EN, Tongue

HUNDRED, ACROSS = 100, 20
STEP, RADIUS = 12.0, 4.4


def icons(
    count: int, title: str, names: tuple[str, str], *, head: tuple[str, str], told: str = "", tongue: Tongue = EN
) -> str:
    """Return `count` of a hundred marks filled, row by row from the top, with the table behind.

    names: of those it happens to, and of those it does not; head: of the table's columns. Raises ValueError for a count
    that is not from 0 to 100.
    """
    if not 0 <= count <= HUNDRED:
        raise ValueError("a picture of a hundred people has from 0 to 100 of them filled")
    parts = [_marks(range(count), "icon in"), _marks(range(count, HUNDRED), "icon out")]
    table = Table(head, [[names[0], str(count)], [names[1], str(HUNDRED - count)]])
    height = STEP * HUNDRED / ACROSS
    return picture(STEP * ACROSS, height, title, parts, told=told, table=table, tongue=tongue)


def _marks(places: Iterable[int], style: str) -> str:
    """Return the marks at these places as one path."""
    rim = f"a{RADIUS} {RADIUS} 0 1 0 {2 * RADIUS} 0a{RADIUS} {RADIUS} 0 1 0 {-2 * RADIUS} 0"
    way = "".join(f"M{_middle(at % ACROSS) - RADIUS:g} {_middle(at // ACROSS):g}{rim}" for at in places)
    return f'<path class="{style}" d="{way}"/>' if way else ""


def _middle(nth: int) -> float:
    return round(STEP * nth + STEP / 2, 1)
