"""Returns a person's strengths and goals in their own words, and writes them down or takes them back.

A table beside the audit log, in the same database: one row each time, never changed; the last row of a text counts.
A text and its row in the audit log are committed together, or neither is; the log itself holds none of it. People stand
in it by pseudonym.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from sqlalchemy import Boolean, Column, String, Table, insert, select
from sqlalchemy.engine import Connection

from service.audit import METADATA, NUMBER, AuditLog, Entry
from service.choice_shapes import unfit_words
from service.problem import FieldProblem, RefusedError
from service.schemas import Asked, Patient, Shape
from stratify.care.plan_text import Told

LONGEST = 200  # letters of a text
MOST = 10  # of a kind that are told: the latest
OWN_WORDS = Table(
    "own_words",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("said_on", String(32), nullable=False),  # UTC, ISO 8601
    Column("pseudonym", String(64), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("text", String(LONGEST), nullable=False),
    Column("held", Boolean, nullable=False),  # false: taken back
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("request_id", String(36), nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice
)
Kind = Literal["goal", "strength"]


class WordsRequest(Asked):
    """What matters to a person, or what they can do themselves, in their own words."""

    patient: Patient
    purpose: Literal["TREAT"] = Field(description="the only purpose for which it is written down")
    kind: Kind = Field(description="a goal: what matters to them; a strength: what they can do themselves")
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, strip_whitespace=True)] = Field(
        description="in the person's own words, on one line; names nobody, no person number"
    )
    held: bool = Field(default=True, description="false takes the same text back")


class OwnWords(Shape):
    """A strength or goal as it was told, when, and who wrote it down."""

    kind: Kind
    text: str
    said_on: str
    user: str
    role: str


class WordsAnswer(Shape):
    """The person's strengths and goals that hold now."""

    words: list[OwnWords]


@dataclass(frozen=True)
class Spoken:
    """A person's own words, and who wrote them down."""

    kind: Kind
    text: str = field(repr=False)
    said_on: datetime
    user: str = field(repr=False)
    role: str

    def told(self) -> OwnWords:
        """Return it as it is answered."""
        moment = self.said_on.isoformat(timespec="milliseconds")
        return OwnWords(kind=self.kind, text=self.text, said_on=moment, user=self.user, role=self.role)


def refuse_words(asked: WordsRequest) -> None:
    """Return when a text can be written down; raises RefusedError, whose reason repeats none of it."""
    unfit = unfit_words(asked.text, (asked.patient.value, asked.patient.identifier))
    if unfit is not None:
        raise RefusedError([FieldProblem(pointer="/text", problem=unfit)])


def in_plan(spoken: Sequence[Spoken]) -> Told:
    """Return them for the shared plan; where no goal was told, what matters is written on it by hand."""
    goals, strengths = ([one.text for one in spoken if one.kind == kind] for kind in ("goal", "strength"))
    return Told(goals=goals or None, strengths=strengths)


def spoken_of(rows: Sequence[Mapping[Any, Any]]) -> tuple[Spoken, ...]:
    """Return of rows in the order they were written what holds, the latest of each kind. Raises ValueError."""
    last: dict[tuple[str, str], Mapping[Any, Any]] = {}
    for row in rows:
        last.pop((row["kind"], row["text"]), None)
        last[(row["kind"], row["text"])] = row
    held = [
        Spoken(row["kind"], row["text"], datetime.fromisoformat(row["said_on"]), row["user"], row["role"])
        for row in last.values()
        if row["held"]
    ]
    return tuple(one for kind in ("goal", "strength") for one in [one for one in held if one.kind == kind][-MOST:])


def words_of_person(connection: Connection, pseudonym: str) -> tuple[Spoken, ...]:
    """Return a person's own words that hold."""
    query = select(OWN_WORDS).where(OWN_WORDS.c.pseudonym == pseudonym).order_by(OWN_WORDS.c.seq)
    return spoken_of(connection.execute(query).mappings().all())


def add_words(
    audit: AuditLog, entry: Entry, pseudonym: str, asked: WordsRequest, moment: datetime
) -> tuple[Spoken, ...]:
    """Write a text with its row in the audit log, and return what holds when both are committed.

    Raises SQLAlchemyError when they are not.
    """
    row = {**entry.said(moment, pseudonym), **asked.model_dump(include={"kind", "text", "held"})}

    def written(connection: Connection) -> tuple[Spoken, ...]:
        connection.execute(insert(OWN_WORDS).values(row))
        return words_of_person(connection, pseudonym)

    return audit.write([entry], written) or ()
