"""Facts that were told of people, by themselves or by whoever knows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "told_fact",
        sa.Column("seq", number, primary_key=True, autoincrement=True),
        sa.Column("said_on", sa.String(32), nullable=False),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("fact", sa.String(80), nullable=False),
        sa.Column("value", sa.String(80)),
        sa.Column("user", sa.String(200), nullable=False),
        sa.Column("role", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_told_fact_pseudonym", "told_fact", ["pseudonym"])


def downgrade() -> None:
    """Refuse, as every step does."""
    raise NotImplementedError("what was written down is not taken back")
