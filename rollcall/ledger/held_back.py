"""Reminders that are needless by now are taken out of the queue.

No try of one is begun once the answer is committed (`rollcall.ledger.attempts`); this is what tells
so in the log, and lets its message come to an end.
"""

from typing import Final

from sqlalchemy import Connection, exists, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.reminders import REMINDER, is_needless_reminder
from rollcall.ledger.stopping import take_from_queue
from rollcall.ledger.tables import Delivery, Message

ANSWERED_MEANWHILE: Final = "answered before this reminder was handed over"
SETTLED_MEANWHILE: Final = "answered, or archived, before this reminder was handed over"


def hold_back_reminders(connection: Connection, chat_id: str, person_id: str) -> None:
    """Take the reminders of a chat to somebody who has answered out of the queue.

    Args:
        connection: The transaction that records the answer.
        chat_id: Which chat.
        person_id: Who has answered.
    """
    reminders = select(Message.message_id).where(
        Message.chat_id == chat_id, Message.kind == REMINDER
    )
    theirs = Delivery.message_id.in_(reminders) & (Delivery.person_id == person_id)
    take_from_queue(connection, theirs, ANSWERED_MEANWHILE)


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
