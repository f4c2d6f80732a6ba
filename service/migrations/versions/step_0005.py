"""Strengths and goals in people's own words."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "own_words",
        sa.Column("seq", number, primary_key=True, autoincrement=True),
        sa.Column("said_on", sa.String(32), nullable=False),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("user", sa.String(200), nullable=False),
        sa.Column("role", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_own_words_pseudonym", "own_words", ["pseudonym"])


def downgrade() -> None:
    """Refuse, as every step does."""
    raise NotImplementedError("what was written down is not taken back")
