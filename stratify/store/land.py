"""Landing: an extract becomes the event store, and every row of it is accounted for.

The order: read the tables, refuse the extract as a whole where it must be, refuse single rows, number the people, write
the domains by bucket. Returns what stands in the manifest. The same extract gives the same bytes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from stratify.catalogue import Catalogue
from stratify.disclosure import words
from stratify.errors import DataError, UsageError
from stratify.registers import check, danish, omop, switch
from stratify.registers.complete import cut_contacts, cut_tables
from stratify.registers.declare import Table, tables
from stratify.registers.delivery import Delivery, read_delivery, today
from stratify.registers.read import Extract, Raw, let_go, open_extract, quoted
from stratify.registers.source import Source
from stratify.registers.stays import CONTACT, CONTACT_SETTING, OPEN_DAYS, STAY
from stratify.registers.uses import use_of
from stratify.registers.whole import is_empty, raise_if, table_problems, unreadable_problem
from stratify.store.content import Content, read_earlier
from stratify.store.engine import ENGINE, Engine
from stratify.store.layout import bucket_file, buckets
from stratify.store.write import number_people, write_people, write_refused

SOURCES: dict[str, Callable[[], Source]] = {"synthetic": danish.source, "danish": danish.source, "omop": omop.source}
DERIVED = {"stay": "contact", "condition": "diagnosis"}  # none of them is a finding where there is one of these
MEMORY_LIMIT = os.environ.get("STRATIFY_MEMORY_LIMIT", "6GB")


@dataclass(frozen=True)
class Landed:
    """What landing found out, for the manifest and the summary."""

    people: int
    events: dict[str, int]
    tables: dict[str, dict[str, object]]
    delivery: Delivery
    measurable: dict[str, Any]
    people_with: dict[str, int | None]  # who ever had each condition; None where this source cannot tell: that is not 0
    notes: list[str]
    dated: bool  # whether the delivery told its own days
    rewritten: dict[str, list[int]]  # the buckets that were written, by domain; the others came from an earlier store


def land(
    source: str,
    data: Path,
    out: Path,
    catalogue: Catalogue,
    progress: Callable[[str], None],
    earlier: Sequence[Path] = (),
    engine: Engine = ENGINE,
) -> Landed:
    """Write the store of an extract into the empty folder `out` and return what became of every row.

    Bucket files that would be the same as in one of the `earlier` stores are taken from there. `engine` runs the
    landing SQL and writes the domains; whichever it is, the store is the same to the byte. Raises UsageError for an
    unknown source, DataError (exit 11, all problems listed) for an extract that is refused.
    """
    if source not in SOURCES:
        raise UsageError(f"--source needs one of {', '.join(SOURCES)}, got {source!r}")
    reader = SOURCES[source]()
    with _scratch(out / "spill") as spill, duckdb.connect(spill / "landing.duckdb") as con:
        con.execute(f"SET memory_limit = {quoted(MEMORY_LIMIT)}")
        con.execute("SET enable_progress_bar = false")  # we tell how far it is
        con.execute("SET checkpoint_threshold = '1TB'")  # the file is gone in the end: nothing is written twice for it
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        con.execute(f"SET temp_directory = {quoted(spill)}")
        progress("reading tables")
        declared = tables(reader.tables)
        only = {name: [c.name for c in table.column] for name, table in declared.items() if not table.carried}
        extract = open_extract(con, data, declared, spill, only)
        delivery = _checked(con, reader, source, data, extract, progress)
        counts = {name: check.count(con, declared[name], raw) for name, raw in sorted(extract.tables.items())}
        write_refused(con, extract.tables, out)
        for name in extract.tables:  # as delivered, they are not asked again, and memory is dear
            let_go(con, name)
        reader.prepare(con)

        def made(name: str, sql: str) -> str:
            return engine.result(con, name, reader.spell(sql, delivery), spill)

        people = number_people(con, made("named_people", reader.sql("persons")))
        con.execute(f"CREATE TEMP VIEW all_contacts AS {made('all_contacts', reader.sql('contacts'))}")
        con.execute(f"CREATE TABLE contacts AS {made('contacts', CONTACT_SETTING)}")
        con.execute(f"CREATE TABLE diagnoses AS {made('diagnoses', reader.sql('diagnosis'))}")
        write_people(con, made("residences", reader.sql("residence")), out)
        conditions, measurable, notes = reader.conditions(con, catalogue, delivery)
        queries = {"contact": CONTACT, "stay": STAY, "condition": conditions, "diagnosis": "SELECT * FROM diagnoses"}
        queries |= {domain: reader.sql(domain) for domain in reader.domains(extract.tables) if domain not in queries}
        events: dict[str, int] = {}
        content = Content(buckets(people), [read_earlier(root) for root in earlier])
        for domain, sql in sorted(queries.items()):
            progress(f"landing {domain}")
            spelled = reader.spell(sql, delivery)
            events[domain] = engine.write_domain(con, domain, spelled, people, out, content, spill)
        content.write(out)
        people_with = _people_with(con, out, people, catalogue, measurable["conditions"])
        measurable |= switch.landed(con, reader.tables)
        notes += [*_never_closed(con), *cut_tables(con, _without_contacts(reader), extract.tables, delivery.covers_to)]
    told = {name: counted.as_dict() for name, counted in counts.items()}
    domains = sorted(domain for domain in queries if events[domain] or events.get(DERIVED.get(domain, "")))
    measurable |= told_by_drugs(measurable, domains, catalogue)
    measurable |= {"domains": domains, "use": {domain: use_of(domain) for domain in domains}}
    notes = [*extract.notes, *_not_there(declared, extract.tables), *_left(counts), *_mostly_refused(counts), *notes]
    dated = read_delivery(source, data)[0] is not None
    return Landed(people, events, told, delivery, measurable, people_with, notes, dated, content.rewritten)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a folder for tables and mended copies of CSV files; it is gone afterwards, whatever happens.

    A table in a file there is held packed, one in memory is not.
    """
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def told_by_drugs(
    measurable: Mapping[str, Any], domains: Collection[str], catalogue: Catalogue
) -> dict[str, list[str]]:
    """Return what can be measured once drugs are there: conditions that have no diagnosis are told by them alone."""
    by_drugs = {c.id for c in catalogue.conditions.values() if c.by_drugs_only and "drug" in domains}
    told = set(measurable["conditions"]) | by_drugs
    return {"conditions": sorted(told), "not_measurable": sorted(set(catalogue.conditions) - told)}


