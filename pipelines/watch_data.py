"""What landings brought, from watch to watch, and how many events each domain has by month: a gap in the data shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb
import numpy as np

from pipelines.steps import read_manifest
from pipelines.watch_chart import low_months
from stratify.disclosure import shown, words
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

MONTHS = 36
DOMAINS = ("contact", "stay", "drug", "lab", "service", "diagnosis")
FELL = 0.8  # rows of a table in a landing, as a share of those of the one before, below which it is asked about
REFUSED = 0.02  # percentage points more refused


def landings(work: Workspace) -> list[dict[str, Any]]:
    """Return what is known of each landing, a row for each day of delivery: those of the last watch, then this one's.

    Of each table rows in, landed and refused; 1 to 4 refused are hidden, and so is then what landed.
    """
    told = read_manifest(work.store, "land")["results"]
    tables = {
        name: {
            "rows_in": shown(one["rows_in"]),
            "landed": shown(one["landed"], one["rows_in"]),
            "refused": shown(one["refused"], one["rows_in"]),
        }
        for name, one in told["tables"].items()
    }
    now = {"delivered": told["delivery"]["delivered"], "covers_to": told["delivery"]["covers_to"], "tables": tables}
    path = work.watch / "landings.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    kept = [one for one in before if one["delivered"] != now["delivered"]]
    return sorted([*kept, now], key=lambda one: str(one["delivered"]))


def changes(landed: list[dict[str, Any]]) -> list[str]:
    """Return what the latest landing has less of than the one before it, or refuses more of; nothing of the first."""
    if len(landed) < 2:
        return []
    old, new = (one["tables"] for one in landed[-2:])
    found = [f"{name}: is not in this landing" for name in sorted(old.keys() - new.keys())]
    for name in sorted(old.keys() & new.keys()):
        before, now = old[name], new[name]
        if before["rows_in"] and (now["rows_in"] or 0) < FELL * before["rows_in"]:
            found.append(f"{name}: {words(now['rows_in'] or 0)} rows, {before['rows_in']} in the landing before")
        was, told = _refused(before), _refused(now)
        if was is not None and told is not None and told - was > REFUSED:
            found.append(f"{name}: {told:.1%} refused, {was:.1%} in the landing before")
    return found


def _refused(table: Mapping[str, Any]) -> float | None:
    return table["refused"] / table["rows_in"] if table["rows_in"] and table["refused"] is not None else None


def contacts_table(store: Store) -> tuple[list[dict[str, Any]], list[str]]:
    """Return events by domain and month as they may be shown, and the months that fall out of their chart.

    The chart is of events per day of the month with Laney's limits, since people cluster; a fall is told, in whatever
    month of the last `MONTHS` it lies: data that came late would fill it again.
    """
    months = _months(store.day("covers_to"))
    lines: list[dict[str, Any]] = []
    falls: list[str] = []
    for domain in DOMAINS:
        if not store.has(domain):
            continue
        counts = _counts(store, domain, months)
        days = np.diff(months).astype(np.float64)
        below, limits = low_months(counts, days)
        for nth, start in enumerate(months[:-1]):
            month = day_of(start).isoformat()[:7]
            lower = None if np.isnan(limits[nth]) else float(limits[nth])
            lines.append(
                {"domain": domain, "month": month, "events": shown(int(counts[nth])), "lower": lower,
                 "falls": bool(below[nth])}
            )  # fmt: skip
            if below[nth]:
                falls.append(f"{domain}: {words(int(counts[nth]))} events in {month}, below what its months vary by")
    return lines, falls


def _months(covers_to: int) -> list[int]:
    """The days on which whole months begin, and that after the last one."""
    end = day_of(covers_to + 1).replace(day=1)
    whole = range(end.year * 12 + end.month - 1 - MONTHS, end.year * 12 + end.month)
    return [day_number(date(month // 12, month % 12 + 1, 1)) for month in whole]


def _counts(store: Store, domain: str, months: list[int]) -> Any:
    rows = duckdb.execute(
        f"SELECT day, count(*) FROM {store.events(domain, None)} "
        f"WHERE day >= {months[0]} AND day < {months[-1]} GROUP BY day"
    ).fetchall()
    found = np.zeros(len(months) - 1)
    for day, count in rows:
        found[np.searchsorted(months, day, side="right") - 1] += count
    return found
