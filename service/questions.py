"""Returns the three questions to people, in their words, and what they answered, written down.

Our own and no validated scale: asked when something was chosen, or 25 to 60 days later. The words are those of the
catalogue's targets of the same ids, which a test holds. Answers lie in a table beside the choices, one row each, never
changed; the last one to a question counts.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Column, Integer, String, Table, insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.audit import METADATA, NUMBER, AuditLog, Entry
from service.choices import ChoicesUnavailableError, now
from service.problem import FieldProblem, RefusedError
from service.schemas import Asked, Patient, Shape, Whole, Words

QuestionId = Literal["shared_decision", "felt_safe", "burden"]
When = Literal["choice", "later"]
ANSWER = Table(
    "answer",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("said_on", String(32), nullable=False),  # UTC, ISO 8601
    Column("pseudonym", String(64), nullable=False, index=True),
    Column("question", String(40), nullable=False),
    Column("value", Integer, nullable=False),
    Column("at", String(10), nullable=False),
    Column("user", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("request_id", String(36), nullable=False),
    sqlite_autoincrement=True,
)


class Question(Shape):
    """A statement that people say how far they agree with, from 1 to 5, and when they are asked."""

    id: QuestionId
    at: When
    words: Words
    least: Words = Words(da="1: slet ikke enig", en="1: do not agree at all")
    most: Words = Words(da="5: helt enig", en="5: agree entirely")


QUESTIONS = (
    Question(
        id="shared_decision",
        at="choice",
        words=Words(da="Vi valgte sammen, hvad der skal ske", en="We chose together what is to happen"),
    ),
    Question(
        id="felt_safe",
        at="later",
        words=Words(da="Jeg har været tryg ved det, vi valgte", en="I have felt safe with what we chose"),
    ),
    Question(
        id="burden",
        at="later",
        words=Words(da="Det, vi valgte, har været for meget", en="What we chose has been too much"),
    ),
)


class QuestionsAnswer(Shape):
    """The three questions. Nobody has to answer; who does not is unknown, which is neither yes nor no."""

    questions: list[Question]


class AnswerRequest(Asked):
    """What a person answered to one question, told by the clinician who asked."""

    patient: Patient
    purpose: Literal["TREAT"] = Field(description="the only purpose for which an answer is written down")
    question: QuestionId = Field(description="one of `GET /v1/questions`")
    value: Whole = Field(ge=1, le=5, description="from 1, do not agree at all, to 5, agree entirely")
    at: When = Field(description="when it was asked: when something was chosen, or 25 to 60 days later")


class AnswerWritten(Shape):
    """The answer as it was written down."""

    question: QuestionId
    value: int
    at: When
    said_on: str


def refuse_answer(asked: AnswerRequest) -> None:
    """Return when an answer can be written down; raises RefusedError for a question that is asked at another time."""
    (question,) = [one for one in QUESTIONS if one.id == asked.question]
    if asked.at != question.at:
        problem = f"this question is asked at another time: {question.at}"
        raise RefusedError([FieldProblem(pointer="/at", problem=problem)])


class Answers:
    """The table, open for writing more."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def add(self, entry: Entry, pseudonym: str, asked: AnswerRequest) -> AnswerWritten:
        """Write an answer with its row in the audit log; raises ChoicesUnavailableError when they are not committed."""
        told: dict[str, Any] = asked.model_dump(include={"question", "value", "at"})
        row = {**entry.said(now(), pseudonym), **told}

        def written(connection: Connection) -> None:
            connection.execute(insert(ANSWER).values(row))

        try:
            self._audit.write([entry], written)
        except SQLAlchemyError as error:
            raise ChoicesUnavailableError(type(error).__name__) from None
        return AnswerWritten(**told, said_on=row["said_on"])
