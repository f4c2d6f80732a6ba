"""What may be shown of a count: nothing of 1 to 4 people, and nothing that lets such a number be worked out.

A numerator, denominator or complement (denominator minus numerator) of 1 to 4 hides the whole cell: its counts, its
share and its interval, in every place it would be shown. 0 is shown when the denominator is 5 or more, and so is all
of them; 0 of 0 tells of nobody. Cells whose populations overlap must not be published side by side: no function can
see that from one cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from stratify.quality.verdict import wilson

SMALLEST_SHOWN = 5


class Cell(TypedDict):
    """A cell ready to be published; `suppressed` is true when a count is hidden in it."""

    numerator: int | None
    denominator: int | None
    unknown: int | None
    share: float | None
    interval: tuple[float, float] | None
    suppressed: bool


def shown(count: int, whole: int | None = None) -> int | None:
    """Return the count, or None when it, the rest of `whole`, or `whole` itself is 1 to 4 people.

    >>> shown(0, 40), shown(4), shown(38, 40), shown(0, 3)
    (0, None, None, None)
    """
    if count < 0 or (whole is not None and count > whole):
        raise ValueError("a count is at least 0 and at most the whole it is part of")
    parts = [count] if whole is None else [count, whole - count, whole]
    return None if any(0 < part < SMALLEST_SHOWN for part in parts) else int(count)


def words(count: int, whole: int | None = None) -> str:
    """Return the count in digits, or the least that may be said of a hidden one: "<5", or "hidden" for a complement.

    >>> words(12), words(3), words(38, 40)
    ('12', '<5', 'hidden')
    """
    if shown(count, whole) is not None:
        return str(count)
    return "<5" if 0 < count < SMALLEST_SHOWN else "hidden"


def partition(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the parts of a whole in words; where one part alone is hidden, the next smallest is hidden with it.

    Else the hidden one could be worked out from the others, whose sum somebody may know.

    >>> partition({"a": 165, "b": 24, "c": 2})
    {'a': '165', 'b': 'hidden', 'c': '<5'}
    """
    told = {name: words(count) for name, count in counts.items()}
    if sum(text == "<5" for text in told.values()) == 1:
        rest = [name for name, count in counts.items() if count >= SMALLEST_SHOWN]
        if rest:
            told[min(rest, key=lambda name: (counts[name], name))] = "hidden"
    return told


def cell(numerator: int, denominator: int, unknown: int) -> Cell:
    """Return what may be published of a share, hidden as one or shown as one.

    A small `unknown` hides itself alone; it is hidden with the rest of a hidden cell, since it would give the
    denominator away to somebody who knows the population. A share of nobody is None.
    """
    whole = shown(denominator)
    part = shown(numerator, denominator)
    rest = shown(unknown)
    if whole is None or part is None:
        return Cell(numerator=None, denominator=None, unknown=None, share=None, interval=None, suppressed=True)
    return Cell(
        numerator=part,
        denominator=whole,
        unknown=rest,
        share=part / whole if whole else None,
        interval=wilson(part, whole) if whole else None,
        suppressed=rest is None,
    )
