"""The reason of an emergency, beside the handle of who was opened in it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("handle", sa.Column("emergency", sa.String(300), nullable=True))
    op.add_column("handle", sa.Column("emergency_until", sa.String(32), nullable=True))


def downgrade() -> None:
    """Refuse, as every step does."""
    raise NotImplementedError("what was written down is not taken back")
