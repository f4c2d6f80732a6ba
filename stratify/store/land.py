"""Landing: an extract becomes the event store, and every row of it is accounted for.

The order: read the tables, refuse the extract as a whole where it must be, refuse single rows, number the people, write
the domains by bucket. Returns what stands in the manifest. The same extract gives the same bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from stratify.catalogue import Catalogue
from stratify.errors import DataError, UsageError
from stratify.registers import check, danish, omop
from stratify.registers.clock import day_of, read_date
from stratify.registers.declare import tables
from stratify.registers.read import Raw, open_extract
from stratify.registers.source import Delivery, Source
from stratify.registers.stays import CONTACT, CONTACT_SETTING, STAY
from stratify.store.write import number_people, write_domain, write_people, write_refused

SOURCES: dict[str, Callable[[], Source]] = {"synthetic": danish.source, "danish": danish.source, "omop": omop.source}
MEMORY_LIMIT = os.environ.get("STRATIFY_MEMORY_LIMIT", "6GB")


@dataclass(frozen=True)
class Landed:
    """What landing found out, for the manifest and the summary."""

    people: int
    events: dict[str, int]
    tables: dict[str, dict[str, object]]
    delivery: Delivery
    measurable: dict[str, Any]
    notes: list[str]


def land(source: str, data: Path, out: Path, catalogue: Catalogue, progress: Callable[[str], None]) -> Landed:
    """Write the store of an extract into the empty folder `out` and return what became of every row.

    Raises UsageError for an unknown source, DataError (exit 11, all problems listed) for an extract that is refused.
    """
    if source not in SOURCES:
        raise UsageError(f"--source needs one of {', '.join(SOURCES)}, got {source!r}")
    reader = SOURCES[source]()
    declared = tables(reader.tables)
    with duckdb.connect(":memory:") as con:
        con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"SET temp_directory = '{out / 'spill'}'")
        progress("reading tables")
        raws = open_extract(con, data, declared)
        check.raise_if(check.whole_extract_problems(raws, declared))
        delivery = _delivery(con, source, data, reader, raws)
        counts = _check_rows(con, reader, raws, progress)
        reader.prepare(con)
        people = number_people(con, reader.spell(reader.sql("persons"), delivery))
        if people == 0:
            raise DataError("the extract is empty: no person landed", [_told(n, c) for n, c in counts.items()])
        con.execute(f"CREATE TEMP VIEW all_contacts AS {reader.spell(reader.sql('contacts'), delivery)}")
        con.execute(f"CREATE TEMP TABLE contacts AS {CONTACT_SETTING}")
        con.execute(f"CREATE TEMP TABLE diagnoses AS {reader.spell(reader.sql('diagnosis'), delivery)}")
        write_people(con, reader.spell(reader.sql("residence"), delivery), out)
        conditions, measurable, notes = reader.conditions(con, catalogue, delivery)
        queries = {"contact": CONTACT, "stay": STAY, "condition": conditions, "diagnosis": "SELECT * FROM diagnoses"}
        queries |= {domain: reader.sql(domain) for domain in reader.domains(raws)}
        events: dict[str, int] = {}
        for domain, sql in sorted(queries.items()):
            progress(f"landing {domain}")
            events[domain] = write_domain(con, domain, reader.spell(sql, delivery), people, out)
        write_refused(con, sorted(raws), out)
    (out / "spill").rmdir() if (out / "spill").exists() else None
    told = {name: counted.as_dict() for name, counted in sorted(counts.items())}
    return Landed(people, events, told, delivery, {**measurable, "domains": sorted(queries)}, notes)


def _check_rows(
    con: duckdb.DuckDBPyConnection, reader: Source, raws: Mapping[str, Raw], progress: Callable[[str], None]
) -> dict[str, check.Count]:
    declared = tables(reader.tables)
    for table in declared.values():
        progress(f"checking {table.name}")
        check.check_rows(con, table, raws.get(table.name), raws)
    con.execute(f"CREATE TEMP TABLE person_ids AS {reader.person_ids}")
    for table in declared.values():
        check.check_links(con, table)
    counts = {name: check.count(con, declared[name], raw) for name, raw in raws.items()}
    check.raise_if([p for name, c in counts.items() if (p := check.unreadable_problem(name, c))])
    return counts


def _delivery(
    con: duckdb.DuckDBPyConnection, source: str, data: Path, reader: Source, raws: Mapping[str, Raw]
) -> Delivery:
    """The extract's own word on what it covers (`delivery.json`), or the last day found in it."""
    path = data / "delivery.json"
    if data.is_dir() and path.exists():
        told = json.loads(path.read_text(encoding="utf-8"))
        try:
            dates = {key: read_date(told[key], f"delivery.json: {key}") for key in ("covers_to", "delivered")}
            delivery = Delivery(source, told["system"], **dates)
        except KeyError as error:
            raise DataError(f"delivery.json: needs the key {error.args[0]!r}") from None
    else:
        last = reader.last_day(con, raws)
        if last is None:
            raise DataError("no date found in the extract: cannot tell what it covers; add a delivery.json")
        delivery = Delivery(source, reader.system, last, last)
    if delivery.delivered < delivery.covers_to or delivery.covers_to > date(2200, 1, 1):
        raise DataError("delivery.json: `delivered` must not be before `covers_to`")
    return delivery


def _told(name: str, counted: check.Count) -> str:
    return f"{name}: {counted.rows_in} rows, {counted.landed} landed"


__all__ = ["Landed", "day_of", "land"]
