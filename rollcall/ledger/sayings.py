"""Texts and emails of members, recorded: whose they are, in which conversation, what they answer.

A text is known by the number it came from, and a number may be somebody else's, so that:

    the number of one person     credited in their newest open conversation that awaits an answer,
                                 else in the newest they are in; one whose links have expired is
                                 meant only where there is no other
    of several (a couple's, a    an OK is nobody's; a call for help is each one's; the words are
    facility's)                  kept as a reply of each
    of nobody                    not stored

An OK never takes back a call for help: "ok" may mean "I have read that somebody comes". It is kept
as a reply, where help was called for and where an answer was awaited; the page, the app or an
administrator can say that somebody is safe again. A conversation that was opened after the call
asks anew: there an OK answers. A call for help counts too in every other conversation that shows
the person as safe.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, bindparam, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from rollcall.domain.sayings import Saying, split_text
from rollcall.ledger.chat_tables import Chat, ChatMember, TakenText
from rollcall.ledger.counted_notices import order_notice
from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.entries import Entry, NewAnswer, NewPost, record_entry
from rollcall.ledger.entry_rows import Member, find_open_chats, lock_members
from rollcall.ledger.lists import in_list, write_list

MOST_SHARING: Final = 20
"""People of one number in whose name a text is kept: one text must not write thousands of rows."""

CLOCKS_DIFFER: Final = timedelta(minutes=2)
"""How far a provider's clock may be behind: a call for help is not older than an answer on the page
because of that."""

SayingFate = Literal["recorded", "known", "nobody"]
"""What became of a saying: recorded now, known from before, or said by nobody in an open
conversation."""

_COLUMNS: Final = (
    Chat.chat_id, Chat.message_id, Chat.title, Chat.ok_request, Chat.opened_at,
    Chat.links_expire_at, ChatMember.person_id, ChatMember.answer, ChatMember.answered_at,
)  # fmt: skip


def _memberships_of(sender: InstrumentedAttribute[str | None]) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Chat, Chat.chat_id == ChatMember.chat_id)
        .where(
            sender == bindparam("sender"),
            Chat.archived_at.is_(None),
        )
        .order_by(ChatMember.person_id, Chat.opened_at.desc(), Chat.chat_id.desc())
    )


def _members_of(sender: InstrumentedAttribute[str | None]) -> Select[Any]:
    return (
        select(ChatMember.chat_id, ChatMember.person_id)
        .join(Chat, Chat.chat_id == ChatMember.chat_id)
        .where(in_list(sender, "senders"), Chat.archived_at.is_(None))
    )


_SENDERS: Final = {"sms": ChatMember.phone, "email": ChatMember.reply_digest}
_FIND: Final = {via: _memberships_of(sender) for via, sender in _SENDERS.items()}
_FIND_ALL: Final = {via: _members_of(sender) for via, sender in _SENDERS.items()}


@dataclass(frozen=True, slots=True)
class _Credit:
    """One membership that a saying is recorded in, and whether it answers there."""

    member: Any
    counts: bool


def record_sayings(ledger: Ledger, sayings: Sequence[Saying], now: datetime) -> list[SayingFate]:
    """Record what was said in one transaction, in its order; safe to call twice.

    Returns:
        What became of each, in the same order.
    """
    with ledger.write() as connection:
        return _record_all(connection, sayings, now)


def _record_all(
    connection: Connection, sayings: Sequence[Saying], now: datetime
) -> list[SayingFate]:
    """Record sayings within a transaction of their own.

    Whatever they touch is locked at once, before the first is recorded, in the order that everybody
    keeps: ids of texts, members, chats. One after another would be a deadlock with the page.
    """
    untaken = _take(connection, sayings, now)
    locked = _lock(connection, [one for one in sayings if one.text_id in untaken])
    fates: list[SayingFate] = []
    for saying in sayings:
        if saying.text_id in untaken:
            untaken.remove(saying.text_id)
            fates.append(_record(connection, saying, locked, now))
        else:
            fates.append("known")
    return fates


def _take(connection: Connection, sayings: Sequence[Saying], now: datetime) -> set[str]:
    """Note the ids of sayings; return those that were not known."""
    text_ids = sorted({one.text_id for one in sayings})
    rows = [{"text_id": one, "taken_at": now} for one in text_ids]
    return insert_new(connection, TakenText, "text_id", rows)


def _lock(connection: Connection, sayings: Sequence[Saying]) -> AbstractSet[Member]:
    """Lock the open memberships of all who may have said these, then their conversations."""
    found: set[Member] = set()
    for via, query in _FIND_ALL.items():
        if senders := {one.sender for one in sayings if one.via == via}:
            rows = connection.execute(query, {"senders": write_list(sorted(senders))})
            found |= {(chat_id, person_id) for chat_id, person_id in rows}
    if not found:
        return frozenset()
    locked = lock_members(connection, found)
    find_open_chats(connection, {chat_id for chat_id, _ in locked})
    return locked


def _record(
    connection: Connection, saying: Saying, locked: AbstractSet[Member], now: datetime
) -> SayingFate:
    people = _find_people(connection, saying, locked)
    if not people:
        if saying.via == "email":  # it stays in its mailbox, and is asked about again
            its_id = TakenText.text_id == saying.text_id
            connection.execute(delete(TakenText).where(its_id))
        return "nobody"
    is_shared = len(people) > 1
    for memberships in people:
        for credit in _choose(memberships, saying, is_shared=is_shared):
            for entry in _list_entries(credit, saying):
                record_entry(connection, entry, now)
    if not is_shared:
        _tell_which(connection, people[0], saying, now)
    return "recorded"


def _find_people(
    connection: Connection, saying: Saying, locked: AbstractSet[Member]
) -> list[list[Any]]:
    """Return the locked memberships of each who may have said it, newest first."""
    people: defaultdict[str, list[Any]] = defaultdict(list)
    for member in connection.execute(_FIND[saying.via], {"sender": saying.sender}):
        if (member.chat_id, member.person_id) in locked:
            people[member.person_id].append(member)
    return list(people.values())[:MOST_SHARING]


def _choose(memberships: list[Any], saying: Saying, *, is_shared: bool) -> list[_Credit]:
    """Return where a person's saying is recorded: in one conversation, or in more.

    An OK that a call for help stands against answers nothing, and is seen in both. One of before
    all of them answers nothing either; a call for help is heard whenever it was said.
    """
    answer = saying.said.answer
    meant = _list_meant(memberships, saying)
    chosen = (_list_awaiting(meant) or meant)[0]
    if answer == "ok" and (calls := _list_calls_since(chosen, memberships)):
        others = [chosen] if chosen is not calls[0] else []
        return [_Credit(one, counts=False) for one in (calls[0], *others)]
    if answer != "needs_help":
        is_asked = chosen.ok_request and chosen.opened_at <= saying.said_at
        counts = answer == "ok" and is_asked and not is_shared
        return [_Credit(chosen, counts and not _is_newer(chosen, saying))]
    shown_safe = [one for one in meant if one.answer == "ok" and one is not chosen]
    return [_Credit(one, not _is_newer(one, saying)) for one in (chosen, *shown_safe)]


def _list_meant(memberships: list[Any], saying: Saying) -> list[Any]:
    """Return those that may be meant, or all where none may.

    None that was opened after it was said, and none whose links have expired: a check-in is never
    archived.
    """
    before = [one for one in memberships if one.opened_at <= saying.said_at] or memberships
    return [one for one in before if one.links_expire_at > saying.said_at] or before


def _list_awaiting(memberships: list[Any]) -> list[Any]:
    return [one for one in memberships if one.ok_request and one.answer == "none"]


def _list_calls_since(chosen: Any, memberships: list[Any]) -> list[Any]:
    """Return where help was called for that stands, and not before the chosen one asked."""
    return [
        one
        for one in memberships
        if one.answer == "needs_help" and one.answered_at >= chosen.opened_at
    ]


def _is_newer(member: Any, saying: Saying) -> bool:
    """Tell whether the member has answered since: a text that comes late undoes nothing."""
    margin = CLOCKS_DIFFER if saying.said.answer == "needs_help" else timedelta()
    return member.answered_at is not None and member.answered_at > saying.said_at + margin


def _list_entries(credit: _Credit, saying: Saying) -> Iterator[Entry]:
    chat_id, person_id = credit.member.chat_id, credit.member.person_id
    answer = saying.said.answer
    if credit.counts and answer is not None:
        said_at = max(saying.said_at, credit.member.answered_at or saying.said_at)
        yield NewAnswer(chat_id, person_id, answer, saying.via, saying.text_id, said_at)
    if credit.counts and saying.said.is_bare:
        return
    for number, part in enumerate(split_text(saying.text)):
        yield NewPost(chat_id, person_id, part, saying.via, f"{saying.text_id}-{number}")


def _tell_which(
    connection: Connection, memberships: list[Any], saying: Saying, now: datetime
) -> None:
    """Tell somebody in which conversation their text was counted, if another awaited one too."""
    if saying.via != "sms":
        return
    chosen = _choose(memberships, saying, is_shared=False)[0]
    awaiting = _list_awaiting(_list_meant(memberships, saying))
    if chosen.counts and any(one is not chosen.member for one in awaiting):
        order_notice(connection, chosen.member, saying.text_id, now)
