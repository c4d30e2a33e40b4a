"""Receipts, opt-outs, shares of rate limits; what routing, stopping and follow-ups need to know."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0003"
down_revision = "0002"


def _new_columns() -> list[tuple[str, list[sa.Column[Any]]]]:
    """Return fresh columns by table: a column belongs to the migration that it is used in."""
    return [
        (
            "messages",
            [
                sa.Column("stopped_at", UtcDateTime),
                sa.Column("follows_message_id", sa.Text),
                sa.Column("recipients_digest", sa.Text),
            ],
        ),
        (
            "deliveries",
            [
                sa.Column("country", sa.Text),
                sa.Column("is_canary", sa.Boolean, nullable=False, server_default=sa.false()),
                sa.Column("same_as", sa.Text),
                sa.Column("is_opted_out", sa.Boolean, nullable=False, server_default=sa.false()),
            ],
        ),
        (
            "attempts",
            [
                sa.Column("receipt_state", sa.Text),
                sa.Column("receipt_level", sa.Text),
                sa.Column("receipt_is_permanent", sa.Boolean),
                sa.Column("receipt_code", sa.Text),
            ],
        ),
    ]


def upgrade() -> None:
    """Add columns and tables; what was sent before awaits no receipts."""
    for table, columns in _new_columns():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_messages_recipients_digest", "messages", ["recipients_digest"])
    op.drop_index("ix_deliveries_queue", "deliveries")
    op.create_index(
        "ix_deliveries_queue",
        "deliveries",
        ["message_id", "channel", "attempt_count", "next_attempt_at", "delivery_id"],
        sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_same_as", "deliveries", ["same_as"])
    op.create_index("ix_attempts_provider_id", "attempts", ["provider_id", "route_id"])
    op.create_index("ix_attempts_finished_at", "attempts", ["route_id", "finished_at"])
    _create_receipts()
    op.create_table(
        "opt_outs",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("route_id", sa.Text),
        sa.Column("opted_out_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_opt_outs"),
    )
    op.create_table(
        "rate_shares",
        sa.Column("route_id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("route_id", "owner", name="pk_rate_shares"),
    )


def _create_receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("receipt_id", sa.Text, nullable=False),
        sa.Column("route_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("provider_id", sa.Text),
        sa.Column("attempt_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("is_permanent", sa.Boolean, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("occurred_at", UtcDateTime),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipts"),
    )
    op.create_index("ix_receipts_attempt_id", "receipts", ["attempt_id"])
    op.create_index("ix_receipts_received_at", "receipts", ["received_at"])
    op.create_index("ix_receipts_provider_id", "receipts", ["provider_id", "route_id"])


def downgrade() -> None:
    """Forget what this revision added."""
    for table in ("rate_shares", "opt_outs", "receipts"):
        op.drop_table(table)
    op.drop_index("ix_attempts_finished_at", "attempts")
    op.drop_index("ix_attempts_provider_id", "attempts")
    op.drop_index("ix_deliveries_same_as", "deliveries")
    op.drop_index("ix_deliveries_queue", "deliveries")
    op.drop_index("ix_messages_recipients_digest", "messages")
    for table, columns in reversed(_new_columns()):
        for column in columns:
            op.drop_column(table, column.name)
    op.create_index(
        "ix_deliveries_queue", "deliveries", ["message_id", "status", "next_attempt_at"]
    )
