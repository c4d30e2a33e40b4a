"""Legal holds, and when the personal data of a message was removed."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add them; nothing of before is held, or removed."""
    op.add_column("messages", sa.Column("erased_at", UtcDateTime))
    op.add_column("messages", sa.Column("erasure_ended_at", UtcDateTime))
    op.create_table(
        "legal_holds",
        sa.Column("held_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("held_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("held_id", name="pk_legal_holds"),
    )


def downgrade() -> None:
    """Drop them; what was removed stays removed."""
    op.drop_table("legal_holds")
    op.drop_column("messages", "erasure_ended_at")
    op.drop_column("messages", "erased_at")
