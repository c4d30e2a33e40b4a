"""Conversations as administrators list and read them: counts, posts, and their messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
)

from rollcall.domain.chats import ANSWERS, Answer, AnswerVia
from rollcall.domain.needs import NEEDS, Need
from rollcall.domain.reach import REACHED
from rollcall.ledger.chat_tables import Chat, ChatMember, ChatPost
from rollcall.ledger.chats import ChatRecord, chat_from
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, record_from
from rollcall.ledger.tables import AudienceMember, Delivery, Message, UtcDateTime

AnswerCounts = dict[Answer, int]
"""Members by what they have answered; every answer is in it."""

ListMark = tuple[datetime, str]
"""The row after which a page begins: its moment, and its id."""


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """One conversation of a list, with how many of its members answered what."""

    chat: ChatRecord
    answers: AnswerCounts = field(default_factory=dict)

    @property
    def member_count(self) -> int:
        """Return how many members it has."""
        return sum(self.answers.values())


@dataclass(frozen=True, slots=True)
class PostRecord:
    """One post; without a `person_id` an administrator wrote it."""

    post_id: str
    person_id: str | None
    name: str | None
    text: str
    translations: dict[str, str]
    via: AnswerVia
    written_at: datetime


def list_chats(
    ledger: Ledger, *, archived: bool = False, limit: int = 50, after: ListMark | None = None
) -> list[ChatEntry]:
    """Return the latest conversations that go on, or that are archived, newest first.

    One whose first message was refused never had a member, and is in neither list.

    Args:
        ledger: Where they are.
        archived: Those that are archived, instead of those that go on.
        limit: How many at most.
        after: The mark of the last one of the page before; None: the first page.
    """
    is_archived = Chat.archived_at.is_not(None)
    query = (
        select(Chat.__table__)
        .join(Message, Message.message_id == Chat.message_id)
        .where(is_archived if archived else not_(is_archived), Message.state != "refused")
        .order_by(Chat.opened_at.desc(), Chat.chat_id)
        .limit(limit)
    )
    if after is not None:
        is_as_old = and_(Chat.opened_at == after[0], Chat.chat_id > after[1])
        query = query.where(or_(Chat.opened_at < after[0], is_as_old))
    with ledger.read() as connection:
        chats = [chat_from(row) for row in connection.execute(query)]
        counts = _count_answers(connection, [one.chat_id for one in chats])
    return [ChatEntry(one, counts[one.chat_id]) for one in chats]


def count_answers(ledger: Ledger, chat_id: str) -> AnswerCounts:
    """Count the members of a conversation by what they have answered."""
    with ledger.read() as connection:
        return _count_answers(connection, [chat_id])[chat_id]


def count_needs(ledger: Ledger, chat: ChatRecord) -> dict[Need, int]:
    """Count the members of a conversation by what they need, as `members` sorts them."""
    return split_needs(count_answers(ledger, chat.chat_id), count_unreached(ledger, chat))


def count_unreached(ledger: Ledger, chat: ChatRecord) -> int:
    """Count the members who have not answered and for whom no route took anything over."""
    unreached = select(func.count()).where(
        ChatMember.chat_id == chat.chat_id, ChatMember.answer == "none", not_(is_reached(chat))
    )
    with ledger.read() as connection:
        return connection.execute(unreached).scalar_one()


def split_needs(answers: AnswerCounts, unreached_count: int) -> dict[Need, int]:
    """Return how many need what: of those without an answer, so many were not reached.

    The two may have been counted at different moments: what they amount to is never negative.
    """
    counts: dict[Need, int] = dict.fromkeys(NEEDS, 0)
    counts["needs_help"], counts["ok"] = answers["needs_help"], answers["ok"]
    counts["not_reached"] = min(unreached_count, answers["none"])
    counts["silent"] = answers["none"] - counts["not_reached"]
    return counts


def is_reached(chat: ChatRecord) -> ColumnElement[bool]:
    """Tell, in a query of members, whether a route took something over that leads to the chat.

    Its invitation, or one of the messages that carry its links too: a retry, a notice, a reminder.
    """
    with_its_links = select(Message.message_id).where(Message.chat_id == chat.chat_id)
    return exists().where(
        Delivery.message_id.in_(with_its_links),
        Delivery.person_id == ChatMember.person_id,
        Delivery.status.in_(REACHED),
    )


def read_posts(ledger: Ledger, chat: ChatRecord) -> list[PostRecord]:
    """Return all posts of a conversation, oldest first, with the names of members who wrote."""
    query = _select_posts().where(ChatPost.chat_id == chat.chat_id)
    with ledger.read() as connection:
        rows = connection.execute(query.order_by(ChatPost.written_at, ChatPost.post_id))
        return [PostRecord(**row._asdict()) for row in rows]


def read_latest_posts(
    ledger: Ledger, chat: ChatRecord, limit: int, after: ListMark | None = None
) -> list[PostRecord]:
    """Return a page of the posts of a conversation, newest first.

    Args:
        ledger: Where they are.
        chat: The conversation.
        limit: How many at most.
        after: The mark of the last one of the page before; None: the first page.
    """
    query = (
        _select_posts()
        .where(ChatPost.chat_id == chat.chat_id)
        .order_by(ChatPost.written_at.desc(), ChatPost.post_id.desc())
        .limit(limit)
    )
    if after is not None:
        mark = tuple_(ChatPost.written_at, ChatPost.post_id)
        query = query.where(mark < tuple_(literal(after[0], UtcDateTime()), literal(after[1])))
    with ledger.read() as connection:
        return [PostRecord(**row._asdict()) for row in connection.execute(query)]


def load_post(ledger: Ledger, post_id: str) -> PostRecord:
    """Return one post that is known to be there."""
    with ledger.read() as connection:
        row = connection.execute(_select_posts().where(ChatPost.post_id == post_id)).one()
        return PostRecord(**row._asdict())


def _select_posts() -> Select[Any]:
    return (
        select(
            ChatPost.post_id,
            ChatPost.person_id,
            AudienceMember.name,
            ChatPost.text,
            ChatPost.translations,
            ChatPost.via,
            ChatPost.written_at,
        )
        .join(Chat, Chat.chat_id == ChatPost.chat_id)
        .outerjoin(
            AudienceMember,
            (AudienceMember.message_id == Chat.message_id)
            & (AudienceMember.person_id == ChatPost.person_id),
        )
    )


def list_chat_messages(ledger: Ledger, chat_id: str) -> list[MessageRecord]:
    """Return all messages whose links lead to a conversation, the one that opened it first."""
    query = (
        select(Message.__table__)
        .where(Message.chat_id == chat_id)
        .order_by(Message.accepted_at, Message.message_id)
    )
    with ledger.read() as connection:
        return [record_from(row) for row in connection.execute(query)]


def _count_answers(connection: Connection, chat_ids: Sequence[str]) -> dict[str, AnswerCounts]:
    query = (
        select(ChatMember.chat_id, ChatMember.answer, func.count())
        .where(ChatMember.chat_id.in_(chat_ids))
        .group_by(ChatMember.chat_id, ChatMember.answer)
    )
    counts: dict[str, AnswerCounts] = {one: dict.fromkeys(ANSWERS, 0) for one in chat_ids}
    for chat_id, answer, count in connection.execute(query):
        counts[chat_id][answer] = count
    return counts
