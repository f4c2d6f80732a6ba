"""A target in one line: the region's latest whole year and the three facts, as lists and cards show it."""

from __future__ import annotations

from typing import Any

NOTHING = ("numerator", "denominator", "unknown", "value", "interval")


def summary(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of a target at a glance, from all that is told of it (`telling.tell_all`).

    period: the latest year that is whole and mature, else the last one there is, with `mature` false. A value that may
    not be shown is None with `suppressed` true. `facts` are those of the region.
    """
    said = ("id", "name", "tier", "kind", "chosen", "waits", "unit", "direction", "standard", "standard_status")
    found = {name: told[name] for name in said}
    empty: dict[str, Any] = dict.fromkeys(NOTHING)
    facts = {"variation": "too_few", "assurance": "none", "signal": None}
    years = told["periods"]["12"]
    found |= {**empty, "period": years[-1] if years else "", "suppressed": False, "mature": False, "facts": facts}
    if told["status"] != "measured":
        return {**found, "status": "not_measurable", "lacking": told["lacking"]}
    found |= {"status": "no_standard" if told["standard"] is None else "undecided", "lacking": None}
    if "ratios" in told:
        return {**found, **_latest(told["ratios"][""], years)}
    if "series" not in told:  # gaps: many values, told one by one
        return {**found, "mature": True}
    region = told["units"]["region"]
    if region:
        period, row = max(region.items())
        one = {name: row[name][0] for name in ("numerator", "denominator", "unknown", "value")}
        interval = None if row["value"][0] is None else [row["low"][0], row["high"][0]]
        hidden = bool(row["hidden"][0]) or (one["unknown"] is None and one["numerator"] is not None)
        found |= {**one, "interval": interval, "period": period, "suppressed": hidden, "mature": True}
        found["status"] = row["standard"][0] or found["status"]  # of what may not be told, or of nobody
    line = told["series"].get("region", {}).get("")
    if line is None:  # no period is mature yet
        return found
    return {**found, "facts": {name: line["facts"][name] for name in facts}}


def _latest(rows: dict[str, list[Any]], years: list[str]) -> dict[str, Any]:
    """Return the latest year of a ratio that is mature."""
    ready = [at for at, value in enumerate(rows["value"]) if value is not None or rows["hidden"][at]]
    if not ready:
        return {}
    at = ready[-1]
    one = {name: rows[name][at] for name in ("numerator", "denominator", "value")}
    interval = None if rows["value"][at] is None else [rows["low"][at], rows["high"][at]]
    return {**one, "unknown": None if rows["hidden"][at] else 0, "interval": interval, "period": years[at],
            "suppressed": rows["hidden"][at], "mature": True}  # fmt: skip