def _people_with(
    con: duckdb.DuckDBPyConnection, out: Path, people: int, catalogue: Catalogue, told: Collection[str]
) -> dict[str, int | None]:
    files = ", ".join(quoted(out / bucket_file("condition", bucket)) for bucket in range(buckets(people)))
    rows = con.execute(f"SELECT code, count(DISTINCT person) FROM read_parquet([{files}]) GROUP BY code").fetchall()
    found = dict(rows)
    return {key: int(found.get(key, 0)) if key in told else None for key in catalogue.conditions}


def _checked(
    con: duckdb.DuckDBPyConnection,
    reader: Source,
    source: str,
    data: Path,
    extract: Extract,
    progress: Callable[[str], None],
) -> Delivery:
    """Check every row of every table and return the delivery; raises DataError with every problem of the extract."""
    declared = tables(reader.tables)
    raws = extract.tables
    by_table = table_problems(raws, declared)
    problems = [*extract.problems, *(p for found in by_table.values() for p in found)]
    delivery, told = read_delivery(source, data)
    problems += told
    last_day = delivery.delivered if delivery else today()
    for table in declared.values():
        progress(f"checking {table.name}")
        raw = None if table.name in by_table else raws.get(table.name)
        check.check_rows(con, table, raw, last_day)
        unreadable = unreadable_problem(con, table, raw) if raw else None
        problems += [unreadable] if unreadable else []
    con.execute(f"CREATE TABLE person_ids AS {reader.person_ids}")
    if not by_table and not con.execute("SELECT 1 FROM person_ids LIMIT 1").fetchone():
        problems.append("the extract is empty: no person in it can land")
    raise_if(problems)
    for table in declared.values():
        check.check_links(con, table)
    if delivery is None:
        days = reader.last_days(con, last_day)
        if days is None:
            raise DataError("nothing tells what the extract covers: add a delivery.json (system, covers_to, delivered)")
        delivery = Delivery(source, reader.system, *days)
    raise_if(cut_contacts(con, reader.sql("contact_days"), delivery.covers_to))
    return delivery


def _without_contacts(reader: Source) -> dict[str, Table]:
    """The tables no label rests on, and that do not end with one."""
    contacts = reader.needs["contact"]
    return {
        name: table
        for name, table in tables(reader.tables).items()
        if name not in contacts and (table.parent is None or table.parent.table not in contacts)
    }


def _not_there(declared: Mapping[str, Table], raws: Mapping[str, Raw]) -> list[str]:
    """Tables without a row: what they would tell is unknown, not 0."""
    missing = [name for name in declared if name not in raws]
    notes = [f"{name}: empty" for name in declared if name in raws and is_empty(raws[name])]
    return notes + ([f"not in this extract: {', '.join(missing)}"] if missing else [])


def _left(counts: Mapping[str, check.Count]) -> list[str]:
    """Tables that are checked and whose rows stay where they are."""
    return [
        f"{name}: {words(counted.left)} rows checked and not carried into the store"
        for name, counted in counts.items()
        if counted.left
    ]


def _never_closed(con: duckdb.DuckDBPyConnection) -> list[str]:
    (count,) = con.execute("SELECT count(*) FROM contacts WHERE never_closed").fetchone() or (0,)
    if not count:
        return []
    return [
        f"{words(count)} contacts open for more than {OPEN_DAYS} days: their length is unknown, they are no admission"
    ]


def _mostly_refused(counts: Mapping[str, check.Count]) -> list[str]:
    """Tables of which more than half did not land, which is often a key written in two ways."""
    return [
        f"{name}: {counted.refused} of {counted.rows_in} rows did not land"
        for name, counted in counts.items()
        if (counted.refused - counted.reasons.get(check.HEADER, 0)) * 2 > counted.rows_in
    ]
