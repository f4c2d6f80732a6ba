"""What people told the service they chose, for those who plan: read from its database, by pseudonym, never written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from pipelines.score import PSEUDONYM_KEY
from pipelines.scored import Scored
from pipelines.steps import read_manifest
from stratify.care.choices import Choice, choice_of, given_of, in_force, standing
from stratify.care.people import Flags
from stratify.care.weigh import Declined, Given
from stratify.catalogue import Catalogue
from stratify.errors import DataError
from stratify.files import canonical_json, digest_text
from stratify.pseudonym import pseudonym, read_key
from stratify.registers.clock import day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

ROWS = "SELECT pseudonym, offer, preference, decision, said_on, until, '' AS reason FROM choice ORDER BY seq"


Holding = Mapping[str, tuple[Choice, ...]]  # by pseudonym: what holds of what was said


def choices_of(work: Workspace, url: str | None, today: date) -> Holding:
    """Return what holds today of what people said; nothing where no service has kept a database in the work folder.

    `url` names the service's database (SQLAlchemy). Raises DataError where it cannot be read: a plan that does not know
    who said no would go against them.
    """
    if url is None and not work.service_db.exists():
        return {}
    said = defaultdict(list)
    try:
        where = make_url(url or URL.create("sqlite", database=str(work.service_db.absolute())))
        file = Path(where.database or "") if where.get_backend_name() == "sqlite" else None
        if file is not None and not file.exists():  # to open it would make an empty one
            raise ValueError("no such file")
        with create_engine(where).connect() as connection:
            for row in connection.execute(text(ROWS)).mappings():
                said[row["pseudonym"]].append(choice_of(dict(row)))
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise DataError(
            f"what people chose cannot be read ({type(error).__name__}): name the service's database, as sqlite:////place/service.db"
        ) from None
    return {who: in_force(choices, today) for who, choices in said.items()}


def digest_of(holding: Holding) -> str:
    """Return a digest of what holds, without the person's words."""
    told = {
        who: [[one.offer, one.preference, one.decision, one.said_on.isoformat(), str(one.until)] for one in choices]
        for who, choices in holding.items()
    }
    return digest_text(canonical_json(told))


def given_by(holding: Holding, work: Workspace, catalogue: Catalogue, scored: Scored) -> Given:
    """Return the day of weighing with what people chose that still stands, by row of the scored people."""
    day, n = day_of(scored.landmark), scored.people.n
    declined: dict[str, Declined] = {}
    in_use: dict[str, Flags] = {}
    wishes: dict[str, Flags] = {}
    for row, choices in _by_row(holding, work, scored):
        one = given_of(standing(choices, scored.people.of(np.array([row])), catalogue, day), day)
        for offer, told in one.declined.items():
            every = declined.setdefault(offer, Declined(np.full(n, np.nan), np.full(n, np.nan)))
            every.said[row], every.left[row] = told.said[0], told.left[0]
        for found, kept in ((one.in_use, in_use), (one.wishes, wishes)):
            for name in found:
                kept.setdefault(name, np.zeros(n, bool))[row] = True
    return Given(day, declined, in_use, wishes)


def _by_row(holding: Holding, work: Workspace, scored: Scored) -> Iterator[tuple[int, tuple[Choice, ...]]]:
    """Yield the row of each person of whose choices some hold, with these."""
    if not holding:
        return
    key, names = read_key(work.keys / PSEUDONYM_KEY), Store(work.store).source_ids()
    system = read_manifest(work.store, "land")["results"]["delivery"]["system"]
    for row, number in enumerate(scored.numbers.tolist()):
        if choices := holding.get(pseudonym(key, system, names[number])):
            yield row, choices
