"""Reminders that are needless by now are taken out of the queue.

No try of one is begun once the answer is committed (`rollcall.ledger.attempts`); this is what tells
so in the log, and lets its message come to an end.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, exists, select

from rollcall.domain.message import CHANNELS
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.recording import derive_delivery_id
from rollcall.ledger.reminders import REMINDER, is_needless_reminder
from rollcall.ledger.stopping import take_from_queue
from rollcall.ledger.tables import Delivery, Message

ANSWERED_MEANWHILE: Final = "answered before this reminder was handed over"
SETTLED_MEANWHILE: Final = "answered, or archived, before this reminder was handed over"

_REMINDERS: Final = select(Message.message_id, Message.chat_id).where(
    in_list(Message.chat_id, "chat_ids"), Message.chat_id.is_not(None), Message.kind == REMINDER
)


def hold_back_reminders(connection: Connection, answered: Collection[tuple[str, str]]) -> None:
    """Take the reminders to members who have answered out of the queue.

    Args:
        connection: The transaction that records the answers.
        answered: `chat_id` and `person_id` of each.
    """
    chat_ids = {"chat_ids": write_list({chat_id for chat_id, _ in answered})}
    reminders = connection.execute(_REMINDERS, chat_ids).all()
    delivery_ids = [
        derive_delivery_id(message_id, person_id, channel)
        for message_id, chat_id in reminders
        for its_chat_id, person_id in answered
        if its_chat_id == chat_id
        for channel in CHANNELS
    ]
    if delivery_ids:
        theirs = in_list(Delivery.delivery_id, "reminded")
        listed = theirs.params(reminded=write_list(delivery_ids))
        take_from_queue(connection, listed, ANSWERED_MEANWHILE)


def sweep_reminders(ledger: Ledger, message_id: str) -> None:
    """Take out of the queue what is needless of a message by now; nothing but reminders can be.

    What was being written, or was in flight, as its answer came is found here.
    """
    kind = select(Message.kind).where(Message.message_id == message_id)
    with ledger.read() as connection:
        if connection.execute(kind).scalar_one_or_none() != REMINDER:
            return
    needless = exists().where(Message.message_id == Delivery.message_id, is_needless_reminder())
    with ledger.write() as connection:
        which = (Delivery.message_id == message_id) & needless
        take_from_queue(connection, which, SETTLED_MEANWHILE)
