"""Handles of people, for the addresses of pages."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "handle",
        sa.Column("handle", sa.String(32), primary_key=True),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("sealed", sa.String(600), nullable=False),
        sa.Column("expires", sa.String(32), nullable=False),
    )
    op.create_index("handle_caller", "handle", ["caller", "pseudonym"])
    op.create_index("ix_handle_pseudonym", "handle", ["pseudonym"])
    op.create_index("ix_handle_expires", "handle", ["expires"])


def downgrade() -> None:
    """Refuse, as every step does."""
    raise NotImplementedError("what was written down is not taken back")
