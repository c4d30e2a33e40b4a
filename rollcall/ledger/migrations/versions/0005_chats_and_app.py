"""Chats, answers, scheduled check-ins, and what the app reports."""

import sqlalchemy as sa
from alembic import op

from rollcall.ledger.tables import UtcDateTime

revision = "0005"
down_revision = "0004"

_LEAN = (
    ("ix_messages_chat_id", "messages", "chat_id", False),
    ("uq_chat_members_token", "chat_members", "token_digest", True),
    ("uq_chat_members_reply", "chat_members", "reply_digest", True),
    ("ix_chat_members_chase", "chat_members", "next_chase_at", False),
    ("ix_chat_members_phone", "chat_members", "phone", False),
    ("uq_app_devices_token", "app_devices", "token_digest", True),
)
"""Name, table, column of each index of the rows that have a value, and whether it is unique."""

_FULL = (
    ("ix_chats_opened_at", "chats", ["opened_at"]),
    ("ix_chat_members_person_id", "chat_members", ["person_id"]),
    ("ix_chat_answers_member", "chat_answers", ["chat_id", "person_id"]),
    ("ix_chat_posts_chat_id", "chat_posts", ["chat_id", "written_at"]),
    ("ix_chat_posts_person_id", "chat_posts", ["chat_id", "person_id", "written_at"]),
    ("ix_app_devices_person_id", "app_devices", ["person_id"]),
    ("ix_app_locations_person_id", "app_locations", ["person_id", "reported_at"]),
    ("ix_app_emergencies_person_id", "app_emergencies", ["person_id"]),
)

_TABLES = (
    "check_in_rounds", "check_ins", "chat_posts", "chat_answers", "chat_members", "chats",
    "taken_texts", "app_emergencies", "app_locations", "app_devices",
)  # fmt: skip
"""In the order in which they can be dropped."""


def upgrade() -> None:
    """Add the tables; no message of before belongs to a chat."""
    op.add_column("messages", sa.Column("chat_id", sa.Text))
    _create_chats()
    _create_entries()
    _create_check_ins()
    _create_app()
    for name, table, columns in _FULL:
        op.create_index(name, table, columns)
    for name, table, column, is_unique in _LEAN:
        present = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            name, table, [column], unique=is_unique, sqlite_where=present, postgresql_where=present
        )


def downgrade() -> None:
    """Drop the tables with everything in them."""
    op.drop_index("ix_messages_chat_id", "messages")
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("messages", "chat_id")


def _create_chats() -> None:
    op.create_table(
        "chats",
        sa.Column("chat_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("ok_request", sa.Boolean, nullable=False),
        sa.Column("members_see_replies", sa.Boolean, nullable=False),
        sa.Column("near_latitude", sa.Float),
        sa.Column("near_longitude", sa.Float),
        sa.Column("ladder", sa.JSON, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("links_expire_at", UtcDateTime, nullable=False),
        sa.Column("archived_at", UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_chats"),
        sa.UniqueConstraint("message_id", name="uq_chats_message_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.message_id"], name="fk_chats_messages"),
    )
    op.create_table(
        "chat_members",
        sa.Column("chat_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("token_digest", sa.Text),
        sa.Column("reply_digest", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("answered_via", sa.Text),
        sa.Column("chase_count", sa.Integer, nullable=False),
        sa.Column("next_chase_at", UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "person_id", name="pk_chat_members"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.chat_id"], name="fk_chat_members_chats"),
        sa.ForeignKeyConstraint(
            ["message_id", "person_id"],
            ["audience_members.message_id", "audience_members.person_id"],
            name="fk_chat_members_audience_members",
        ),
    )


def _create_entries() -> None:
    op.create_table(
        "chat_answers",
        sa.Column("answer_id", sa.Text, nullable=False),
        sa.Column("chat_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("answered_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("answer_id", name="pk_chat_answers"),
        sa.ForeignKeyConstraint(
            ["chat_id", "person_id"],
            ["chat_members.chat_id", "chat_members.person_id"],
            name="fk_chat_answers_chat_members",
        ),
    )
    op.create_table(
        "chat_posts",
        sa.Column("post_id", sa.Text, nullable=False),
        sa.Column("chat_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("translations", sa.JSON, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("post_id", name="pk_chat_posts"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.chat_id"], name="fk_chat_posts_chats"),
    )
    op.create_table(
        "taken_texts",
        sa.Column("text_id", sa.Text, nullable=False),
        sa.Column("taken_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("text_id", name="pk_taken_texts"),
    )


def _create_check_ins() -> None:
    op.create_table(
        "check_ins",
        sa.Column("check_in_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("asked_at", sa.Text, nullable=False),
        sa.Column("asked_on", sa.JSON, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("grace_min", sa.Integer, nullable=False),
        sa.Column("notify", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("looked_until_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.PrimaryKeyConstraint("check_in_id", name="pk_check_ins"),
        sa.UniqueConstraint("folded_name", name="uq_check_ins_folded_name"),
    )
    op.create_table(
        "check_in_rounds",
        sa.Column("check_in_id", sa.Text, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("closes_at", UtcDateTime, nullable=False),
        sa.Column("settled_at", UtcDateTime),
        sa.Column("missed", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("check_in_id", "due_at", "time_zone", name="pk_check_in_rounds"),
        sa.ForeignKeyConstraint(
            ["check_in_id"], ["check_ins.check_in_id"], name="fk_check_in_rounds_check_ins"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.message_id"], name="fk_check_in_rounds_messages"
        ),
    )


def _create_app() -> None:
    op.create_table(
        "app_devices",
        sa.Column("device_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("token_digest", sa.Text),
        sa.Column("push_endpoint", sa.Text),
        sa.Column("push_p256dh", sa.Text),
        sa.Column("push_auth", sa.Text),
        sa.Column("location_consent", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("enrolled_at", UtcDateTime, nullable=False),
        sa.Column("last_contact_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime),
        sa.PrimaryKeyConstraint("device_id", name="pk_app_devices"),
    )
    op.create_table(
        "app_locations",
        sa.Column("location_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("accuracy_m", sa.Float),
        sa.Column("reported_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("location_id", name="pk_app_locations"),
    )
    op.create_table(
        "app_emergencies",
        sa.Column("emergency_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.PrimaryKeyConstraint("emergency_id", name="pk_app_emergencies"),
    )
