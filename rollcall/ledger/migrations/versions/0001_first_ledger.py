"""The first ledger: messages, audiences, contents, deliveries, attempts."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("uses_last_good", sa.Boolean, nullable=False),
        sa.Column("as_of", UtcDateTime, nullable=False),
        sa.Column("accepted_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("reason", sa.Text),
        sa.Column("source_version", sa.Text),
        sa.Column("audience_digest", sa.Text),
        sa.PrimaryKeyConstraint("message_id", name="pk_messages"),
        sa.UniqueConstraint("idempotency_key", name="uq_messages_idempotency_key"),
    )
    op.create_table(
        "audience_members",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("home_country", sa.Text),
        sa.Column("position", sa.JSON, nullable=False),
        sa.Column("via", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "person_id", name="pk_audience_members"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.message_id"], name="fk_audience_members_messages"
        ),
    )
    op.create_table(
        "contents",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text),
        sa.Column("segment_count", sa.Integer),
        sa.PrimaryKeyConstraint("message_id", "content_digest", name="pk_contents"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.message_id"], name="fk_contents_messages"
        ),
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("content_digest", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("attempt_count", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", UtcDateTime),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", UtcDateTime),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["message_id", "person_id"],
            ["audience_members.message_id", "audience_members.person_id"],
            name="fk_deliveries_audience_members",
        ),
        sa.UniqueConstraint(
            "message_id",
            "person_id",
            "channel",
            name="uq_deliveries_message_id_person_id_channel",
        ),
    )
    op.create_index(
        "ix_deliveries_queue", "deliveries", ["message_id", "status", "next_attempt_at"]
    )
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("delivery_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("route_id", sa.Text, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("provider_id", sa.Text),
        sa.Column("provider_code", sa.Text),
        sa.Column("retry_after_s", sa.Float),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_attempts"),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.delivery_id"], name="fk_attempts_deliveries"
        ),
        sa.UniqueConstraint("delivery_id", "number", name="uq_attempts_delivery_id_number"),
    )


def downgrade() -> None:
    """Drop all tables; everything that was sent is forgotten."""
    for table in ("attempts", "deliveries", "contents", "audience_members", "messages"):
        op.drop_table(table)
