"""What the service wrote down of people, read for targets: who was looked at, what they chose and answered.

Nothing but counts leaves here. People stand by numbers of their own, made from pseudonyms; the database is opened for
reading alone. An earlier database without the later tables is read as far as it goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sqlalchemy import URL, create_engine, inspect, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from stratify.catalogue.entries import Target
from stratify.errors import UsageError
from stratify.files import canonical_json
from stratify.pseudonym import pseudonym, read_key
from stratify.quality.attacker import Relation
from stratify.quality.columns import Tables
from stratify.quality.counting import Tally
from stratify.quality.indicator import cases
from stratify.quality.measuring import REGION
from stratify.quality.months import Months
from stratify.quality.suppress import suppress
from stratify.registers.clock import day_number
from stratify.store.read import Store
from stratify.workspace import Workspace

PSEUDONYM_KEY = "pseudonym.key"
STEPS = ("listed", "offered", "accepted", "completed")
WITHIN = 30  # days after being looked at
QUERIES = {
    "listed": "SELECT pseudonym, min(at) AS at FROM audit WHERE action IN ('lookup', 'hook') AND outcome = 'found'"
    " AND pseudonym IS NOT NULL GROUP BY pseudonym, substr(at, 1, 7)",
    "choice": "SELECT pseudonym, said_on AS at, decision, offer FROM choice WHERE offer IS NOT NULL",
    "answer": "SELECT pseudonym, said_on AS at, question, value FROM answer",
    "action": "SELECT pseudonym, at, status, offer FROM action WHERE pseudonym IS NOT NULL",
}
FROM = {"listed": "audit"}  # the table a query reads, where it has another name


@dataclass(frozen=True)
class ServiceLog:
    """The rows by table, people by number; the last day anything was written; and a digest of it all."""

    tables: Tables
    names: tuple[str, ...]
    last: date | None
    digest: str

    @property
    def months(self) -> Months | None:
        """The months that the log covers to their end, with the calendar years before: None where there are none."""
        if self.last is None:
            return None
        found = Months.covered(None, date(self.last.year, self.last.month, 1))
        return found if found.count > 0 else None


def read_log(work: Workspace, url: str | None = None) -> ServiceLog:
    """Return what a service wrote down; nothing where it has no database yet. Raises UsageError for one unreadable."""
    path = Path(work.service_db)
    if url is None and not path.exists():
        return _log({name: [] for name in QUERIES})
    only_read = {"mode": "ro", "uri": "true"}
    where = make_url(url) if url else URL.create("sqlite", database=f"file:{path.absolute()}", query=only_read)
    try:
        engine = create_engine(where, hide_parameters=True)
        rows = _read(engine)
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise UsageError(f"the service's database cannot be read ({type(error).__name__})") from None
    return _log(rows)


def _read(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    there = set(inspect(engine).get_table_names())
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(text(query)).mappings()]
            if FROM.get(name, name) in there
            else []
            for name, query in QUERIES.items()
        }


def _log(rows: Mapping[str, list[dict[str, Any]]]) -> ServiceLog:
    names = sorted({row["pseudonym"] for several in rows.values() for row in several})
    number = {name: place for place, name in enumerate(names)}
    tables: dict[str, dict[str, Any]] = {}
    for table, several in rows.items():
        tables[table] = {
            "person": np.array([number[row["pseudonym"]] for row in several], dtype=np.int64),
            "day": np.array([day_number(date.fromisoformat(row["at"][:10])) for row in several], dtype=np.int64),
        }
        for column in ("decision", "offer", "question", "value", "status"):
            if several and column in several[0]:
                tables[table][column] = np.array([row[column] for row in several], dtype=object)
    tables["listed"]["unit"] = np.full(len(rows["listed"]), "", dtype=object)
    tables["choice"]["choice"] = tables["choice"].get("decision", np.zeros(0, dtype=object))
    for column in ("question", "value"):
        tables["answer"].setdefault(column, np.zeros(0, dtype=object))
    days = [row["at"][:10] for several in rows.values() for row in several]
    last = date.fromisoformat(max(days)) if days else None
    told = canonical_json({name: sorted(canonical_json(row) for row in several) for name, several in rows.items()})
    return ServiceLog(tables, tuple(names), last, hashlib.sha256(told.encode()).hexdigest())


def tally_of(target: Target, log: ServiceLog) -> dict[str, Tally]:
    """Return a target's counts by month, of the whole region. The log must cover a month."""
    months = log.months
    assert months is not None
    assert log.last is not None
    found = cases(target, log.tables, np.zeros(0, np.int64), months.start, months.end, day_number(log.last))
    month = months.of(found.day)  # type: ignore[union-attr]
    flat = month * 4 + found.state  # type: ignore[union-attr]
    counts = np.bincount(flat, minlength=months.count * 4).reshape(1, months.count, 4).astype(np.int64)
    years = len(months.years)
    return {REGION: Tally([""], counts, np.zeros((1, years, 1, 2), np.int64), np.zeros((1, years), np.int64))}


