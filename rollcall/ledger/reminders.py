"""What reminders of a chat know of its members: who needs none, and when the next one is due."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from rollcall.domain.chats import Reminder, find_next_rung
from rollcall.ledger.chat_tables import Chat, ChatMember
from rollcall.ledger.tables import Delivery, Message

REMINDER: Final = "chat_reminder"


def is_needless_reminder() -> ColumnElement[bool]:
    """Tell of a message and a delivery of it whether it would remind of what is settled.

    It is where the member has answered by now, or the chat is archived. A query that uses it names
    `messages` and `deliveries`; of messages that remind of nothing it looks up no member.
    """
    settled = (
        exists()
        .where(
            ChatMember.chat_id == Message.chat_id,
            ChatMember.person_id == Delivery.person_id,
            Chat.chat_id == ChatMember.chat_id,
            or_(ChatMember.answer != "none", Chat.archived_at.is_not(None)),
        )
        .correlate(Message, Delivery)  # by itself it would look at any delivery, two levels up
    )
    return and_(Message.kind == REMINDER, settled)


def find_next_chase(connection: Connection, chat_id: str, now: datetime) -> datetime | None:
    """Return when a member is reminded next who has taken their answer back."""
    query = select(Chat.opened_at, Chat.ladder).where(Chat.chat_id == chat_id, Chat.ok_request)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    ladder = tuple(map(Reminder.model_validate, row.ladder))
    return find_next_rung(ladder, row.opened_at, now)
