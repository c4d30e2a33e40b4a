"""Chats whose members are due to be reminded, and the rungs that were taken for them.

A rung is taken in one transaction: its messages are accepted, and those who were due move on to the
next. Of two that chase at once, or of one that died in between and came back, one takes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select, update

from rollcall.domain.chats import count_passed, find_rung_after
from rollcall.ledger.chat_tables import Chat, ChatMember
from rollcall.ledger.chats import ChatRecord, load_chat_in
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.messages import MessageRecord, NewMessage, accept_message_in
from rollcall.ledger.tables import AudienceMember, Message

SEND_WITHIN: Final = timedelta(days=6)
"""How long a message may be unfinished at the most: longer than any is tried."""


@dataclass(frozen=True, slots=True)
class DueChat:
    """A chat with members who are due.

    Attributes:
        chat: Which chat.
        taken_count: How many rungs of its ladder were taken before.
        passed_count: How many are to be taken when this is done. Members move on to the one after,
            whatever has fallen due meanwhile: that one is taken next.
    """

    chat: ChatRecord
    taken_count: int
    passed_count: int


class Silent(NamedTuple):
    """A member who has not answered."""

    person_id: str
    name: str


def list_due_chats(ledger: Ledger, now: datetime) -> list[DueChat]:
    """Return the chats that have members to be reminded, the oldest first.

    Of an invitation that was stopped nobody is reminded: whoever stopped it did not mean it.
    """
    with ledger.read() as connection:
        due = select(ChatMember.chat_id).where(ChatMember.next_chase_at <= now)
        query = (
            select(Chat.chat_id)
            .join(Message, Message.message_id == Chat.message_id)
            .where(Chat.chat_id.in_(due), Chat.archived_at.is_(None), Message.stopped_at.is_(None))
            .order_by(Chat.opened_at, Chat.chat_id)
        )
        return [_describe(connection, one, now) for one in connection.execute(query).scalars()]


def take_rungs(
    ledger: Ledger,
    due: DueChat,
    now: datetime,
    make: Callable[[Sequence[Silent]], Sequence[NewMessage]],
) -> list[MessageRecord]:
    """Accept the messages of a chat's rungs and move those who were due on to the next one.

    Args:
        ledger: Where to.
        due: The chat, as it was when its rungs were chosen.
        now: The present moment.
        make: Makes the messages from those who have not answered; it calls nothing that waits.

    Returns:
        The messages; none where nobody is silent any more, or somebody else took the rungs.
    """
    chat_id = due.chat.chat_id
    with ledger.write() as connection:
        ledger.serialise(connection, f"chase {chat_id}")
        if _describe(connection, chat_id, now).taken_count != due.taken_count:
            return []
        person_ids = _lock_due(connection, chat_id, now)
        if not person_ids:
            return []
        taken = [
            accept_message_in(connection, one, now)[0]
            for one in make(_read_silent(connection, due.chat))
        ]
        _advance(connection, due, person_ids)
        return taken


def list_unfinished(ledger: Ledger, key_prefix: str, now: datetime) -> list[str]:
    """Return the messages that were accepted under such keys and are not sent to the end yet."""
    query = (
        select(Message.message_id)
        .where(
            Message.state.in_(("accepted", "sending")),
            Message.accepted_at > now - SEND_WITHIN,
            Message.idempotency_key.startswith(key_prefix, autoescape=True),
        )
        .order_by(Message.accepted_at, Message.message_id)
    )
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def _describe(connection: Connection, chat_id: str, now: datetime) -> DueChat:
    chat = load_chat_in(connection, chat_id)
    most = select(func.max(ChatMember.chase_count)).where(ChatMember.chat_id == chat_id)
    taken_count = connection.execute(most).scalar() or 0
    return DueChat(chat, taken_count, count_passed(chat.reminders, chat.opened_at, now))


def _lock_due(connection: Connection, chat_id: str, now: datetime) -> list[str]:
    """Lock who is due and silent, but for those whose answer is being recorded.

    To wait for them while holding others would be a deadlock: answers come many in a transaction.
    """
    query = select(ChatMember.person_id).where(
        ChatMember.chat_id == chat_id, ChatMember.next_chase_at <= now, ChatMember.answer == "none"
    )  # an archive leaves nobody with a moment
    return list(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _read_silent(connection: Connection, chat: ChatRecord) -> list[Silent]:
    query = (
        select(ChatMember.person_id, AudienceMember.name)
        .join(
            AudienceMember,
            (AudienceMember.message_id == ChatMember.message_id)
            & (AudienceMember.person_id == ChatMember.person_id),
        )
        .where(ChatMember.chat_id == chat.chat_id, ChatMember.answer == "none")
        .order_by(AudienceMember.name, ChatMember.person_id)
    )
    return [Silent(*row) for row in connection.execute(query)]


def _advance(connection: Connection, due: DueChat, person_ids: Sequence[str]) -> None:
    chat = due.chat
    moved = update(ChatMember).where(
        ChatMember.chat_id == chat.chat_id, in_list(ChatMember.person_id, "ids")
    )
    values = {
        "chase_count": due.passed_count,
        "next_chase_at": find_rung_after(chat.reminders, chat.opened_at, due.passed_count),
    }
    connection.execute(moved.values(values), {"ids": write_list(person_ids)})
