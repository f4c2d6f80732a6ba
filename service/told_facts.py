"""Returns what was told here of people's facts, and writes down what is told now; lays it over what registers know.

A table beside the audit log, in the same database: one row for each answer, never changed; the last one of a fact
counts, for a year (OURS: what was true of housing or memory a year ago is asked again). An answer and its row in the
audit log are committed together, or neither is. People stand in it by pseudonym.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from sqlalchemy import Column, String, Table, insert, select
from sqlalchemy.engine import Connection

from service.audit import METADATA, NUMBER, AuditLog, Entry
from service.problem import FieldProblem, RefusedError
from service.schemas import Asked, Patient, Shape
from stratify.care.facts import WORDS, FactKind
from stratify.care.people import fits
from stratify.catalogue import Catalogue
from stratify.errors import did_you_mean

TOLD_FACT = Table(
    "told_fact",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("said_on", String(32), nullable=False),  # UTC, ISO 8601
    Column("pseudonym", String(64), nullable=False, index=True),
    Column("fact", String(80), nullable=False),
    Column("value", String(80)),  # as JSON; none: not known after all
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("request_id", String(36), nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice
)
HOLDS = timedelta(days=365)
TOLD_BY = ("person", "clinician", "medicine_card")  # who can tell it to whoever writes it down
KINDS = ("flag", "word", "number", "share")  # a set and a time since something are written in the record
Value = bool | float | str


@dataclass(frozen=True)
class ToldFact:
    """A fact as it was told: None where it is not known after all."""

    fact: str
    value: Value | None = field(repr=False)
    said_on: datetime
    user: str = field(repr=False)
    role: str

    def told(self) -> Fact:
        """Return it as it is answered."""
        moment = self.said_on.isoformat(timespec="milliseconds")
        return Fact(fact=self.fact, value=self.value, said_on=moment, user=self.user, role=self.role)


class FactRequest(Asked):
    """One fact of a person, told by themselves or by whoever knows it."""

    patient: Patient
    purpose: Literal["TREAT"] = Field(description="the only purpose for which a fact is written down")
    fact: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(description="the fact's id")
    value: bool | float | Annotated[str, StringConstraints(max_length=40)] | None = Field(
        description="true or false, a number, or one of the fact's words; null where it is not known after all"
    )


class Fact(Shape):
    """A fact as it was told here, when, and who wrote it down."""

    fact: str
    value: bool | float | str | None
    said_on: str
    user: str
    role: str


class FactsAnswer(Shape):
    """What was told here and holds now."""

    facts: list[Fact]


def refuse_fact(asked: FactRequest, catalogue: Catalogue) -> None:
    """Return when a fact can be written down; raises RefusedError with what does not fit."""
    kind = tellable(catalogue).get(asked.fact)
    if kind is None:
        near = did_you_mean(asked.fact, tellable(catalogue))
        raise RefusedError([FieldProblem(pointer="/fact", problem=f"no fact that can be told here{near}")])
    if asked.value is not None and not _right(asked.fact, kind, asked.value):
        words = WORDS[asked.fact].words if asked.fact in WORDS else ()
        right = f"one of {', '.join(words)}" if words else {"flag": "true or false"}.get(kind, f"a {kind}")
        raise RefusedError([FieldProblem(pointer="/value", problem=f"of this fact it is {right}, or null")])


def tellable(catalogue: Catalogue) -> dict[str, FactKind]:
    """Return the facts that can be told here, with their kinds: those that a person or a clinician knows."""
    found = {name: word.kind for name, word in WORDS.items() if word.known_by in TOLD_BY and word.kind in KINDS}
    own = {one.id: one for offer in catalogue.offers.values() for one in offer.ask}
    found |= {name: one.kind for name, one in own.items() if one.known_by in TOLD_BY and one.kind in KINDS}
    return {name: kind for name, kind in found.items() if kind != "word" or (name in WORDS and WORDS[name].words)}


def laid_over(facts: Mapping[str, Any], told: Sequence[ToldFact], catalogue: Catalogue) -> dict[str, Any]:
    """Return a person's facts with what was told in place of what registers know or hint at.

    What the catalogue no longer asks, or asks in another way, is left out.
    """
    kinds, found = tellable(catalogue), dict(facts)
    for one in told:
        if one.value is not None and one.fact in kinds and _right(one.fact, kinds[one.fact], one.value):
            found.pop(f"{one.fact}?", None)
            found[one.fact] = one.value
    return found


def holding(rows: Sequence[Mapping[Any, Any]], today: date) -> tuple[ToldFact, ...]:
    """Return of answers in the order they were told the last one of each fact, where it is known and not too old.

    Raises ValueError for a row that is none.
    """
    last = {row["fact"]: row for row in rows}
    found = [
        ToldFact(
            row["fact"],
            None if row["value"] is None else json.loads(row["value"]),
            datetime.fromisoformat(row["said_on"]),
            row["user"],
            row["role"],
        )
        for row in last.values()
    ]
    return tuple(one for one in found if one.value is not None and today < one.said_on.date() + HOLDS)


def add_fact(
    audit: AuditLog, entry: Entry, pseudonym: str, asked: FactRequest, moment: datetime
) -> tuple[ToldFact, ...]:
    """Write a fact with its row in the audit log, and return what holds when both are committed.

    Raises SQLAlchemyError when they are not.
    """
    value = None if asked.value is None else json.dumps(asked.value)
    row = {**entry.said(moment, pseudonym), "fact": asked.fact, "value": value}

    def written(connection: Connection) -> tuple[ToldFact, ...]:
        connection.execute(insert(TOLD_FACT).values(row))
        return facts_of(connection, pseudonym, moment.date())

    return audit.write([entry], written) or ()


def facts_of(connection: Connection, pseudonym: str, today: date) -> tuple[ToldFact, ...]:
    """Return what was told of a person and holds."""
    query = select(TOLD_FACT).where(TOLD_FACT.c.pseudonym == pseudonym).order_by(TOLD_FACT.c.seq)
    return holding(connection.execute(query).mappings().all(), today)


def _right(fact: str, kind: FactKind, value: Value) -> bool:
    words = WORDS[fact].words if fact in WORDS else ()
    return fits(kind, value) and (kind != "word" or value in words)
