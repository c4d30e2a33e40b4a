"""Messages that are over for so long that they lose their personal data, and that loss itself.

The mark on the message is committed first, together with what its request said: from then on it is
told as removed, nothing follows it, and it cannot be held any more. Then names, addresses,
positions, reasons and texts go, some hundred people in one transaction, so that nobody waits for
the ledger; at last the message is marked as done. Whoever dies in between has told no untruth, and
the next run goes on. Statuses, counts, tries and answers stay.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from rollcall.domain.chats import chat_id_of
from rollcall.domain.removal import REMOVED, remove_content
from rollcall.ledger.chat_tables import Chat, ChatAnswer, ChatMember, ChatPost, CheckInRound
from rollcall.ledger.compaction import owe_compaction
from rollcall.ledger.engine import Ledger
from rollcall.ledger.holds import is_held
from rollcall.ledger.pending import is_unrecorded
from rollcall.ledger.tables import Attempt, AudienceMember, Content, Delivery, Message

CHUNK_PEOPLE: Final = 500
"""People in one transaction: some tens of milliseconds in which a SQLite ledger is locked."""

CHUNK_TEXTS: Final = 500
"""Texts in one transaction."""

GIVE_WAY_S: Final = 0.005
"""Between two transactions: whoever sends at the moment gets the ledger first."""

NOWHERE: Final[dict[str, Any]] = {
    "country": None, "latitude": None, "longitude": None, "source": "none", "at": None,
}  # fmt: skip
"""A position that is not known any more."""

DONE_STATES: Final = ("sent", "stopped", "refused")

GONE_OF_MEMBER: Final[dict[str, Any]] = {
    "email": None, "phone": None, "language": None, "home_country": None, "position": NOWHERE,
    "via": [],
}  # fmt: skip
"""What becomes of a recipient beside the name."""


@dataclass(frozen=True, slots=True)
class MessageAges:
    """Before when messages and chats must be over to lose their data; None: they never do.

    A chat's messages go by its age alone, all others by their own.
    """

    messages_before: datetime | None
    chats_before: datetime | None


@dataclass(frozen=True, slots=True)
class DueCount:
    """How much of one kind is due, and how old the oldest is."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptCount:
    """Messages that are old enough and keep their data, by why.

    Attributes:
        held: Under a legal hold.
        unfinished: Not sent to the end, or somebody awaits something of them.
        in_open_chats: Of a chat that is not archived, or whose links have not expired long enough.
    """

    held: int
    unfinished: int
    in_open_chats: int


def count_due_messages(ledger: Ledger, ages: MessageAges) -> DueCount:
    """Count the messages that are due, those whose removal was cut off included."""
    query = select(func.count(), func.min(_over_at())).where(_is_due(ages) | _is_half_removed())
    with ledger.read() as connection:
        return DueCount(*connection.execute(query).one())


def count_kept_messages(ledger: Ledger, ages: MessageAges) -> KeptCount:
    """Count the messages that keep their data although they are old."""
    is_done = and_(*_done_conditions())
    held, unfinished = is_held(), and_(not_(is_held()), not_(is_done))
    is_free = and_(not_(is_held()), is_done)
    open_chat = and_(is_free, not_(_is_in_no_chat()), not_(_chat_is_over(ages.chats_before)))
    query = select(*(func.count().filter(one) for one in (held, unfinished, open_chat))).where(
        _is_aged(ages), Message.erased_at.is_(None)
    )
    with ledger.read() as connection:
        return KeptCount(*connection.execute(query).one())


def remove_messages(
    ledger: Ledger, ages: MessageAges, now: datetime, pause: Callable[[float], None] = time.sleep
) -> int:
    """Remove the personal data of every message that is due; safe to call again, also at once.

    Args:
        ledger: Where they are.
        ages: What is due.
        now: The present moment.
        pause: Waits between transactions, for so many seconds.

    Returns:
        How many messages lost theirs.
    """
    half_removed = list_half_removed(ledger)
    for message_id in half_removed:
        _remove(ledger, message_id, now, pause)
    removed_count = 0
    for message_id in _list_due(ledger, ages):
        if _mark(ledger, message_id, ages, now):
            _remove(ledger, message_id, now, pause)
            removed_count += 1
    return removed_count + len(half_removed)


