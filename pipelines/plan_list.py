"""The list of a plan: who is to be reached, by pseudonym, made under named terms alone and audited row by row."""

from __future__ import annotations

import csv
import io
import os
import pwd
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.score import PSEUDONYM_KEY
from pipelines.scored import Scored
from pipelines.steps import read_manifest
from stratify.care.capacity import Capacity
from stratify.care.people import Flags
from stratify.care.planned import Planned
from stratify.catalogue import Catalogue
from stratify.errors import NotPermittedError
from stratify.files import canonical_json, write_bytes
from stratify.pseudonym import pseudonym, read_key
from stratify.store.read import Store
from stratify.strata import levels
from stratify.workspace import Workspace

LIST, AUDIT, OPT_OUT = "list.csv", "audit.jsonl", "opt_out.csv"
COLUMNS = ("pseudonym", "offer", "bridges", "ask_what_helps", "value", "need", "extra_for_few_resources")
OWNER = 0o600


def refuse_list(capacity: Capacity, name: str) -> None:
    """Raise NotPermittedError (exit 14) where the terms of a list are not all named."""
    if lacking := capacity.lacking():
        raise NotPermittedError(
            f"--list: a list of people needs its terms, and [list] in {name} does not name all; nothing was written:",
            [f"[list] {one}: not there" for one in lacking],
        )


def opted_out(work: Workspace, store: Store, numbers: NDArray[np.int64]) -> tuple[Flags, int]:
    """Return who has opted out of lists, and how many ids in the file are nobody's here.

    The file has the source's own ids, one a line.
    """
    path = work.root / OPT_OUT
    if not path.exists():
        return np.zeros(len(numbers), bool), 0
    return named_in(path, store, numbers)


def named_in(path: Path, store: Store, numbers: NDArray[np.int64]) -> tuple[Flags, int]:
    """Return who is named in a file of the source's own ids, one a line, and how many of its ids are nobody's here."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        ids = {line[0].strip() for line in csv.reader(file) if line and line[0].strip()} - {"id", "person", "person_id"}
    names = store.source_ids()
    mine = np.array([names[number] in ids for number in numbers.tolist()], bool)
    return mine, len(ids - set(names))


def write_list(
    out: Path,
    work: Workspace,
    catalogue: Catalogue,
    scored: Scored,
    plan: Planned,
    capacity: Capacity,
    digest: str,
    lot: NDArray[np.int64],
) -> int:
    """Write the list, those that count most first, with an audit entry for each row; return how many rows."""
    options, rows = plan.options, plan.given
    first = np.lexsort([lot[options.person[rows]], options.offer[rows], -options.value[rows]])
    rows = rows[first]
    key = read_key(work.keys / PSEUDONYM_KEY)
    store = Store(work.store)
    system = read_manifest(work.store, "land")["results"]["delivery"]["system"]
    names, need = store.source_ids(), [one.id for one in levels(catalogue, "need")]
    table: list[Sequence[object]] = []
    for row in rows.tolist():
        person, way = int(options.person[row]), plan.ways[options.way[row]]
        table.append(
            (
                pseudonym(key, system, names[scored.numbers[person]]),
                plan.offers[options.offer[row]].id,
                " ".join(way.bridges),
                "yes" if way.bare else "no",
                f"{options.value[row]:g}",
                need[plan.need[person]],
                "yes" if plan.extra[row] else "no",
            )
        )
    audit_rows(out, table, capacity, digest)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *table])
    write_bytes(out / LIST, text.getvalue().encode(), mode=OWNER)
    return len(table)


def carry_audit(before: Path, out: Path) -> None:
    """Take the audit entries of earlier lists along into the folder that replaces theirs."""
    if (before / AUDIT).exists():
        write_bytes(out / AUDIT, b"", mode=OWNER)
        shutil.copyfile(before / AUDIT, out / AUDIT)


def audit_rows(out: Path, table: Sequence[Sequence[object]], capacity: Capacity, digest: str) -> None:
    """Append an entry for each row (pseudonym, offer, ...), on the disk before there is a list."""
    about = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "user": _user(),
        "purpose": capacity.terms["purpose"],
        "legal_basis": capacity.terms["legal_basis"],
        "responsible_unit": capacity.terms["responsible_unit"],
        "run": digest,
    }
    lines = [canonical_json({**about, "pseudonym": row[0], "offer": row[1]}) + "\n" for row in table]
    descriptor = os.open(out / AUDIT, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())


def _user() -> str:
    """Return who runs this, as the machine knows them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
