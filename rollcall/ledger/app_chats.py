"""The chats of a person, as the app lists them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from rollcall.domain.chats import Answer
from rollcall.ledger.chat_tables import Chat, ChatMember
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import Content, Delivery

MOST_LISTED: Final = 50
"""Chats that the app shows, the newest."""


@dataclass(frozen=True, slots=True)
class OwnChat:
    """One chat of a person.

    Attributes:
        chat_id: Which.
        title: As its invitation is headed, in their language.
        opened_at: When it began.
        is_awaited: Whether they were asked if they are OK, and have not answered.
        answer: What they have answered.
    """

    chat_id: str
    title: str
    opened_at: datetime
    is_awaited: bool
    answer: Answer


def list_own_chats(ledger: Ledger, person_id: str, now: datetime) -> list[OwnChat]:
    """Return the chats that a person can open now, the newest first."""
    heading = (
        select(func.min(Content.subject))
        .join(Delivery, Delivery.content_digest == Content.content_digest)
        .where(
            Content.message_id == ChatMember.message_id,
            Delivery.message_id == ChatMember.message_id,
            Delivery.person_id == ChatMember.person_id,
        )
        .scalar_subquery()
    )
    query = (
        select(
            Chat.chat_id,
            func.coalesce(heading, Chat.title).label("title"),
            Chat.opened_at,
            Chat.ok_request,
            ChatMember.answer,
        )
        .join(Chat, Chat.chat_id == ChatMember.chat_id)
        .where(
            ChatMember.person_id == person_id,
            Chat.archived_at.is_(None),
            Chat.links_expire_at > now,
        )
        .order_by(Chat.opened_at.desc(), Chat.chat_id)
        .limit(MOST_LISTED)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return [
        OwnChat(
            one.chat_id,
            one.title,
            one.opened_at,
            bool(one.ok_request) and one.answer == "none",
            one.answer,
        )
        for one in rows
    ]


def find_membership(
    ledger: Ledger, token_digest: str, now: datetime
) -> tuple[str, datetime] | None:
    """Return who a personal link of a chat belongs to, and when the chat was opened.

    None where nobody can open anything with it any more.
    """
    query = (
        select(ChatMember.person_id, Chat.opened_at)
        .join(Chat, Chat.chat_id == ChatMember.chat_id)
        .where(
            ChatMember.token_digest == token_digest,
            Chat.archived_at.is_(None),
            Chat.links_expire_at > now,
        )
    )
    with ledger.read() as connection:
        row = connection.execute(query).one_or_none()
    return (row.person_id, row.opened_at) if row else None
