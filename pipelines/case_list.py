"""The cases behind the chosen targets, person by person, for the unit that is to learn from them: under terms alone.

`cases.db` in the work folder, its owner's alone: a row for each case of the last twelve mature months in each unit, by
pseudonym, the identifier sealed. The service shows a unit its own, when it has been switched on. Without a legal basis,
a responsible unit, a purpose and a last day nothing is written (exit 14). Who has opted out is counted in the targets
and not named here.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipelines.monitor import months_of
from pipelines.plan_list import opted_out
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Target
from stratify.errors import NotPermittedError, UsageError
from stratify.files import TEMPORARY
from stratify.pseudonym import ensure_key, key_id, pseudonym
from stratify.quality.cases import AtRisk, State
from stratify.quality.counting import OTHER
from stratify.quality.cuts import NOT_TOLD, Grouping, income_thirds
from stratify.quality.measuring import Measuring
from stratify.quality.parameters import MortalityParameters
from stratify.quality.tables import lacking
from stratify.registers.clock import day_of
from stratify.sealed import Sealer
from stratify.store.read import Store
from stratify.terms import TERMS, named_terms, problems_of_terms
from stratify.workspace import Workspace

FILE, SECTION = "cases.db", "cases"
KEY = "pseudonym.key"
LATEST = 12  # mature months
STATES = {State.NO: "no", State.YES: "yes", State.UNKNOWN: "unknown"}
Row = tuple[str, ...]


def read_terms(path: Path, today: date) -> dict[str, str]:
    """Return the terms of a file; UsageError for one that cannot be read, NotPermittedError where a term is missing."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--cases needs a TOML file, got {path}, which is not there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise UsageError(f"--cases: {path.name} cannot be read as TOML: {error}") from None
    table = told.get(SECTION, {})
    problems = problems_of_terms(SECTION, table, today) if isinstance(table, dict) else [f"[{SECTION}]: needs a table"]
    if problems:
        raise UsageError(f"{path.name}: {len(problems)} problem(s):", problems)
    terms = named_terms(table)
    if absent := [one for one in TERMS if one not in terms]:
        raise NotPermittedError(
            f"--cases: people are named under terms alone, and [{SECTION}] in {path.name} does not name all; nothing"
            " was written:",
            [f"[{SECTION}] {one}: not there" for one in absent],
        )
    return terms


def write_cases(
    work: Workspace, catalogue: Catalogue, terms: dict[str, str], progress: Callable[..., None]
) -> dict[str, int]:
    """Write the cases of the chosen targets; return how many rows each has."""
    store, key = Store(work.store), ensure_key(work.keys / KEY)
    delivery = store.manifest["results"]["delivery"]
    chosen = [
        one
        for one in catalogue.targets.values()
        if one.chosen
        and one.from_registers
        and one.measure != "gap"
        and not isinstance(one.parameters, MortalityParameters)
        and not lacking(store, one)
    ]
    path = work.root / FILE
    partial = path.with_name(path.name + TEMPORARY)
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    counts = dict.fromkeys((one.id for one in chosen), 0)
    con = sqlite3.connect(partial)
    try:
        con.executescript("""
            PRAGMA journal_mode = OFF;
            CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE "case" (target TEXT, level TEXT, unit TEXT, period TEXT, day TEXT, state TEXT, why TEXT,
                                 pseudonym TEXT, sealed TEXT);
        """)
        meta = {**terms, "ends": terms["until"], "covers_to": delivery["covers_to"], "pseudonym_key_id": key_id(key)}
        con.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        thirds, months = income_thirds(store), months_of(work, store)
        ids = store.source_ids()
        out, _ = opted_out(work, store, np.arange(len(ids)))
        listed = Listed(delivery["system"], ["" if gone else one for one, gone in zip(ids, out, strict=True)], key)
        for bucket in range(store.buckets):
            progress(f"writing cases, {bucket + 1} of {store.buckets} parts", bucket / store.buckets)
            measuring = Measuring(store, catalogue, bucket, months, thirds, chosen)
            for target in chosen:
                rows = list(_rows(measuring, target, listed))
                con.executemany('INSERT INTO "case" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', rows)
                counts[target.id] += len(rows)
        con.execute('CREATE INDEX case_of ON "case" (target, level, unit)')
        con.commit()
    finally:
        con.close()
    partial.replace(path)
    return counts


class Listed(NamedTuple):
    """Who may be named: their ids by number, "" where they may not be or are nobody."""

    system: str
    ids: list[str]
    key: bytes


def _rows(measuring: Measuring, target: Target, listed: Listed) -> Iterator[Row]:
    seal = Sealer(listed.key)
    found, as_of = measuring.found(target)
    months = measuring.months
    known = target.known_until(measuring.store.day("covers_to"), measuring.store.day("delivered"))
    mature = np.flatnonzero(months.mature(target.maturity_days, known))[-LATEST:]
    if isinstance(found, AtRisk):
        person, day, state = found.event_person, found.event_day, np.ones(len(found.event_day), dtype=np.int8)
        as_of = day
        units: dict[str, Any] = {name: measuring.homes.get(name) for name in target.levels}
    else:
        person, day, state = found.person, found.day, found.state
        units = measuring.levels(target, found)
    month = months.of(day)
    kept = np.flatnonzero(np.isin(month, mature) & (state != State.IMMATURE))
    names = months.names()
    words = {"yes": target.numerator.en, "no": target.denominator.en, "unknown": target.unknown.en}
    place, year = measuring.bucket.place(person[kept]), measuring.ground.year_of(as_of[kept])
    labels = {level: _labels(how, year, place, kept) for level, how in units.items() if how is not None}
    for at, case in enumerate(kept.tolist()):
        source_id = listed.ids[int(person[case])]
        if not source_id:
            continue
        name, told = pseudonym(listed.key, listed.system, source_id), STATES[State(int(state[case]))]
        sealed = seal(name, listed.system, source_id)
        when = day_of(int(day[case])).isoformat()
        for level, of in labels.items():
            if of[at] not in (OTHER, NOT_TOLD):
                yield (target.id, level, of[at], names[int(month[case])], when, told, words[told], name, sealed)


def _labels(how: Any, year: Any, place: Any, kept: Any) -> list[str]:
    if isinstance(how, Grouping):
        return [how.names[at] for at in how.at(year, place).tolist()]
    return [str(one) for one in how[kept]]
