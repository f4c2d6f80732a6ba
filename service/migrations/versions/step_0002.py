"""Follow-up of targets by unit, the causes of cases, and what people answered.

Actions about targets from before were about the region.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_TARGETS: list[tuple[str, Any]] = [
    ("level", sa.String(20)), ("unit", sa.String(80)), ("owner_role", sa.String(40)), ("opened_because", sa.String(20)),
    ("goal", sa.Float()), ("baseline", sa.Float()), ("baseline_period", sa.String(10)),
    ("consent_to_name", sa.Boolean()),
]  # fmt: skip


def _seq() -> "sa.Column[int]":
    return sa.Column("seq", NUMBER, primary_key=True, autoincrement=True)


def _text(name: str, length: int, required: bool = True) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=not required)


def upgrade() -> None:
    """Add the columns and the tables."""
    for name, kind in OF_TARGETS:
        op.add_column("action", sa.Column(name, kind))
    op.execute(
        "UPDATE action SET level = 'region', unit = '', owner_role = 'region_quality_lead', opened_because = 'own_wish'"
        " WHERE target IS NOT NULL"
    )
    op.create_index("action_unit", "action", ["level", "unit"])
    op.create_table(
        "case_cause", _seq(), _text("at", 32), _text("target", 80), _text("level", 20), _text("unit", 80),
        _text("period", 10), _text("day", 10), _text("pseudonym", 64), _text("cause", 20), _text("text", 300),
        _text("issuer", 200), _text("user", 200), _text("role", 200), _text("request_id", 36),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("case_cause_unit", "case_cause", ["target", "level", "unit"])
    op.create_index("ix_case_cause_pseudonym", "case_cause", ["pseudonym"])
    op.create_table(
        "answer", _seq(), _text("said_on", 32), _text("pseudonym", 64), _text("question", 40),
        sa.Column("value", sa.Integer(), nullable=False), _text("at", 10), _text("user", 200), _text("role", 200),
        _text("request_id", 36), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_answer_pseudonym", "answer", ["pseudonym"])


def downgrade() -> None:
    """Refuse: what was written down is kept."""
    raise NotImplementedError("what was written down is not taken back")
