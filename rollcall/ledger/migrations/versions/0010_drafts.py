"""Drafts: messages and chats that somebody writes at the dashboards and has not sent yet."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add them; nobody has any."""
    op.create_table(
        "drafts",
        sa.Column("draft_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("template", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("draft_id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_owner", "drafts", ["owner", "changed_at"])
    op.create_index("ix_drafts_changed_at", "drafts", ["changed_at"])


def downgrade() -> None:
    """Drop them: what was not sent is lost."""
    op.drop_table("drafts")
