"""What members answer and write, and what administrators post: facts, each counted once.

A member is locked while their answer is recorded, so that what stands in `chat_members` is their
latest one. Who asks for help by an old link is heard in the chats that follow too. Nothing is taken
of a conversation that is archived; whether its links have expired is asked by whoever follows a
link, since an answer by text or email counts until the archive.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection

from rollcall.domain.chats import Answer, AnswerVia
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entry_rows import (
    AnswerRow,
    Member,
    OpenChat,
    PostRow,
    find_known,
    find_open_chats,
    lock_members,
    write_answers,
    write_posts,
)
from rollcall.ledger.later_chats import find_later_chats

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
        return record_group(connection, entries, now)


def record_entry(connection: Connection, entry: Entry, now: datetime) -> Recorded:
    """Record one entry, within a transaction that writes."""
    return record_group(connection, [entry], now)[0]


def record_group(connection: Connection, entries: Sequence[Entry], now: datetime) -> list[Recorded]:
    """Record entries within a transaction that writes: few statements for however many.

    Returns:
        What became of each, in the same order.
    """
    heard_later = _hear_in_later_chats(connection, entries)
    every = [*entries, *(answer for answers in heard_later.values() for answer in answers)]
    members = _lock_members(connection, every)
    chats = find_open_chats(connection, {entry.chat_id for entry in every})
    known = _find_known(connection, every)
    recorded: dict[str, Entry] = {}

    def take(entry: Entry) -> Recorded:
        if not _is_open_to(entry, members, chats):
            return "closed"
        if (its_id := entry_id(entry)) in known or its_id in recorded:
            return "known"
        recorded[its_id] = entry
        return "recorded"

    outcomes = [take(entry) for entry in entries]
    for index, answers in heard_later.items():
        if outcomes[index] != "known":  # a repeat tells nothing new there either
            for answer in answers:
                take(answer)
    _write(connection, recorded, chats, now)
    return outcomes


def _hear_in_later_chats(
    connection: Connection, entries: Sequence[Entry]
) -> dict[int, list[NewAnswer]]:
    """Return what is heard in later conversations too: that somebody needs help.

    Whoever follows an old link and asks for help must not stand as OK in the new chat. That they
    are OK is an answer to the question that they were asked, and to no other.

    Returns:
        By the entry's place.
    """
    cries = {
        index: one
        for index, one in enumerate(entries)
        if isinstance(one, NewAnswer) and one.answer == "needs_help"
    }
    if not cries:
        return {}
    wanted = {(one.chat_id, one.person_id) for one in cries.values()}
    later = find_later_chats(connection, wanted)
    return {
        index: [
            replace(one, chat_id=chat_id, key=entry_id(one))
            for chat_id in later[one.chat_id, one.person_id]
        ]
        for index, one in cries.items()
    }


def _is_open_to(entry: Entry, members: AbstractSet[Member], chats: Mapping[str, OpenChat]) -> bool:
    chat = chats.get(entry.chat_id)
    if chat is None:
        return False
    is_post = isinstance(entry, NewPost)
    if is_post and chat.kind == "one_way" and entry.via not in _BESIDE_THE_PAGE:
        return False
    return entry.person_id is None or (entry.chat_id, entry.person_id) in members


def _write(
    connection: Connection,
    recorded: Mapping[str, Entry],
    chats: Mapping[str, OpenChat],
    now: datetime,
) -> None:
    answers, posts = [], []
    for key, one in recorded.items():
        if isinstance(one, NewAnswer):
            said_at = min(one.said_at or now, now)
            answers.append(AnswerRow(key, one.chat_id, one.person_id, one.answer, one.via, said_at))
        else:
            told = (one.chat_id, one.person_id, one.text, one.translations, one.via)
            posts.append(PostRow(key, *told, now))
    if answers:
        write_answers(connection, answers, now)
    if posts:
        # a version that changed with every reply would tell members how many there are
        seen = (
            one.chat_id
            for one in posts
            if one.person_id is None or chats[one.chat_id].members_see_replies
        )
        write_posts(connection, posts, Counter(seen))


def entry_id(entry: Entry) -> str:
    """Return the same id for the same entry: a repeat finds it taken."""
    kind = "answer" if isinstance(entry, NewAnswer) else "post"
    parts = (kind, entry.chat_id, entry.person_id or "", entry.key)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _lock_members(connection: Connection, entries: Sequence[Entry]) -> AbstractSet[Member]:
    wanted = {(one.chat_id, one.person_id) for one in entries if one.person_id is not None}
    return lock_members(connection, wanted) if wanted else frozenset()


def _find_known(connection: Connection, entries: Sequence[Entry]) -> AbstractSet[str]:
    answer_ids = [entry_id(one) for one in entries if isinstance(one, NewAnswer)]
    post_ids = [entry_id(one) for one in entries if isinstance(one, NewPost)]
    return find_known(connection, answer_ids, post_ids)
