"""What may leave of a target's result: its counts as far as they may be shown, its interval and its status."""

from __future__ import annotations

from typing import Any

from stratify.catalogue.entries import Target
from stratify.disclosure import cell
from stratify.quality.indicator import Result
from stratify.quality.verdict import verdict


def body(target: Target, result: Result, period: str) -> dict[str, Any]:
    """Return a target's result as it is served, as plain JSON-ready values; hidden counts are None.

    The status comes from the exact counts: it says on which side of the standard the interval lies, from which no
    hidden number can be worked out. A period with immature cases is served without counts: it is not complete.
    """
    ready = result.immature == 0
    counts: dict[str, Any] = dict(cell(result.numerator, result.denominator, result.unknown))
    if not ready:
        counts = dict.fromkeys(counts, None) | {"suppressed": False}
    elif counts["interval"] is not None:
        counts["interval"] = list(counts["interval"])
    status = verdict(
        result.numerator,
        result.denominator,
        standard=target.standard,
        direction=target.direction,
        min_denominator=target.min_denominator,
    )
    return {
        "id": target.id,
        "name": target.name.model_dump(),
        "period": period,
        **counts,
        "standard": target.standard,
        "direction": target.direction,
        "status": status if ready or target.standard is None else "undecided",
        "mature": ready,
    }
