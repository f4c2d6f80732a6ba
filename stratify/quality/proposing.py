"""What calls for follow-up of a target: in which units, why, since when, whose it is, and what to look at first.

A proposal and no more: nothing is opened by itself. A unit is proposed where its standard is not met in its latest
whole year, where its process cannot meet it (`consistently_fails`), or where its latest point is a signal for the
worse. Source: facts and rules of docs/quality.md; "intervene" is assurance or a concern, never one red light.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Because = Literal["standard", "fails", "concern"]
Told = Mapping[str, Any]
LEVELS = ("region", "hospital", "psychiatric", "municipality")
OWNERS = {
    "region": "region_quality_lead",
    "hospital": "hospital_management",
    "psychiatric": "psychiatric_department_management",
    "municipality": "municipal_health_lead",
}
NO_UNIT = ("elsewhere", "not told", "")  # labels that are nobody's: counting.OTHER, cuts.NOT_TOLD
UNKNOWN_FROM = 0.10  # the unknown share from which registration is looked at first
LOOK = {
    "registration_fault": {
        "da": "Registrering: er det gjort og ikke skrevet, eller skrevet et andet sted?",
        "en": "Registration: was it done and not written down, or written down elsewhere?",
    },
    "case_mix": {
        "da": "Hvem enheden har: forklarer alder, køn eller sværere forløb forskellen?",
        "en": "Whom the unit has: do age, sex or harder cases explain the difference?",
    },
    "real_change": {
        "da": "En virkelig ændring: hvad blev gjort anderledes fra den tid?",
        "en": "A real change: what was done differently from then on?",
    },
}


def proposals(told: Told) -> list[dict[str, Any]]:
    """Return a proposal for each unit of a chosen target that calls for follow-up, from all that is told of it."""
    if not told["chosen"]:
        return []
    found = []
    for level in LEVELS:
        for unit in told.get("series", {}).get(level, {}):
            reasons = [] if level != "region" and unit in NO_UNIT else reasons_of(told, level, unit)
            if reasons:
                at = latest_year(told, level, unit)
                found.append(
                    {
                        "target": told["id"],
                        "name": told["name"],
                        "level": level,
                        "unit": unit,
                        "reasons": [{"because": because, "since": since} for because, since in reasons],
                        "owner_role": OWNERS[level],
                        "standard": told["standard"],
                        "value": at.get("value"),
                        "period": at.get("period"),
                        "look_first": _look_first(at, [because for because, _ in reasons]),
                    }
                )
    return found


def reasons_of(told: Told, level: str, unit: str) -> list[tuple[Because, str]]:
    """Return why a unit calls for follow-up and since which period, whether its target is chosen or not."""
    line = told["series"][level][unit]
    facts, names = line["facts"], told["periods"][str(line["step"])]
    used = [at for at, value in enumerate(line["value"]) if value is not None]
    found: list[tuple[Because, str]] = []
    if facts["standard"] == "not_met":
        found.append(("standard", _missed_since(told, level, unit)))
    if facts["assurance"] == "consistently_fails":
        found.append(("fails", names[used[0]]))
    if facts["variation"] == "concern" and facts["signal"] is not None:
        found.append(("concern", names[_began(line, used, facts["signal"])]))
    return found


def latest_year(told: Told, level: str, unit: str) -> dict[str, Any]:
    """Return what is told of a unit in its latest whole year that may be shown, with its `period`; {} where none is."""
    for year, rows in sorted(told.get("units", {}).get(level, {}).items(), reverse=True):
        at = rows["units"].index(unit) if unit in rows["units"] else None
        if at is not None and rows["value"][at] is not None:
            row = {name: column[at] for name, column in rows.items() if isinstance(column, list)}
            for name in ("funnel", "funnel_oe"):
                row[name] = (rows.get(name) or {}).get("outside", [None] * len(rows["units"]))[at]
            return {**row, "period": year}
    return {}


def _missed_since(told: Told, level: str, unit: str) -> str:
    since = ""
    for year, rows in sorted(told["units"][level].items(), reverse=True):
        status = dict(zip(rows["units"], rows["standard"], strict=True)).get(unit)
        if status == "not_met":
            since = year
        elif since:
            break
    return since


def _began(line: Told, used: list[int], signal: Told) -> int:
    """Return where the points of the latest signal begin."""
    flagged, at = set(line["chart"]["flagged"].get(signal["rule"], [])), signal["at"]
    for one in reversed(used[: used.index(at)]):
        if one not in flagged:
            break
        at = one
    return int(at)


def _look_first(row: Mapping[str, Any], because: list[Because]) -> list[dict[str, Any]]:
    """Return the three things to look at, those first to which the figures themselves point."""
    whole, unknown = row.get("denominator") or 0, row.get("unknown") or 0
    points = {
        "registration_fault": bool(unknown) and unknown / (whole + unknown) >= UNKNOWN_FROM,
        "case_mix": bool(row.get("funnel")) and row.get("funnel_oe") == 0,
        "real_change": "concern" in because,
    }
    order = sorted(LOOK, key=lambda one: not points[one])
    return [{"id": one, "text": LOOK[one], "points_to_it": points[one]} for one in order]