def list_half_removed(ledger: Ledger) -> list[str]:
    """Return the messages whose removal was begun and not ended."""
    query = select(Message.message_id).where(_is_half_removed()).order_by(Message.message_id)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def done_messages(now: datetime) -> ColumnElement[bool]:
    """Tell, in a query of messages, whether nothing is done or awaited with one any more."""
    return and_(*_done_conditions(), or_(_is_in_no_chat(), _chat_is_over(now)))


def _list_due(ledger: Ledger, ages: MessageAges) -> list[str]:
    query = select(Message.message_id).where(_is_due(ages)).order_by(_over_at())
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def _mark(ledger: Ledger, message_id: str, ages: MessageAges, now: datetime) -> bool:
    """Say that a message's data is removed, if it still is due once nobody else can change it."""
    with ledger.write() as connection:
        mine = Message.message_id == message_id
        connection.execute(select(Message.message_id).where(mine).with_for_update()).one()
        # a second statement: the first one does not see what it waited for, as a hold on PostgreSQL
        request = connection.execute(select(Message.request).where(mine, _is_due(ages))).scalar()
        if request is None:
            return False
        told = {"request": remove_content(request), "reason": None, "erased_at": now}
        connection.execute(update(Message).where(mine).values(told))
        _end_chat(connection, message_id, now)
        owe_compaction(connection)
        return True


def _end_chat(connection: Connection, message_id: str, now: datetime) -> None:
    """Let nobody answer any more on the page of a message that is told as removed."""
    mine = Chat.chat_id == chat_id_of(message_id)
    ended = {"title": REMOVED, "archived_at": func.coalesce(Chat.archived_at, now)}
    connection.execute(update(Chat).where(mine).values(version=Chat.version + 1, **ended))


def _remove(ledger: Ledger, message_id: str, now: datetime, pause: Callable[[float], None]) -> None:
    for step in (_remove_people, _remove_texts, _remove_posts):
        for _ in step(ledger, message_id):
            pause(GIVE_WAY_S)
    ended = update(Message).where(Message.message_id == message_id)
    with ledger.write() as connection:
        connection.execute(ended.values(erasure_ended_at=now))


def _remove_people(ledger: Ledger, message_id: str) -> Iterator[None]:
    """Remove what is known of recipients, with all that hangs on them, range by range of ids."""
    ids = (
        select(AudienceMember.person_id)
        .where(AudienceMember.message_id == message_id)
        .order_by(AudienceMember.person_id)
    )
    after = ""
    while True:
        with ledger.write() as connection:
            found = ids.where(AudienceMember.person_id > after).limit(CHUNK_PEOPLE)
            people = list(connection.execute(found).scalars())
            if not people:
                return
            _remove_range(connection, message_id, people[0], people[-1])
        after = people[-1]
        yield


def _remove_range(connection: Connection, message_id: str, first: str, last: str) -> None:
    def in_range(table: Any, message_column: Any, value: str) -> ColumnElement[bool]:
        return and_(message_column == value, table.person_id.between(first, last))

    of_message = in_range(Delivery, Delivery.message_id, message_id)
    of_chat = chat_id_of(message_id)
    tries = Attempt.delivery_id.in_(select(Delivery.delivery_id).where(of_message))
    connection.execute(
        update(Attempt).where(tries, Attempt.reason.is_not(None)).values(reason=None)
    )
    connection.execute(update(Delivery).where(of_message).values(address=None, reason=None))
    members = in_range(AudienceMember, AudienceMember.message_id, message_id)
    connection.execute(update(AudienceMember).where(members).values(name=REMOVED, **GONE_OF_MEMBER))
    answers = in_range(ChatAnswer, ChatAnswer.chat_id, of_chat)
    connection.execute(delete(ChatAnswer).where(answers))
    gone = dict.fromkeys(("token_digest", "reply_digest", "phone", "next_chase_at", "distance_km"))
    enrolled = in_range(ChatMember, ChatMember.chat_id, of_chat)
    connection.execute(update(ChatMember).where(enrolled).values(gone))


