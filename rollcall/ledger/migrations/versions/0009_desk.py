"""What administrators did at the dashboards, who is signed in to them, and what they look at most.

The counters of deliveries are kept by triggers. A later revision that makes `deliveries` anew, as
SQLite needs for some changes, has to make them anew too.
"""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0009"
down_revision = "0008"

_SQLITE = """
CREATE TRIGGER {name} AFTER {event} ON deliveries {condition} BEGIN {what} END
"""
_SQLITE_ADD = """
INSERT INTO delivery_counts (message_id, channel, status, part, delivery_count)
VALUES ({row}.message_id, {row}.channel, {row}.status, 0, {change})
ON CONFLICT (message_id, channel, status, part)
DO UPDATE SET delivery_count = delivery_count + excluded.delivery_count;
"""

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION count_deliveries_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO delivery_counts (message_id, channel, status, part, delivery_count)
    SELECT message_id, channel, status, pg_backend_pid(), sum(change)
    FROM ({changes}) AS changes
    GROUP BY message_id, channel, status
    HAVING sum(change) <> 0
    ON CONFLICT (message_id, channel, status, part)
    DO UPDATE SET delivery_count = delivery_counts.delivery_count + excluded.delivery_count;
    RETURN NULL;
END $$
"""
_POSTGRESQL_TRIGGER = """
CREATE TRIGGER deliveries_{event} AFTER {event} ON deliveries REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION count_deliveries_{event}()
"""
_GONE = "SELECT message_id, channel, status, -1 AS change FROM old_rows"
_COME = "SELECT message_id, channel, status, 1 AS change FROM new_rows"
_POSTGRESQL = {
    "insert": (_COME, "NEW TABLE AS new_rows"),
    "update": (f"{_GONE} UNION ALL {_COME}", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    "delete": (_GONE, "OLD TABLE AS old_rows"),
}


def upgrade() -> None:
    """Add them; nobody is signed in, of what was done before nothing is known; count deliveries."""
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
    op.create_table(
        "delivery_counts",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("delivery_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "message_id", "channel", "status", "part", name="pk_delivery_counts"
        ),
    )
    op.execute(
        "INSERT INTO delivery_counts (message_id, channel, status, part, delivery_count) "
        "SELECT message_id, channel, status, 0, count(*) FROM deliveries "
        "GROUP BY message_id, channel, status"
    )
    for statement in _make_triggers():
        op.execute(statement)


def _make_triggers() -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        return [
            statement
            for event, (changes, tables) in _POSTGRESQL.items()
            for statement in (
                _POSTGRESQL_FUNCTION.format(event=event, changes=changes),
                _POSTGRESQL_TRIGGER.format(event=event, tables=tables),
            )
        ]
    come, gone = (_SQLITE_ADD.format(row=row, change=by) for row, by in (("new", 1), ("old", -1)))
    changed = "WHEN old.status <> new.status"
    return [
        _SQLITE.format(name="deliveries_insert", event="INSERT", condition="", what=come),
        _SQLITE.format(
            name="deliveries_update",
            event="UPDATE OF status",
            condition=changed,
            what=f"{gone}{come}",
        ),
        _SQLITE.format(name="deliveries_delete", event="DELETE", condition="", what=gone),
    ]


def downgrade() -> None:
    """Drop all; what was done stays done, and nobody is told by whom."""
    for event in _POSTGRESQL:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER deliveries_{event} ON deliveries")
            op.execute(f"DROP FUNCTION count_deliveries_{event}()")
        else:
            op.execute(f"DROP TRIGGER deliveries_{event}")
    op.drop_table("delivery_counts")
    op.drop_table("desk_sessions")
    op.drop_table("audit_entries")
