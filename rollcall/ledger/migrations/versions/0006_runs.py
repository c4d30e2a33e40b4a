"""Who works on a message, under a lease, and which dispatchers there are."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables; what is under way is found without a run and gone on with."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("flow_run_id", sa.Text),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("end", sa.Text),
        sa.Column("told_at", UtcDateTime),
        sa.Column("lets_rest", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_message_id", "runs", ["message_id"])
    is_held = sa.text("lease_until IS NOT NULL")
    op.create_index(
        "ix_runs_lease_until",
        "runs",
        ["lease_until"],
        sqlite_where=is_held,
        postgresql_where=is_held,
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_messages_open",
        "messages",
        ["accepted_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "dispatchers",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("prefect", sa.Text),
        sa.PrimaryKeyConstraint("owner", name="pk_dispatchers"),
    )


def downgrade() -> None:
    """Drop the tables: nothing of a message is in them."""
    op.drop_table("dispatchers")
    op.drop_index("ix_messages_open", "messages")
    op.drop_table("runs")
