"""Returns what people chose, as it was told, and writes down what they choose now.

A table beside the audit log, in the same database: one row for each choice, never changed; the last one of an offer or
a preference counts, those before it are its history. A choice and its row in the audit log are committed together, or
neither is. People stand in it by pseudonym.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, String, Table, bindparam, func, insert, literal, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.audit import METADATA, NUMBER, AuditLog, Entry
from service.choice_shapes import ChoiceRequest
from service.optouts import OPT_OUT
from service.own_words import OWN_WORDS, Spoken, WordsRequest, add_words, words_of_person
from service.schemas import Chosen
from service.told_facts import TOLD_FACT, FactRequest, ToldFact, add_fact, facts_of
from stratify.care.choices import Choice, choice_of, in_force
from stratify.errors import NotPermittedError

CHOICE = Table(
    "choice",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("said_on", String(32), nullable=False),  # UTC, ISO 8601
    Column("pseudonym", String(64), nullable=False, index=True),
    Column("offer", String(80)),
    Column("preference", String(80)),
    Column("decision", String(20), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("until", String(10)),
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("request_id", String(36), nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice
)
ASKED = select(literal(1).label("one")).subquery()
NAME = bindparam("name", type_=String)
SINCE = select(OPT_OUT.c.since).where(OPT_OUT.c.pseudonym == NAME).scalar_subquery().label("closed_since")
SOME_TOLD = select(func.count()).where(TOLD_FACT.c.pseudonym == NAME).scalar_subquery().label("some_told")
SOME_WORDS = select(func.count()).where(OWN_WORDS.c.pseudonym == NAME).scalar_subquery().label("some_words")
ABOUT = (  # a row for each choice, one at least: with since when a person is closed, and whether more was told
    select(CHOICE, SINCE, SOME_TOLD, SOME_WORDS)
    .select_from(ASKED.outerjoin(CHOICE, CHOICE.c.pseudonym == NAME))
    .order_by(CHOICE.c.seq)
)


class ChoicesUnavailableError(Exception):
    """What people chose cannot be read, or not be written down: no answer may leave."""


@contextmanager
def _told_of() -> Iterator[None]:
    """Let what fails in reading or writing, or a row that is none, be said to be unavailable, and nothing of it."""
    try:
        yield
    except (SQLAlchemyError, ValueError) as error:
        raise ChoicesUnavailableError(type(error).__name__) from None


@dataclass(frozen=True)
class Said:
    """A choice, and who wrote it down."""

    choice: Choice
    user: str = field(repr=False)
    role: str

    def told(self) -> Chosen:
        """Return it as it is answered."""
        choice = self.choice
        return Chosen(
            offer=choice.offer,
            preference=choice.preference,
            decision=choice.decision,
            reason=choice.reason,
            until=None if choice.until is None else choice.until.isoformat(),
            said_on=choice.said_on.isoformat(timespec="milliseconds"),
            user=self.user,
            role=self.role,
        )


@dataclass(frozen=True)
class About:
    """What a person has said that holds today: no to look-ups, what they chose, what was told of them, own words."""

    blocked: bool
    choices: tuple[Said, ...] = field(repr=False)
    facts: tuple[ToldFact, ...] = field(default=(), repr=False)
    words: tuple[Spoken, ...] = field(default=(), repr=False)


class Choices:
    """The table, open for reading and for writing more."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit, self._engine = audit, audit.engine
        try:
            self.probe()
        except ChoicesUnavailableError:
            raise NotPermittedError(
                "the choices people make cannot be kept: let the service write its database"
            ) from None

    def in_force(self, pseudonym: str) -> tuple[Said, ...]:
        """Return what holds today of what a person chose; raises ChoicesUnavailableError."""
        return self.about(pseudonym).choices

    def about(self, pseudonym: str) -> About:
        """Return what holds today of what a person said; raises ChoicesUnavailableError."""
        with _told_of(), self._engine.connect() as connection:
            rows = connection.execute(ABOUT, {"name": pseudonym}).mappings().all()
            told = [row for row in rows if row["seq"] is not None]
            facts = facts_of(connection, pseudonym, today()) if rows[0]["some_told"] else ()
            words = words_of_person(connection, pseudonym) if rows[0]["some_words"] else ()
            return About(rows[0]["closed_since"] is not None, _holding(told, today()), facts, words)

    def ended(self, pseudonym: str, today: date) -> tuple[Choice, ...]:
        """Return the person's last words on offers that held until a day which has come."""
        with _told_of(), self._engine.connect() as connection:
            said = [choice_of(dict(row)) for row in _rows(connection, pseudonym)]
        last = {one.offer: one for one in said if one.offer is not None}
        return tuple(one for one in last.values() if one.until is not None and one.until <= today)

    def add(self, entry: Entry, pseudonym: str, asked: ChoiceRequest) -> tuple[Said, ...]:
        """Write a choice with its row in the audit log, and return what is in force when both are committed.

        Raises ChoicesUnavailableError when they are not.
        """
        moment = now()
        told = asked.model_dump(mode="json", include={"offer", "preference", "decision", "reason", "until"})
        row = {**entry.said(moment, pseudonym), **told}

        def written(connection: Connection) -> tuple[Said, ...]:
            connection.execute(insert(CHOICE).values(row))
            return _in_force(connection, pseudonym, moment.date())

        with _told_of():
            return self._audit.write([entry], written) or ()

    def tell(self, entry: Entry, pseudonym: str, asked: FactRequest) -> tuple[ToldFact, ...]:
        """Write a fact that was told, with its row in the audit log, and return what was told and holds.

        Raises ChoicesUnavailableError when they are not committed.
        """
        with _told_of():
            return add_fact(self._audit, entry, pseudonym, asked, now())

    def speak(self, entry: Entry, pseudonym: str, asked: WordsRequest) -> tuple[Spoken, ...]:
        """Write a strength or goal, with its row in the audit log, and return those that hold.

        Raises ChoicesUnavailableError when they are not committed.
        """
        with _told_of():
            return add_words(self._audit, entry, pseudonym, asked, now())

    def probe(self) -> None:
        """Return when choices can be read; raises ChoicesUnavailableError otherwise."""
        self.in_force("")


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the day in UTC, which is never ahead of the Danish one: no offer comes before its date."""
    return now().date()


def _in_force(connection: Connection, pseudonym: str, today: date) -> tuple[Said, ...]:
    return _holding(_rows(connection, pseudonym), today)


def _rows(connection: Connection, pseudonym: str) -> Sequence[Mapping[Any, Any]]:
    """Return all that a person chose, in the order they said it."""
    query = select(CHOICE).where(CHOICE.c.pseudonym == pseudonym).order_by(CHOICE.c.seq)
    return connection.execute(query).mappings().all()


def _holding(rows: Sequence[Mapping[Any, Any]], today: date) -> tuple[Said, ...]:
    """Return what of these, in the order they were said, holds today."""
    if not rows:
        return ()
    said = [Said(choice_of(dict(row)), row["user"], row["role"]) for row in rows]
    holding = {id(choice) for choice in in_force([one.choice for one in said], today)}
    return tuple(one for one in said if id(one.choice) in holding)


def chosen(said: Sequence[Said]) -> tuple[Choice, ...]:
    """Return the choices alone."""
    return tuple(one.choice for one in said)
