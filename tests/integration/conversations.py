"""Conversations as tests put them into a ledger: opened, with members, each with a token."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rollcall.domain.audience import Position
from rollcall.domain.message import Channel, MessageRequest
from rollcall.domain.personal_links import derive_token
from rollcall.ledger.chats import ChatRecord, load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import accept_message
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    contents_of,
    deliveries_to,
    freeze_audience,
    record_deliveries,
)

KEY = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Conversation:
    """One that was opened, and the tokens of its members by `person_id`."""

    chat: ChatRecord
    tokens: dict[str, str]


def open_conversation(  # noqa: PLR0913 - what makes one differ from another
    ledger: Ledger,
    people_count: int = 3,
    *,
    key: str = "chat",
    now: datetime = NOW,
    language: str | None = "en",
    chat: dict[str, Any] | None = None,
    channels: tuple[Channel, ...] = (),
    places: dict[str, Position] | None = None,
    follows: Conversation | None = None,
    **options: Any,
) -> Conversation:
    """Open a chat with people `p0000`, `p0001`, … who are asked whether they are OK.

    With `chat=None` it is one without terms of its own; `one_way=True` opens none but asks.
    `content` says something else; `channels` are those that deliveries are recorded over, and
    `places` says of people that they are elsewhere than all others. `follows` is the one before.
    """
    is_one_way = options.pop("one_way", False)
    told: dict[str, Any] = {
        "content": options.pop("content", None)
        or {
            "subject": "Flood in Example City",
            "text": "Are you safe?",
            "language": "en",
            "translations": {"de": {"subject": "Hochwasser", "text": "Sind Sie in Sicherheit?"}},
        },
        "selection": {"everyone": True},
        "options": {"ok_request": True, "include_sms": True, **options},
    }
    if not is_one_way:
        told["chat"] = chat or {}
    request = MessageRequest.model_validate(told)
    before = follows.chat.message_id if follows else None
    new = replace(
        a_message(key, request=told, kind=request.kind, opens=request), follows_message_id=before
    )
    message, _ = accept_message(ledger, new, now)
    audience = an_audience(people_count)
    moved = places or {}
    readers = tuple(
        replace(one, language=language, position=moved.get(one.person_id, one.position))
        for one in audience.recipients
    )
    audience = replace(audience, recipients=readers)
    freeze_audience(ledger, message.message_id, audience)
    deliveries, contents = deliveries_to(audience, *channels), contents_of(*channels)
    record_deliveries(ledger, message.message_id, contents, deliveries, now, key=KEY)
    opened = load_chat(ledger, message.chat_id or "")
    tokens = {
        one.person_id: derive_token(KEY, opened.chat_id, one.person_id)
        for one in audience.recipients
    }
    return Conversation(opened, tokens)
