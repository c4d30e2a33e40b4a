"""Reminders of a chat: to exactly those who have not answered when they leave."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rollcall.domain.chasing import travel_by
from rollcall.domain.message import Channel, FollowUp, MessageRequest
from rollcall.domain.reminder_texts import write_reminder
from rollcall.errors import InputError
from rollcall.ledger.chats import ChatRecord, load_open_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, load_message
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import accept_order_of
from rollcall.sending.route_book import RouteBook
from rollcall.sending.self_made import served_channels
from rollcall.sending.steps import SendSteps

KEY_PREFIX: Final = "remind:"


def make_reminder(
    chat: ChatRecord, invitation: MessageRequest, channels: Sequence[Channel], book: RouteBook
) -> MessageRequest:
    """Return the message that reminds the members of a chat; it needs no confirmation.

    Args:
        chat: The chat.
        invitation: What opened it.
        channels: By which ways; those without a route are left away.
        book: Which ways there are.

    Raises:
        ConfigError: No route is configured for any of the channels.
    """
    return MessageRequest(
        content=write_reminder(invitation.content),
        follow_up=FollowUp(message_id=chat.message_id, who="not_answered"),
        notice_in=chat.chat_id,
        options=travel_by(invitation.options, served_channels(book, channels)),
        confirmed=True,
    )


def require_remindable(ledger: Ledger, chat_id: str) -> ChatRecord:
    """Return a conversation whose members can be reminded of an answer.

    Raises:
        InputError: There is none, it is archived, it asks nothing, or its invitation was stopped:
            whoever stopped it did not mean it.
    """
    chat = load_open_chat(ledger, chat_id)
    if not chat.ok_request:
        raise InputError(f'chat {chat_id} does not ask "Are you OK?": there is no answer to await')
    if load_message(ledger, chat.message_id).stopped_at is not None:
        raise InputError(f"the invitation to chat {chat_id} was stopped: nobody is reminded of it")
    return chat


def remind_now(
    chat_id: str, key: str, channels: Sequence[Channel], steps: SendSteps
) -> tuple[MessageRecord, bool]:
    """Remind all who have not answered, whatever the ladder says; the same key twice is once.

    Returns:
        The message that reminds them, accepted and yet to be sent, and whether it is new.

    Raises:
        InputError: Nobody can be reminded (`require_remindable`), or by no way.
        ConfigError: No route is configured for any of the channels, or links lead nowhere.
    """
    if not channels:
        raise InputError("choose how they are to be reminded: by email, SMS or the app")
    chat = require_remindable(steps.ledger, chat_id)
    invitation = MessageRequest.model_validate(load_message(steps.ledger, chat.message_id).request)
    request = make_reminder(chat, invitation, channels, steps.book)
    return accept_order_of(Order(request, Path(), f"{KEY_PREFIX}{chat_id}:{key}"), steps)
