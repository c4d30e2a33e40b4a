"""Audiences that are frozen and not recorded to the last recipient yet."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table; of before every audience is recorded, or not frozen yet."""
    op.create_table(
        "pending_audiences",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("people", sa.LargeBinary, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("channels", sa.JSON, nullable=False),
        sa.Column("people_count", sa.Integer, nullable=False),
        sa.Column("canary_count", sa.Integer, nullable=False),
        sa.Column("recorded_count", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_pending_audiences"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.message_id"],
            name="fk_pending_audiences_messages",
        ),
    )


def downgrade() -> None:
    """Drop it.

    A message in the middle of being recorded would lose the people in it: finish or stop it first.
    """
    op.drop_table("pending_audiences")
