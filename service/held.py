"""Returns how follow-up of a unit stands by what is served now, and what held as an example to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.action_shapes import Example
from service.holding import Standing, standing_of, value_of
from service.schemas import Words

MOST_EXAMPLES = 50
OF_A_UNIT = ("level", "unit", "owner_role", "opened_because", "goal", "baseline", "baseline_period", "consent_to_name")
WHOSE = {
    "region": Words(da="regionen", en="the region"),
    "hospital": Words(da="et hospital", en="a hospital"),
    "psychiatric": Words(da="en psykiatrisk afdeling", en="a psychiatric department"),
    "municipality": Words(da="en kommune", en="a municipality"),
}
Told = Mapping[str, Any]


def stands(row: Mapping[str, Any], told: Told | None) -> dict[str, Any]:
    """Return what is told of an action about a target beside what was written: the value now, and whether it holds."""
    found = {name: row.get(name) for name in OF_A_UNIT}
    if told is None:  # the target is no longer served
        return found
    now, period = value_of(told, row["level"], row["unit"])
    standing = _standing(row, told) if row["status"] == "held" else None
    return {**found, "now": now, "now_period": period, "alarm": None if standing is None else standing.alarm}


def example_of(row: Mapping[str, Any], told: Told) -> Example | None:
    """Return an action that held as an example, None where it holds no longer or nobody can tell.

    Without consent neither the name nor figures that would lead to it: rounded to a whole percent, or a whole number.
    """
    standing = _standing(row, told)
    if standing is None or standing.alarm:
        return None
    named = bool(row["consent_to_name"])
    level = row["level"]
    now, period = value_of(told, level, row["unit"])
    digits = 6 if named else 2 if told["unit"] == "share" else 0

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, digits)

    return Example(
        level=level,
        unit=row["unit"] if named else None,
        whose=Words(da=row["unit"], en=row["unit"]) if named and row["unit"] else WHOSE[level],
        tried=row["text"],
        baseline=rounded(row["baseline"]),
        baseline_period=row["baseline_period"],
        now=rounded(now),
        now_period=period,
        held_on=row["at"][:10],
    )


def _standing(row: Mapping[str, Any], told: Told) -> Standing | None:
    goal = told["standard"] if row["goal"] is None else row["goal"]
    return None if goal is None else standing_of(told, row["level"], row["unit"], goal)
