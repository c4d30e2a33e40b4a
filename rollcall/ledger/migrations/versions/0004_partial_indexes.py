"""Index only rows that have something to be found by: each other entry was written for nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_LEAN = (
    ("ix_deliveries_same_as", "deliveries", ["same_as"], "same_as"),
    ("ix_deliveries_followers", "deliveries", ["message_id"], "same_as"),
    ("ix_attempts_provider_id", "attempts", ["provider_id", "route_id"], "provider_id"),
    ("ix_attempts_finished_at", "attempts", ["route_id", "finished_at"], "finished_at"),
)
"""Name, table and columns of each index, and the column that its rows have."""

_NEW = "ix_deliveries_followers"


def upgrade() -> None:
    """Make the indexes anew, each for the rows that have what it finds."""
    for name, table, columns, present in _LEAN:
        if name != _NEW:
            op.drop_index(name, table)
        is_present = sa.text(f"{present} IS NOT NULL")
        op.create_index(name, table, columns, sqlite_where=is_present, postgresql_where=is_present)


def downgrade() -> None:
    """Index all rows again."""
    for name, table, columns, _ in _LEAN:
        op.drop_index(name, table)
        if name != _NEW:
            op.create_index(name, table, columns)
