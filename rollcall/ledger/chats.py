"""Conversations in the ledger: opened with their message, joined by its audience, archived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from rollcall.clock import format_instant
from rollcall.domain.audience import Recipient
from rollcall.domain.chats import ChatKind, Reminder, chat_id_of
from rollcall.domain.message import MessageRequest
from rollcall.domain.needs import measure_distances_km
from rollcall.domain.personal_links import derive_token, digest_token
from rollcall.errors import InputError
from rollcall.ledger.chat_tables import Chat, ChatMember, ChatPost
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import insert_listed, write_list, write_moment
from rollcall.ledger.tables import Message

_MEMBER_COLUMNS: Final = (
    "chat_id", "person_id", "message_id", "token_digest", "reply_digest", "phone", "answer",
    "chase_count", "next_chase_at", "version", "distance_km",
)  # fmt: skip
_INSERT_MEMBERS = insert_listed(ChatMember, "members", *_MEMBER_COLUMNS)


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """One conversation, as its row says."""

    chat_id: str
    message_id: str
    kind: ChatKind
    title: str
    language: str | None
    ok_request: bool
    members_see_replies: bool
    near_latitude: float | None
    near_longitude: float | None
    ladder: list[dict[str, Any]]
    opened_at: datetime
    links_expire_at: datetime
    archived_at: datetime | None
    version: int

    @property
    def reminders(self) -> tuple[Reminder, ...]:
        """Return the ladder of reminders."""
        return tuple(map(Reminder.model_validate, self.ladder))


def insert_chat(
    connection: Connection, message_id: str, request: MessageRequest, link_days: int, now: datetime
) -> None:
    """Record the conversation that a message opens, in the transaction that accepts it.

    The first post of a chat is the message's text, in all its languages; a one-way message has no
    posts: its page shows what it said.
    """
    terms, content = request.chat, request.content
    chat_id = chat_id_of(message_id)
    row = {
        "chat_id": chat_id,
        "message_id": message_id,
        "kind": "chat" if terms else "one_way",
        "title": content.subject,
        "language": content.language,
        "ok_request": request.options.ok_request,
        "members_see_replies": bool(terms and terms.members_see_replies),
        "near_latitude": terms.near.latitude if terms and terms.near else None,
        "near_longitude": terms.near.longitude if terms and terms.near else None,
        "ladder": [one.model_dump(mode="json") for one in terms.ladder] if terms else [],
        "opened_at": now,
        "links_expire_at": now + timedelta(days=terms.link_days if terms else link_days),
        "version": 1,
    }
    connection.execute(insert(Chat).values(row))
    first = {
        "post_id": f"{chat_id}-first",
        "chat_id": chat_id,
        "text": content.text,
        "translations": {tag: one.text for tag, one in content.translations.items()},
        "via": "administrator",
        "written_at": now,
    }
    connection.execute(insert(ChatPost).values(first))


def load_open_chat(ledger: Ledger, chat_id: str) -> ChatRecord:
    """Return one conversation that goes on.

    Raises:
        InputError: It is archived, or there is none of this id.
    """
    chat = load_chat(ledger, chat_id)
    _require_unarchived(chat)
    return chat


def lock_open_chat(connection: Connection, chat_id: str) -> None:
    """Make sure that a conversation is not archived, and will not be before the transaction ends.

    Raises:
        InputError: It is archived, or there is none of this id.
    """
    _require_unarchived(load_chat_in(connection, chat_id, for_update=True))


def _require_unarchived(chat: ChatRecord) -> None:
    if chat.archived_at is not None:
        archived_at = format_instant(chat.archived_at.replace(microsecond=0))
        raise InputError(
            f"chat {chat.chat_id} was archived at {archived_at}: it takes nothing more"
        )


def enrol_people(
    connection: Connection, message_id: str, recipients: Iterable[Recipient], key: bytes | None
) -> None:
    """Make recipients of a message members of its conversation.

    Before anything is sent to them: a link must lead somewhere when it arrives. Of one that was
    archived meanwhile they get no links.

    Args:
        connection: The transaction that records them.
        message_id: A message that opens a conversation.
        recipients: Who they are; nobody a second time.
        key: What tokens are derived from; only their digests are stored. None: they get no links.
    """
    chat = load_chat_in(connection, chat_id_of(message_id), for_update=True)
    people = list(recipients)
    rows = (
        (*_member_row(chat, one.person_id, one.phone, key), distance_km)
        for one, distance_km in zip(people, _measure(chat, people), strict=True)
    )
    connection.execute(_INSERT_MEMBERS, {"members": write_list(rows)})


def load_chat(ledger: Ledger, chat_id: str) -> ChatRecord:
    """Return one conversation.

    Raises:
        InputError: There is none of this id.
    """
    with ledger.read() as connection:
        return load_chat_in(connection, chat_id)


def load_chat_in(connection: Connection, chat_id: str, *, for_update: bool = False) -> ChatRecord:
    """Return one conversation, within a transaction; `for_update`: it stays so until its end.

    Raises:
        InputError: There is none of this id.
    """
    query = select(Chat.__table__).where(Chat.chat_id == chat_id)
    if for_update:
        query = query.with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(f"there is no chat {chat_id!r}")
    return chat_from(row)


def near_of(chat: ChatRecord) -> tuple[float, float] | None:
    """Return where it happened, if that is known."""
    if chat.near_latitude is None or chat.near_longitude is None:
        return None
    return chat.near_latitude, chat.near_longitude


def archive_chat(ledger: Ledger, chat_id: str, now: datetime) -> bool:
    """End a conversation for its members: links are dead, nobody is reminded; it stays readable.

    No try of any of its messages is begun from then on; what waits is taken out of the queue by
    `rollcall.sending.archiving`.

    Returns:
        Whether this call did; one that is archived stays as it is.

    Raises:
        InputError: There is none of this id.
    """
    with ledger.write() as connection:
        load_chat_in(connection, chat_id)
        # nothing of it may be begun with a dead link, even if this process dies right after
        unsent = update(Message).where(
            Message.chat_id == chat_id, Message.state.in_(("accepted", "sending"))
        )
        connection.execute(unsent.values(state="stopped", stopped_at=now, closed_at=now))
        members = (
            select(ChatMember.person_id)
            .where(ChatMember.chat_id == chat_id)
            .order_by(ChatMember.person_id)
        )
        connection.execute(members.with_for_update())  # as in `entry_rows`: before the chat
        open_chat = update(Chat).where(Chat.chat_id == chat_id, Chat.archived_at.is_(None))
        if connection.execute(open_chat.values(archived_at=now)).rowcount == 0:
            return False
        gone = {"token_digest": None, "reply_digest": None, "phone": None, "next_chase_at": None}
        connection.execute(update(ChatMember).where(ChatMember.chat_id == chat_id).values(gone))
        return True


def chat_from(row: Row[Any]) -> ChatRecord:
    """Make a record of a row with all columns of `chats`."""
    return ChatRecord(**row._asdict())


def _measure(chat: ChatRecord, people: Sequence[Recipient]) -> Sequence[float | None]:
    """Return how far people are from where it happened; None where nobody knows."""
    if (near := near_of(chat)) is None:
        return [None] * len(people)
    return measure_distances_km(
        [(one.position.latitude, one.position.longitude) for one in people], near
    )


def _member_row(
    chat: ChatRecord, person_id: str, phone: str | None, key: bytes | None
) -> tuple[Any, ...]:
    if chat.archived_at is not None or key is None:
        return (chat.chat_id, person_id, chat.message_id, None, None, phone, "none", 0, None, 1)
    reminders = chat.reminders if chat.ok_request else ()
    first_at = chat.opened_at + timedelta(minutes=reminders[0].after_min) if reminders else None
    return (
        chat.chat_id,
        person_id,
        chat.message_id,
        digest_token(derive_token(key, chat.chat_id, person_id)),
        digest_token(derive_token(key, chat.chat_id, person_id, "reply")),
        phone,
        "none",
        0,
        write_moment(first_at),
        1,
    )
