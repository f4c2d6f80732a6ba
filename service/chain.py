"""Returns whether an audit log is whole: each row carries a digest of itself and of the row before it in its chain.

One chain for each start of a worker. A row that was changed, taken out or put in between breaks its chain; one that
stands in none counts only before the first that does. Rows taken
off the end do not: for that the last digests of all chains are written down elsewhere (`--anchor`), and none may go
back. Whoever can write both the database and that place can make a new history: keep them apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, Text, cast, func, select
from sqlalchemy.engine import Engine

from stratify.errors import BundleError
from stratify.files import canonical_json

BEFORE_ALL = "0" * 64
CHAINED = (
    "chain", "nth", "at", "user", "role", "action", "purpose", "pseudonym", "outcome", "request_id", "model_version",
    "issuer", "organisation", "care_team", "basis", "reason", "criterion",
)  # fmt: skip
APART, NONE = "\x1f", "\x1e"  # control characters, which no value of a row has
MOST_TOLD = 20  # problems
AT_ONCE = 10_000  # rows


class Head(NamedTuple):
    """The last row of a chain: how many rows it has, and the digest."""

    rows: int
    digest: str


NOTHING = Head(0, BEFORE_ALL)


@dataclass(frozen=True)
class Verified:
    """What a log holds: rows in chains, rows from before there were any, and the chains' heads."""

    rows: int
    unchained: int
    heads: Mapping[str, Head]


def digest_of(previous: str, row: Mapping[str, Any]) -> str:
    """Return the digest of a row that comes after another."""
    return _digest(previous, APART.join(NONE if row[name] is None else str(row[name]) for name in CHAINED))


def _digest(previous: str, text: str) -> str:
    return hashlib.sha256(f"{previous}{APART}{text}".encode()).hexdigest()


def verify(engine: Engine, table: Table, anchor: Path | None = None) -> Verified:
    """Return what the log holds; with an anchor, hold it against the heads written there and add today's.

    Raises BundleError (13) with the first problems where a chain is broken or a head went back; nothing is added then.
    """
    known = _anchored(anchor)
    problems: list[str] = []
    heads: dict[str, tuple[int, str]] = {}
    rows = unchained = 0
    for seq, chain, nth, text, digest in _rows(engine, table):
        if chain is None:
            if rows:
                problems.append(f"row number {seq} stands in no chain, and comes after rows that do")
            unchained += 1
            continue
        rows += 1
        before, previous = heads.get(chain, NOTHING)
        if nth != before + 1:
            problems.append(f"chain {chain[:8]}: after row {before} comes row {nth} (number {seq})")
        elif _digest(previous, text) != digest:
            problems.append(f"chain {chain[:8]}: row {nth} (number {seq}) is not what was written")
        heads[chain] = nth, digest
        if known and known.get((chain, nth), digest) != digest:
            problems.append(f"chain {chain[:8]}: row {nth} is another than was anchored")
    for chain, nth in known:
        if heads.get(chain, NOTHING)[0] < nth:
            problems.append(f"chain {chain[:8]}: ends before row {nth}, which was anchored")
    if unchained and not rows:
        problems.append(f"none of {unchained} rows stands in a chain, as if chains had been taken out")
    if problems:
        left = [f"and {len(problems) - MOST_TOLD} more"] if len(problems) > MOST_TOLD else []
        raise BundleError("the audit log is not as it was written:", [*problems[:MOST_TOLD], *left])
    found = Verified(rows, unchained, {chain: Head(*head) for chain, head in heads.items()})
    if anchor is not None:
        _anchor(anchor, found, known)
    return found


def _rows(engine: Engine, table: Table) -> Iterator[Sequence[Any]]:
    """Yield each row's number, chain, place in it, text and digest, in the order of the numbers: so a chain grew.

    The database puts the text together: twice as fast as here.
    """
    parts = [func.coalesce(cast(table.c[name], Text), NONE) for name in CHAINED]
    text: ColumnElement[str] = parts[0]
    for part in parts[1:]:
        text = text.concat(APART).concat(part)
    query = select(table.c.seq, table.c.chain, table.c.nth, text, table.c.digest).order_by(table.c.seq).limit(AT_ONCE)
    last = 0
    batch: Sequence[Any] = range(AT_ONCE)  # as if there had been one
    with engine.connect() as connection:
        rows = connection.connection.cursor()  # the driver's own: twice as fast
        while len(batch) == AT_ONCE:
            asked = query.where(table.c.seq > last)
            rows.execute(str(asked.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})))
            batch = rows.fetchall()
            yield from batch
            last = batch[-1][0] if batch else last


def _anchored(anchor: Path | None) -> dict[tuple[str, int], str]:
    """Return the digests of the heads that were written down, by chain and row."""
    if anchor is None or not anchor.exists():
        return {}
    try:
        lines = [json.loads(line) for line in anchor.read_text(encoding="utf-8").splitlines()]
        return {(chain, nth): digest for line in lines for chain, (nth, digest) in line["heads"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BundleError(f"{anchor.name}: holds no heads of an audit log, or they cannot be read") from None


def _anchor(anchor: Path, found: Verified, known: Mapping[tuple[str, int], str]) -> None:
    """Add the heads that are new as one line, or that there were none."""
    heads = {chain: [head.rows, head.digest] for chain, head in found.heads.items() if (chain, head.rows) not in known}
    with anchor.open("a", encoding="utf-8") as stream:
        stream.write(canonical_json({"at": datetime.now(UTC).isoformat(timespec="seconds"), "heads": heads}) + "\n")
