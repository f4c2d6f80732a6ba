"""Returns whether a card is known, and writes down what became of it: every answer is kept, the same one once.

That a suggestion was taken is the clinician's doing; it is no choice of the person's and is never counted as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Column, String, Table, UniqueConstraint, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from service.audit import AUDIT, METADATA, NUMBER, AuditLog, AuditUnavailableError, Entry
from service.cds_hooks.cards import suggestion_id
from service.cds_hooks.shapes import CardFeedback
from service.choice_shapes import looks_like_a_person
from service.replay import INSERT

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601
    Column("issuer", String(200), nullable=False),
    Column("card", String(36), nullable=False),  # the request id of the answer it was in
    Column("pseudonym", String(64), index=True),
    Column("outcome", String(20), nullable=False),
    Column("offer", String(80), nullable=False),  # of a suggestion that was taken; "" where none was
    Column("reason", String(80)),
    Column("comment", String(300)),
    Column("happened", String(40), nullable=False),
    UniqueConstraint("card", "outcome", "offer", "happened"),
    sqlite_autoincrement=True,
)
HELD_BACK = "(held back: it looked like a person's identifier)"
LONGEST = 300  # characters of a comment that are kept


class Feedback:
    """The table, open for writing more."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def whose(self, issuer: str, card: str) -> str | None:
        """Return the pseudonym that a card of ours was about, shown to this client; None for an unknown card."""
        query = select(AUDIT.c.pseudonym).where(
            AUDIT.c.request_id == card, AUDIT.c.action == "hook", AUDIT.c.outcome == "found", AUDIT.c.issuer == issuer
        )
        try:
            with self._audit.engine.connect() as connection:
                return connection.execute(query).scalars().first()
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None

    def add(self, entry: Entry, issuer: str, told: CardFeedback, offers: Sequence[str]) -> None:
        """Write down what became of a card, with its row in the audit log; raises AuditUnavailableError."""
        rows = _rows(issuer, entry.pseudonym, told, offers)

        def written(connection: Connection) -> None:
            once = INSERT[connection.dialect.name]
            for row in rows:
                connection.execute(once(FEEDBACK).values(row).on_conflict_do_nothing())

        try:
            self._audit.write([entry], written)
        except SQLAlchemyError as error:
            raise AuditUnavailableError(type(error).__name__) from None


def _rows(issuer: str, name: str | None, told: CardFeedback, offers: Sequence[str]) -> list[dict[str, str | None]]:
    of = {str(suggestion_id(told.card, offer)): offer for offer in offers}
    taken = [of.get(str(one.id), "unknown") for one in told.accepted_suggestions] or [""]
    why = told.override_reason
    comment = None if why is None or not why.user_comment else " ".join(why.user_comment.split())[:LONGEST]
    return [
        {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "issuer": issuer,
            "card": str(told.card),
            "pseudonym": name,
            "outcome": told.outcome,
            "offer": offer,
            "reason": _kept(None if why is None or why.reason is None else why.reason.code),
            "comment": _kept(comment),
            "happened": told.outcome_timestamp.astimezone(UTC).isoformat(),
        }
        for offer in dict.fromkeys(taken)
    ]


def _kept(text: str | None) -> str | None:
    """Return what a client wrote, as a database can hold it, or in its place that it was held back."""
    if text is None:
        return None
    told = "".join(sign for sign in text if sign.isprintable())
    return HELD_BACK if looks_like_a_person(told) else told
