"""Find members of a conversation by what somebody knows of them, as on the telephone."""

import re
from typing import Final

from sqlalchemy import ColumnElement, func, or_

from rollcall.domain.needs import sort_by_need
from rollcall.ledger.chat_members import (
    ChatMemberRecord,
    is_same_person,
    read_details,
    select_states,
    states_from,
)
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import AudienceMember

_BETWEEN_DIGITS: Final = re.compile(r"[\s().\-/]")
"""What people write into a number to read it more easily."""


def find_members(ledger: Ledger, chat: ChatRecord, text: str, limit: int) -> list[ChatMemberRecord]:
    """Return members by part of their name, or by their id, number or address as it is.

    Args:
        ledger: Where they are.
        chat: The conversation.
        text: What is looked for; a name whatever its case.
        limit: How many at most; whoever finds as many says more.
    """
    query = select_states(chat).join(AudienceMember, is_same_person())
    query = query.where(_is_meant(text.strip())).order_by(ChatMember.person_id).limit(limit)
    with ledger.read() as connection:
        states = states_from(connection.execute(query).all())
    return read_details(ledger, chat, sort_by_need(states))


def _is_meant(text: str) -> ColumnElement[bool]:
    return or_(
        func.lower(AudienceMember.name).contains(text.lower(), autoescape=True),
        AudienceMember.person_id == text,
        func.lower(AudienceMember.email) == text.lower(),
        AudienceMember.phone == _BETWEEN_DIGITS.sub("", text),
    )