def _remove_texts(ledger: Ledger, message_id: str) -> Iterator[None]:
    gone = {"subject": None, "text": REMOVED, "html": None}
    mine = Content.message_id == message_id
    yield from _rewrite(ledger, Content.content_digest, mine, gone)


def _remove_posts(ledger: Ledger, message_id: str) -> Iterator[None]:
    mine = ChatPost.chat_id == chat_id_of(message_id)
    yield from _rewrite(ledger, ChatPost.post_id, mine, {"text": REMOVED, "translations": {}})


def _rewrite(
    ledger: Ledger, key: Any, mine: ColumnElement[bool], values: dict[str, Any]
) -> Iterator[None]:
    """Write the same into all rows that are meant, some at a time, in the order of their keys."""
    after = ""
    while True:
        query = select(key).where(mine, key > after).order_by(key).limit(CHUNK_TEXTS)
        with ledger.write() as connection:
            keys = list(connection.execute(query).scalars())
            if not keys:
                return
            connection.execute(update(key.class_).where(mine, key.in_(keys)).values(values))
        after = keys[-1]
        yield


def _is_half_removed() -> ColumnElement[bool]:
    return and_(Message.erased_at.is_not(None), Message.erasure_ended_at.is_(None))


def _over_at() -> ColumnElement[datetime]:
    return func.coalesce(Message.closed_at, Message.accepted_at, type_=Message.accepted_at.type)


def _is_old(before: datetime | None) -> ColumnElement[bool]:
    return false() if before is None else _over_at() < before


def _is_due(ages: MessageAges) -> ColumnElement[bool]:
    """Tell whether a message is due: by its own age, or if it is of a chat, by that one's."""
    in_no_chat = _is_in_no_chat()
    chat_is_over = and_(not_(in_no_chat), _chat_is_over(ages.chats_before))
    return and_(
        or_(and_(in_no_chat, _is_old(ages.messages_before)), chat_is_over),
        Message.erased_at.is_(None),
        not_(is_held()),
        *_done_conditions(),
    )


def _is_aged(ages: MessageAges) -> ColumnElement[bool]:
    """Tell whether a message was closed so long ago that it would be due if nothing kept it."""
    in_no_chat = _is_in_no_chat()
    return or_(
        and_(in_no_chat, _is_old(ages.messages_before)),
        and_(not_(in_no_chat), _is_old(ages.chats_before)),
    )


def _done_conditions() -> list[ColumnElement[bool]]:
    """Nothing of it waits or is to be recorded, nobody is to be selected from it or settled."""
    follower = aliased(Message)
    return [
        Message.state.in_(DONE_STATES),
        ~exists().where(
            Delivery.message_id == Message.message_id, Delivery.next_attempt_at.is_not(None)
        ),
        ~exists().where(
            follower.follows_message_id == Message.message_id,
            follower.state.in_(("accepted", "sending")),
        ),
        not_(is_unrecorded()),
        ~exists().where(
            CheckInRound.message_id == Message.message_id, CheckInRound.settled_at.is_(None)
        ),
    ]


def _is_in_no_chat() -> ColumnElement[bool]:
    """Tell whether a message has no chat or page; that of a refused one never had a member."""
    return or_(Message.chat_id.is_(None), Message.state == "refused")


def _chat_is_over(before: datetime | None) -> ColumnElement[bool]:
    """Tell whether a message belongs to a chat that was over by then.

    The page of a one-way message is seldom archived: it is over when its links have expired.
    """
    if before is None:
        return false()
    expired = and_(
        Chat.kind == "one_way", Chat.archived_at.is_(None), Chat.links_expire_at < before
    )
    is_over = or_(Chat.archived_at < before, expired)
    return exists().where(Chat.chat_id == Message.chat_id, is_over)
