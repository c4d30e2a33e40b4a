"""Saved filters, templates, and which of them a message was made with."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the new tables; messages accepted before were made with none of it."""
    op.create_table(
        "saved_filters",
        sa.Column("saved_filter_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False),
        sa.Column("selection", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("last_used_at", UtcDateTime),
        sa.PrimaryKeyConstraint("saved_filter_id", name="pk_saved_filters"),
        sa.UniqueConstraint("folded_name", name="uq_saved_filters_folded_name"),
    )
    op.create_table(
        "templates",
        sa.Column("template_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("last_used_at", UtcDateTime),
        sa.PrimaryKeyConstraint("template_id", name="pk_templates"),
        sa.UniqueConstraint("kind", "folded_name", name="uq_templates_kind_folded_name"),
    )
    op.create_table(
        "message_filters",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("saved_filter_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("selection", sa.JSON, nullable=False),
        sa.Column("is_whole", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "saved_filter_id", name="pk_message_filters"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.message_id"], name="fk_message_filters_messages"
        ),
    )
    op.add_column("messages", sa.Column("template_id", sa.Text))
    op.add_column("messages", sa.Column("template_name", sa.Text))


def downgrade() -> None:
    """Drop them; saved filters and templates are forgotten, messages stay."""
    op.drop_column("messages", "template_name")
    op.drop_column("messages", "template_id")
    for table in ("message_filters", "templates", "saved_filters"):
        op.drop_table(table)
