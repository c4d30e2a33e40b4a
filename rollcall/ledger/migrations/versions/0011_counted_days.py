"""What the tries of days that are over came to, so that no page has to count them."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table; days are counted when somebody first asks for them."""
    op.create_table(
        "counted_days",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("counted_at", UtcDateTime, nullable=False),
        sa.Column("sums", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_counted_days"),
    )


def downgrade() -> None:
    """Drop it; nothing is lost that cannot be counted again."""
    op.drop_table("counted_days")
