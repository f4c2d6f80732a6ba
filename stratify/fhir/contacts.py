"""A chart's encounters as hospital contacts, chained into stays by the rules of landing (`registers.stays`).

An encounter that is a part of another one in the chart is left to that one. One that goes on has no end; what ends
later than today has none yet; the one that a discharge is told of ends today. Days without hours are taken from noon to
noon, and another encounter that starts on the day it ends joins it.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import duckdb

from stratify.fhir.declared import Class, declared
from stratify.fhir.diagnoses import who_codes
from stratify.fhir.elements import Resource, codings, items, part, text
from stratify.fhir.prefetch import Sent
from stratify.fhir.rows import columns_of
from stratify.fhir.when import Clock, When, first_of, midnight_after, noon, read_when
from stratify.registers.clock import spell_out
from stratify.registers.stays import CHAIN_HOURS, CONTACT, CONTACT_SETTING, STAY
from stratify.store.records import Columns

SHAPE = {
    "contact": "VARCHAR", "start_at": "TIMESTAMP", "end_at": "TIMESTAMP", "closed_at": "TIMESTAMP",
    "joins_to": "TIMESTAMP", "acute": "BOOLEAN", "care": "VARCHAR", "form": "VARCHAR", "basis": "VARCHAR",
    "code": "VARCHAR",
}  # fmt: skip
NOBODY = "CAST(NULL AS VARCHAR) AS unit, 0 AS delay, '' AS source_id"  # one person; no units; nothing is late


class Contacts(NamedTuple):
    """The domains `contact` and `stay`, and whether their encounters tell acute from planned, mind from body."""

    domains: dict[str, Columns]
    told: dict[str, bool]


def contacts(sent: Sent, clock: Clock, discharged: str | None = None) -> Contacts:
    """Return the contacts and stays of a chart; `discharged` is the id of the encounter that ends today."""
    found = sent.of("Encounter")
    inner = _inner(found)
    outer = [one for one in found if text(one.get("id")) not in inner]
    rows = [row for one in outer if (row := _row(one, sent, clock, discharged)) is not None]
    if discharged is not None:
        ends = [row for row in rows if row["contact"].endswith(f" {discharged}")]
        clock.tally.add("discharge_unknown", int(not ends))
        clock.tally.add("discharge_untold", sum(row["care"] is None for row in ends))
    by_domain = {domain: columns_of(domain, of) for domain, of in _chained(rows, clock).items()}
    care = sum(row["care"] is None for row in rows)
    beds = [row for row in rows if row["basis"] != "none"]
    acute = sum(row["acute"] is None for row in rows)
    clock.tally.add("care_untold", care)
    clock.tally.add("acute_untold", acute)
    told = {
        "contact_care": not care,
        "contact_acute": not acute,
        "stay_care": all(row["care"] is not None for row in beds),
        "stay_acute": all(row["acute"] is not None for row in beds),
    }
    return Contacts(by_domain, told)


def _inner(found: list[Resource]) -> set[Any]:
    """The ids of encounters that lie within another one of the chart; those that go round in a circle do not."""
    above = {name: _target(one.get("partOf")) for one in found if (name := text(one.get("id"))) is not None}
    inner = set()
    for name in above:
        seen, outer = {name}, above[name]
        while outer in above and outer not in seen:
            seen.add(outer)
            outer = above[outer]
        if outer not in seen and above[name] in above:
            inner.add(name)
    return inner


def _target(reference: Any) -> str | None:
    told = text(part(reference, "reference"))
    return told.rsplit("Encounter/", 1)[-1] if told else None


def _row(one: Resource, sent: Sent, clock: Clock, discharged: str | None) -> dict[str, Any] | None:
    """An encounter as a contact, as landing has them; None where it is none."""
    declares, tally = declared().encounter, clock.tally
    status = one.get("status")
    if status not in declares.events:
        if status not in declares.not_events:
            tally.add("unknown_status")
        return None
    system, code = text(part(one, "class", "system")), text(part(one, "class", "code"))
    kind = declares.classes.get(code or "") if system == declares.class_system else None
    if kind is None:
        tally.add("unknown_encounters")
        return None
    start, end = first_of(one, "period.start"), read_when(part(one, "period", "end"))
    if clock.day(start) is None or start is None:
        return None
    start_at = noon(start)
    going_on = status in declares.open or (end is not None and end.first > clock.today)
    if going_on and discharged is not None and one.get("id") == discharged:
        going_on, end = False, When(clock.today, clock.today)
    if going_on:
        end_at, timed = None, start.moment is not None
    elif end is None:
        tally.add("no_end")
        end_at, timed = start_at, False
    else:
        end_at, timed = max(noon(end), start_at), end.moment is not None
    joins = (
        (end_at or start_at) + timedelta(hours=CHAIN_HOURS) if timed else midnight_after((end_at or start_at).date())
    )
    bed = kind.inpatient and (going_on or not timed)
    return {
        "contact": f"{start_at.isoformat()} {text(one.get('id')) or ''}",
        "start_at": start_at,
        "end_at": end_at,
        "closed_at": end_at,
        "joins_to": joins,
        "acute": _acute(one, kind),
        "care": _care(one),
        "form": kind.form,
        "basis": "none" if not kind.stay else "admission" if bed else "timed",
        "code": _action(one, sent),
    }


def _acute(one: Resource, kind: Class) -> bool | None:
    declares = declared().encounter
    for system, code in codings(one.get("priority")):
        if system == declares.priority.system and code in declares.priority.acute:
            return True
        if system == declares.priority.system and code in declares.priority.planned:
            return False
    source = codings(part(one, "hospitalization", "admitSource"))
    if any(of == declares.admit_source.system and code in declares.admit_source.acute for of, code in source):
        return True
    return kind.acute


def _care(one: Resource) -> str | None:
    declares = {speciality.uri: speciality.psychiatric for speciality in declared().encounter.speciality}
    told = [code in declares[system] for system, code in codings(one.get("serviceType")) if system in declares]
    return None if not told else "psychiatric" if any(told) else "somatic"


def _action(one: Resource, sent: Sent) -> str | None:
    """The WHO code of the diagnosis that the encounter names first, by rank where it has one."""
    named = sorted(items(one.get("diagnosis")), key=lambda of: rank if isinstance(rank := of.get("rank"), int) else 99)
    for of in named:
        condition = sent.named.get(text(part(of, "condition", "reference")) or "")
        if condition is not None and (codes := who_codes(condition)):
            return codes[0]
    return None


def _chained(rows: list[dict[str, Any]], clock: Clock) -> dict[str, list[dict[str, Any]]]:
    """Contacts and stays, by the SQL that landing makes them with."""
    landmark, covers_to = clock.landmark, clock.today
    columns = ", ".join(f"unnest(CAST(${name} AS {kind}[])) AS {name}" for name, kind in SHAPE.items())
    given = {name: [row[name] for row in rows] for name in SHAPE}
    given["care"] = [care or "somatic" for care in given["care"]]  # as a source that does not tell the two apart
    found: dict[str, list[dict[str, Any]]] = {"stay": []}
    with _engine().cursor() as con:  # with tables of its own
        con.execute(f"CREATE TEMP TABLE all_contacts AS SELECT {columns}, {NOBODY}", given)
        con.execute(f"CREATE TEMP TABLE contacts AS {_spelled(CONTACT_SETTING, covers_to)}")
        beds = any(row["basis"] != "none" for row in rows)
        for domain, sql in (("contact", CONTACT), *([("stay", STAY)] if beds else [])):
            told = con.execute(_spelled(sql, covers_to))
            names = [column[0] for column in told.description or ()]
            found[domain] = [_before(dict(zip(names, row, strict=True)), landmark) for row in told.fetchall()]
    return found


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for the process: to make one costs as much as to ask it."""
    return duckdb.connect(":memory:", config={"threads": 1})


def _spelled(sql: str, covers_to: date) -> str:
    return spell_out(sql, {}, delivered=covers_to, covers_to=covers_to)


def _before(row: dict[str, Any], landmark: int) -> dict[str, Any]:
    """A row with its days before the landmark: what was today counts as of yesterday; its end is known at once."""
    row["day"] = min(row["day"], landmark - 1)
    if row["end_day"] is not None:
        row["end_day"] = row["end_known"] = min(row["end_day"], landmark - 1)
    return row
