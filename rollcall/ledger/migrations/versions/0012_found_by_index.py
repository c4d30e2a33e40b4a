"""What pages look for is found by index: members by their distance, and whom nothing reached."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from rollcall.domain.needs import measure_distances_km

_MISSED = sa.text("status IN ('not_delivered', 'unconfirmed', 'not_attempted', 'stopped')")

revision = "0012"
down_revision = "0011"

_CHATS = sa.table(
    "chats",
    *(sa.column(name) for name in ("chat_id", "message_id", "near_latitude", "near_longitude")),
)
_PEOPLE = sa.table(
    "audience_members",
    sa.column("message_id"),
    sa.column("person_id"),
    sa.column("position", sa.JSON),
)
_MEMBERS = sa.table(
    "chat_members", sa.column("chat_id"), sa.column("person_id"), sa.column("distance_km")
)


def upgrade() -> None:
    """Add the column, measure what is known, and let pages be found by it; index who was missed."""
    op.add_column("chat_members", sa.Column("distance_km", sa.Float))
    set_distance = (
        sa.update(_MEMBERS)
        .where(_MEMBERS.c.chat_id == sa.bindparam("chat"))
        .where(_MEMBERS.c.person_id == sa.bindparam("person"))
        .values(distance_km=sa.bindparam("distance"))
    )
    somewhere = sa.select(_CHATS).where(
        _CHATS.c.near_latitude.is_not(None), _CHATS.c.near_longitude.is_not(None)
    )
    for chat in op.get_bind().execute(somewhere).all():
        if measured := list(_measure(chat)):
            op.get_bind().execute(set_distance, measured)
    op.create_index(
        "ix_chat_members_need", "chat_members", ["chat_id", "answer", "distance_km", "person_id"]
    )
    op.create_index(
        "ix_deliveries_missed",
        "deliveries",
        ["message_id", "status", "person_id"],
        sqlite_where=_MISSED,
        postgresql_where=_MISSED,
    )


def _measure(chat: sa.Row[Any]) -> Iterator[dict[str, Any]]:
    """Yield who was how far from where it happened, of those of whom that is known."""
    query = sa.select(_PEOPLE.c.person_id, _PEOPLE.c.position).where(
        _PEOPLE.c.message_id == chat.message_id
    )
    people = op.get_bind().execute(query).all()
    places = [(position.get("latitude"), position.get("longitude")) for _, position in people]
    distances = measure_distances_km(places, (chat.near_latitude, chat.near_longitude))
    for (person_id, _), distance_km in zip(people, distances, strict=True):
        if distance_km is not None:
            yield {"chat": chat.chat_id, "person": person_id, "distance": distance_km}


def downgrade() -> None:
    """Drop both: they follow from other rows."""
    op.drop_index("ix_deliveries_missed", "deliveries")
    op.drop_index("ix_chat_members_need", "chat_members")
    op.drop_column("chat_members", "distance_km")
