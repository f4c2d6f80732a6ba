"""Where something told of a target would show 1 to 4 people, whoever made it: looked for once more before it is shown.

Rows stand as columns of equal length. A row without a numerator has no value, interval or expected number either. Of a
share the numerator, the rest and the denominator are counts of people, of a rate and a ratio the numerator alone.
What could be worked out from several cells is not looked for here (`stratify.quality.suppress`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stratify.disclosure import SMALLEST_SHOWN

WITH_IT = ("denominator", "value", "low", "high", "expected", "oe", "oe_low", "oe_high")
SKIPPED = ("chart", "funnel", "funnel_oe", "facts", "periods")


def small_counts(told: Mapping[str, Any]) -> list[str]:
    """Return the places where few people show, without what stands there; none where all is well.

    >>> small_counts({"unit": "rate", "over": {"numerator": [40, 3], "denominator": [100.0, 50.0]}})
    ['over: row 1']
    """
    return list(_in(told, told["unit"] == "share", ""))


def _in(node: Any, share: bool, place: str) -> Iterator[str]:
    if not isinstance(node, Mapping):
        return
    if isinstance(node.get("numerator"), list):
        yield from (f"{place}: row {at}" for at in small_rows(node, share))
    for name, inside in node.items():
        if isinstance(inside, Mapping) and name not in SKIPPED:
            yield from _in(inside, share, f"{place}/{name}" if place else name)


def small_rows(rows: Mapping[str, Any], share: bool) -> Iterator[int]:
    """Yield which of these rows, columns of equal length, show few people."""
    many = len(rows["numerator"])
    nothing = [None] * many
    wholes, unknowns = rows.get("denominator") or nothing, rows.get("unknown") or nothing
    hidden = rows.get("hidden") or [False] * many
    beside = [rows[name] for name in WITH_IT if isinstance(rows.get(name), list)]
    for at, (count, whole, unknown, dark) in enumerate(zip(rows["numerator"], wholes, unknowns, hidden, strict=True)):
        if count is None or dark:
            if count is not None or unknown is not None or any(column[at] is not None for column in beside):
                yield at
            continue
        people = [count, unknown or 0]
        if share and whole is not None:
            people += [whole, whole - count]
        if any(0 < one < SMALLEST_SHOWN or one < 0 for one in people):
            yield at
