"""What members answer and write, and what administrators post: facts, each counted once.

A member is locked while their answer is recorded, so that what stands in `chat_members` is their
latest one. Nothing is taken of a conversation that is archived; whether its links have expired is
asked by whoever follows a link, since an answer by text or email counts until the archive.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, or_, select, true, update

from rollcall.domain.chats import Answer, AnswerVia
from rollcall.ledger.chat_tables import Chat, ChatAnswer, ChatMember, ChatPost
from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.held_back import hold_back_reminders
from rollcall.ledger.reminders import find_next_chase

_BESIDE_THE_PAGE: Final = ("sms", "email")
"""The page of a one-way message has no field to write in; who texts or mails writes all the same,
and "help, room 12" must not lose its room."""

Recorded = Literal["recorded", "known", "closed"]
"""What became of an entry: recorded now, known from before, or refused: the conversation is
archived, takes no posts, or the person is no member."""


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """One answer of a member.

    Attributes:
        chat_id: In which conversation.
        person_id: Whose.
        answer: What they say; `none` takes an earlier one back.
        via: How it came.
        key: What makes a repeat the same answer: a nonce of the page, the provider's id of a text.
        said_at: When it was said, if that is not now: one that was kept while there was no line
            must not undo what was said since.
    """

    chat_id: str
    person_id: str
    answer: Answer
    via: AnswerVia
    key: str
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPost:
    """One post in a chat.

    Attributes:
        chat_id: In which.
        person_id: The member who wrote it; None: an administrator.
        text: Plain text, never empty.
        via: How it came.
        key: What makes a repeat the same post.
        translations: An administrator's text in other languages, by BCP 47 tag.
    """

    chat_id: str
    person_id: str | None
    text: str
    via: AnswerVia
    key: str
    translations: dict[str, str] = field(default_factory=dict)


Entry = NewAnswer | NewPost


def record_entries(ledger: Ledger, entries: Sequence[Entry], now: datetime) -> list[Recorded]:
    """Record entries in one transaction, in their order; safe to call twice.

    Returns:
        What became of each, in the same order.
    """
    with ledger.write() as connection:
        return [record_entry(connection, entry, now) for entry in entries]


def record_entry(connection: Connection, entry: Entry, now: datetime) -> Recorded:
    """Record one entry, within a transaction that writes."""
    if isinstance(entry, NewAnswer):
        return _record_answer(connection, entry, now)
    return _record_post(connection, entry, now)


def _record_answer(connection: Connection, new: NewAnswer, now: datetime) -> Recorded:
    if not _lock_member(connection, new.chat_id, new.person_id):
        return "closed"
    said_at = min(new.said_at or now, now)
    row = {
        "answer_id": entry_id(new),
        "chat_id": new.chat_id,
        "person_id": new.person_id,
        "answer": new.answer,
        "via": new.via,
        "answered_at": said_at,
    }
    if not insert_new(connection, ChatAnswer, "answer_id", [row]):
        return "known"
    is_silent = new.answer == "none"
    told = {
        "answer": new.answer,
        "answered_at": said_at,
        "answered_via": new.via,
        "next_chase_at": find_next_chase(connection, new.chat_id, now) if is_silent else None,
    }
    is_latest = or_(ChatMember.answered_at.is_(None), ChatMember.answered_at <= said_at)
    _change_member(connection, new.chat_id, new.person_id, told, is_latest)
    if not is_silent:
        hold_back_reminders(connection, new.chat_id, new.person_id)
    return "recorded"


def _record_post(connection: Connection, new: NewPost, now: datetime) -> Recorded:
    if new.person_id is not None and not _lock_member(connection, new.chat_id, new.person_id):
        return "closed"
    chat = _find_open_chat(connection, new.chat_id)
    if chat is None or (chat.kind == "one_way" and new.via not in _BESIDE_THE_PAGE):
        return "closed"
    row = {
        "post_id": entry_id(new),
        "chat_id": new.chat_id,
        "person_id": new.person_id,
        "text": new.text,
        "translations": new.translations,
        "via": new.via,
        "written_at": now,
    }
    if not insert_new(connection, ChatPost, "post_id", [row]):
        return "known"
    if new.person_id is not None:
        _change_member(connection, new.chat_id, new.person_id, {})
    if new.person_id is None or chat.members_see_replies:
        # a version that changed with every reply would tell members how many there are
        seen = update(Chat).where(Chat.chat_id == new.chat_id)
        connection.execute(seen.values(version=Chat.version + 1))
    return "recorded"


def entry_id(entry: Entry) -> str:
    """Return the same id for the same entry: a repeat finds it taken."""
    kind = "answer" if isinstance(entry, NewAnswer) else "post"
    parts = (entry.chat_id, entry.person_id or "", entry.key)
    return hashlib.sha256("\n".join((kind, *parts)).encode()).hexdigest()[:32]


def _lock_member(connection: Connection, chat_id: str, person_id: str) -> bool:
    """Tell whether somebody is a member of an open conversation; others wait to write of them."""
    query = (
        select(ChatMember.person_id)
        .join(Chat, Chat.chat_id == ChatMember.chat_id)
        .where(
            ChatMember.chat_id == chat_id,
            ChatMember.person_id == person_id,
            Chat.archived_at.is_(None),
        )
        .with_for_update(of=ChatMember)
    )
    return connection.execute(query).one_or_none() is not None


def _find_open_chat(connection: Connection, chat_id: str) -> Any:
    query = select(Chat.kind, Chat.members_see_replies).where(
        Chat.chat_id == chat_id, Chat.archived_at.is_(None)
    )
    return connection.execute(query).one_or_none()


def _change_member(
    connection: Connection,
    chat_id: str,
    person_id: str,
    told: dict[str, Any],
    only_if: ColumnElement[bool] | None = None,
) -> None:
    changed = update(ChatMember).where(
        ChatMember.chat_id == chat_id,
        ChatMember.person_id == person_id,
        true() if only_if is None else only_if,
    )
    connection.execute(changed.values(version=ChatMember.version + 1, **told))
