"""What administrators did at the dashboards, and who is signed in to them."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add both; nobody is signed in, and of before nothing is known."""
    op.create_table(
        "audit_entries",
        sa.Column("entry_id", sa.Text, nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text),
        sa.Column("people_count", sa.Integer),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("entry_id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_begun_at", "audit_entries", ["begun_at", "entry_id"])
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor", "begun_at"])
    is_present = sa.text("subject_id IS NOT NULL")
    op.create_index(
        "ix_audit_entries_subject_id",
        "audit_entries",
        ["subject_id"],
        sqlite_where=is_present,
        postgresql_where=is_present,
    )
    op.create_table(
        "desk_sessions",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("people_limit", sa.Integer),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.PrimaryKeyConstraint("session_id", name="pk_desk_sessions"),
    )
    op.create_index("ix_desk_sessions_expires_at", "desk_sessions", ["expires_at"])


def downgrade() -> None:
    """Drop both; what was done stays done, and nobody is told by whom."""
    op.drop_table("desk_sessions")
    op.drop_table("audit_entries")
