"""The tables as they are; those of a database from before there were steps are filled up.

Such a database has the audit log, with or without the columns of the chain, and perhaps the choices.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _seq() -> "sa.Column[int]":
    return sa.Column("seq", NUMBER, primary_key=True, autoincrement=True)


def _text(name: str, length: int, required: bool = True) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=not required)


def upgrade() -> None:
    """Make what is not there."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    later: list[sa.Column[Any]] = [
        _text("chain", 32, False), sa.Column("nth", sa.Integer()), _text("digest", 64, False),
        _text("issuer", 200, False), _text("organisation", 200, False), _text("care_team", 200, False),
        _text("basis", 20, False), _text("reason", 300, False), _text("criterion", 300, False),
    ]  # fmt: skip
    if "audit" not in there:
        op.create_table(
            "audit", _seq(), _text("at", 32), _text("user", 200), _text("role", 200), _text("action", 40),
            _text("purpose", 20, False), _text("pseudonym", 64, False), _text("outcome", 20), _text("request_id", 36),
            _text("model_version", 200), *later, sqlite_autoincrement=True,
        )  # fmt: skip
    else:
        known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("audit")}
        for column in later:
            if column.name not in known:
                op.add_column("audit", column)
    if "choice" not in there:
        op.create_table(
            "choice", _seq(), _text("said_on", 32), _text("pseudonym", 64), _text("offer", 80, False),
            _text("preference", 80, False), _text("decision", 20), _text("reason", 300), _text("until", 10, False),
            _text("user", 200), _text("role", 200), _text("request_id", 36), sqlite_autoincrement=True,
        )  # fmt: skip
        op.create_index("ix_choice_pseudonym", "choice", ["pseudonym"])
    op.create_index("ix_audit_pseudonym", "audit", ["pseudonym"])
    op.create_table("opt_out", sa.Column("pseudonym", sa.String(64), primary_key=True), _text("since", 32))
    op.create_table(
        "action", _seq(), _text("at", 32), _text("action_id", 36), _text("pseudonym", 64, False),
        _text("sealed", 600, False), _text("issuer", 200), _text("organisation", 200, False),
        _text("care_team", 200, False), _text("offer", 80, False), _text("target", 80, False), _text("text", 300),
        _text("due", 10), _text("status", 20), _text("user", 200), _text("role", 200), _text("request_id", 36),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_action_action_id", "action", ["action_id"])
    op.create_index("action_team", "action", ["issuer", "care_team", "pseudonym"])
    op.create_index("ix_audit_request_id", "audit", ["request_id"])
    op.create_table(
        "feedback", _seq(), _text("at", 32), _text("issuer", 200), _text("card", 36), _text("pseudonym", 64, False),
        _text("outcome", 20), _text("offer", 80), _text("reason", 80, False), _text("comment", 300, False),
        _text("happened", 40), sa.UniqueConstraint("card", "outcome", "offer", "happened"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_feedback_pseudonym", "feedback", ["pseudonym"])
    op.create_table(
        "used_token", _text("issuer", 200), _text("jti", 200), sa.Column("expires", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti"),
    )  # fmt: skip


def downgrade() -> None:
    """Refuse: what was written down is kept."""
    raise NotImplementedError("the first step is not taken back")