def yield_by_stratum(work: Workspace, log: ServiceLog) -> dict[str, dict[str, str]]:
    """Return by level of need how many were looked at, offered something, accepted and completed within 30 days.

    Each in words, as far as it may be told: "" stands for all, "not told" for those who are not among the scored.
    """
    tables = log.tables
    person, day = tables["listed"]["person"], tables["listed"]["day"]
    first = np.full(len(log.names), np.iinfo(np.int64).max)
    np.minimum.at(first, person, day)
    listed = first < np.iinfo(np.int64).max
    steps = [listed]
    accepted = tables["choice"]["choice"] == "accept"
    done = tables["action"].get("status", np.zeros(0, dtype=object)) == "done"
    every = np.ones(len(tables["choice"]["person"]), dtype=bool)
    for table, which in (("choice", every), ("choice", accepted), ("action", done)):
        who, when = tables[table]["person"][which], tables[table]["day"][which]
        inside = (when >= first[who]) & (when - WITHIN <= first[who]) if table == "choice" else when >= first[who]
        steps.append(steps[-1] & np.isin(np.arange(len(log.names)), who[inside]))
    need = _need(work, log.names)
    labels = sorted(set(need))
    counts = np.array([[int((step & (need == label)).sum()) for label in labels] for step in steps], dtype=np.int64)
    return _told(counts, labels)


def _told(counts: Any, labels: list[str]) -> dict[str, dict[str, str]]:
    """Each step's counts by label and in all; a small one is hidden, and what would give it away.

    A step is hidden, too, where fewer than five more stopped there: then the step before would tell.
    """
    table = np.concatenate([counts.sum(axis=1, keepdims=True), counts], axis=1)
    hidden = (table > 0) & (table < 5)
    hidden[1:] |= (table[:-1] - table[1:] > 0) & (table[:-1] - table[1:] < 5)
    parts = Relation(0, range(1, table.shape[1]))
    hidden = np.stack([suppress(row[:, None], [parts], small) for row, small in zip(table, hidden, strict=True)])
    return {
        label: {name: "hidden" if hidden[at, column] else str(int(table[at, column])) for at, name in enumerate(STEPS)}
        for column, label in enumerate(["", *labels])
    }


def _need(work: Workspace, names: tuple[str, ...]) -> Any:
    """Return each one's level of need in the scored population, "not told" where they are not in it."""
    found = np.full(len(names), "not told", dtype=object)
    scored = sorted(work.scores.glob("*.parquet"))
    if not scored or not (work.keys / PSEUDONYM_KEY).exists():
        return found
    store, key = Store(work.store), read_key(work.keys / PSEUDONYM_KEY)
    ids, system = store.source_ids(), store.manifest["results"]["delivery"]["system"]
    table = pq.read_table(scored[-1], columns=["person", "need"]).to_pydict()
    level = {
        pseudonym(key, system, ids[person]): need for person, need in zip(table["person"], table["need"], strict=True)
    }
    return np.array([level.get(name, "not told") for name in names], dtype=object)
