"""The rows behind answers and posts, written for many entries by few statements.

Beside a busy event loop every statement costs its thread far more than the work in it: the lock of
the interpreter is given up and waited for again. So their number does not grow with the entries.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, cast, or_, select, update

from rollcall.domain.chats import ChatKind
from rollcall.ledger.chat_tables import Chat, ChatAnswer, ChatMember, ChatPost
from rollcall.ledger.engine import insert_new
from rollcall.ledger.held_back import hold_back_reminders
from rollcall.ledger.lists import (
    gather_rows,
    in_list,
    insert_listed,
    list_rows,
    read_moment,
    write_list,
    write_moment,
)
from rollcall.ledger.reminders import find_next_chase

Member = tuple[str, str]
"""`chat_id` and `person_id`."""


class OpenChat(NamedTuple):
    """What decides whether a conversation takes an entry, and who sees it."""

    kind: ChatKind
    members_see_replies: bool


class AnswerRow(NamedTuple):
    """A row of `chat_answers`."""

    answer_id: str
    chat_id: str
    person_id: str
    answer: str
    via: str
    answered_at: datetime


class PostRow(NamedTuple):
    """A row of `chat_posts`."""

    post_id: str
    chat_id: str
    person_id: str | None
    text: str
    translations: dict[str, str]
    via: str
    written_at: datetime


_MEMBERS = list_rows("members", "chat_id", "person_id")
_LOCK = gather_rows(
    select(ChatMember.chat_id, ChatMember.person_id)
    .join(Chat, Chat.chat_id == ChatMember.chat_id)
    .join(
        _MEMBERS,
        (ChatMember.chat_id == _MEMBERS.c.chat_id) & (ChatMember.person_id == _MEMBERS.c.person_id),
    )
    .where(Chat.archived_at.is_(None))
    .order_by(ChatMember.chat_id, ChatMember.person_id)  # two that lock the same, in one order
    .with_for_update(of=ChatMember)
)
_OPEN_CHATS = (
    select(Chat.chat_id, Chat.kind, Chat.members_see_replies)
    .where(in_list(Chat.chat_id, "chat_ids"), Chat.archived_at.is_(None))
    .order_by(Chat.chat_id)
    .with_for_update(key_share=True)
)
"""Members are locked before chats, everywhere: nobody waits in a circle, and nothing is taken of a
chat once its archive is committed."""
_KNOWN_ANSWERS = gather_rows(
    select(ChatAnswer.answer_id).where(in_list(ChatAnswer.answer_id, "entry_ids"))
)
_KNOWN_POSTS = gather_rows(select(ChatPost.post_id).where(in_list(ChatPost.post_id, "entry_ids")))
_INSERT_ANSWERS = insert_listed(ChatAnswer, "answers", *AnswerRow._fields)

_STANDING = list_rows(
    "standing",
    "chat_id",
    "person_id",
    "answer",
    "answered_at",
    "via",
    "next_chase_at",
    "more_count",
)
_STAND = (
    update(ChatMember)
    .where(
        ChatMember.chat_id == _STANDING.c.chat_id,
        ChatMember.person_id == _STANDING.c.person_id,
        # what was kept without a line comes late, and undoes nothing that was said since
        or_(
            ChatMember.answered_at.is_(None),
            ChatMember.answered_at <= read_moment(_STANDING.c.answered_at),
        ),
    )
    .values(
        answer=_STANDING.c.answer,
        answered_at=read_moment(_STANDING.c.answered_at),
        answered_via=_STANDING.c.via,
        next_chase_at=read_moment(_STANDING.c.next_chase_at),
        version=ChatMember.version + cast(_STANDING.c.more_count, Integer),
    )
)

_WRITERS = list_rows("writers", "chat_id", "person_id", "more_count")
_COUNT_POSTS = (
    update(ChatMember)
    .where(ChatMember.chat_id == _WRITERS.c.chat_id, ChatMember.person_id == _WRITERS.c.person_id)
    .values(version=ChatMember.version + cast(_WRITERS.c.more_count, Integer))
)


def lock_members(connection: Connection, wanted: AbstractSet[Member]) -> AbstractSet[Member]:
    """Return who of these is a member of an open conversation; others wait to write of them."""
    rows = connection.execute(_LOCK, {"members": write_list(sorted(wanted))}).scalar_one()
    return {(chat_id, person_id) for chat_id, person_id in rows}


def find_open_chats(connection: Connection, chat_ids: AbstractSet[str]) -> dict[str, OpenChat]:
    """Return those of these conversations that are not archived; until the end they stay so."""
    rows = connection.execute(_OPEN_CHATS, {"chat_ids": write_list(sorted(chat_ids))})
    return {chat_id: OpenChat(kind, sees) for chat_id, kind, sees in rows}


def find_known(
    connection: Connection, answer_ids: list[str], post_ids: list[str]
) -> AbstractSet[str]:
    """Return which of these entries are recorded."""
    known: set[str] = set()
    for query, entry_ids in ((_KNOWN_ANSWERS, answer_ids), (_KNOWN_POSTS, post_ids)):
        if entry_ids:
            asked = {"entry_ids": write_list(entry_ids)}
            known |= {row[0] for row in connection.execute(query, asked).scalar_one()}
    return known


def write_answers(connection: Connection, answers: Iterable[AnswerRow], now: datetime) -> None:
    """Record answers of locked members; of several of one member the latest stands.

    Reminders that wait for somebody who has answered leave the queue; who takes an answer back is
    reminded again.
    """
    listed = list(answers)
    written = ((*one[:-1], write_moment(one.answered_at)) for one in listed)
    connection.execute(_INSERT_ANSWERS, {"answers": write_list(written)})
    counts = Counter((one.chat_id, one.person_id) for one in listed)
    standing = {
        (one.chat_id, one.person_id): one
        for one in sorted(listed, key=lambda one: one.answered_at)  # of one moment the last
    }
    rows = (
        (*member, one.answer, write_moment(one.answered_at), one.via, chase_at, counts[member])
        for member, one in standing.items()
        for chase_at in (_next_chase(connection, one, now),)
    )
    connection.execute(_STAND, {"standing": write_list(rows)})
    hold_back_reminders(
        connection, {(one.chat_id, one.person_id) for one in listed if one.answer != "none"}
    )


def _next_chase(connection: Connection, answer: AnswerRow, now: datetime) -> str | None:
    if answer.answer != "none":
        return None
    return write_moment(find_next_chase(connection, answer.chat_id, now))


def write_posts(
    connection: Connection, posts: Iterable[PostRow], seen_by_all: Mapping[str, int]
) -> None:
    """Record posts.

    Args:
        connection: A transaction that writes.
        posts: What to record; members among their writers are locked.
        seen_by_all: How many posts of each conversation everybody sees.
    """
    rows: list[dict[str, Any]] = [one._asdict() for one in posts]
    # an administrator's is not kept apart by a lock: another process may insert the same
    insert_new(connection, ChatPost, "post_id", rows)
    counts = Counter(
        (row["chat_id"], row["person_id"]) for row in rows if row["person_id"] is not None
    )
    if counts:
        writers = ((*member, more) for member, more in counts.items())
        connection.execute(_COUNT_POSTS, {"writers": write_list(writers)})
    for chat_id, more_count in sorted(seen_by_all.items()):
        seen = update(Chat).where(Chat.chat_id == chat_id)
        connection.execute(seen.values(version=Chat.version + more_count))
