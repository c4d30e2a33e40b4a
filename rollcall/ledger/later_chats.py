"""Which later conversations ask the same people: a new chat with those not OK follows the old one.

Links of the old one go on working, in emails and texts that people still have.
"""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import Final

from sqlalchemy import Connection, select

from rollcall.domain.chats import chat_id_of
from rollcall.ledger.chat_tables import Chat, ChatMember
from rollcall.ledger.entry_rows import Member
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.tables import Message

_THEIR_CHATS: Final = (
    select(ChatMember.person_id, Chat.chat_id, Message.follows_message_id)
    .join(Chat, Chat.chat_id == ChatMember.chat_id)
    .join(Message, Message.message_id == Chat.message_id)
    .where(in_list(ChatMember.person_id, "person_ids"), Message.follows_message_id.is_not(None))
    .order_by(Chat.opened_at, Chat.chat_id)
)


def find_later_chats(
    connection: Connection, members: AbstractSet[Member]
) -> dict[Member, list[str]]:
    """Return which conversations that these people are in follow the one named, however far.

    Those that are archived are among them.
    """
    person_ids = {person_id for _, person_id in members}
    rows = connection.execute(_THEIR_CHATS, {"person_ids": write_list(sorted(person_ids))})
    followers: dict[Member, list[str]] = defaultdict(list)
    for person_id, chat_id, follows in rows:
        followers[chat_id_of(follows), person_id].append(chat_id)
    return {member: _walk(followers, member) for member in members}


def _walk(followers: dict[Member, list[str]], member: Member) -> list[str]:
    _, person_id = member
    found: list[str] = []
    ahead = [*followers.get(member, ())]
    while ahead:
        if (chat_id := ahead.pop(0)) not in found:
            found.append(chat_id)
            ahead += followers.get((chat_id, person_id), ())
    return found
