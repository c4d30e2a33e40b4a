"""How far messages are whose files lie on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.holds import is_held
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.retention import done_messages
from rollcall.ledger.tables import Message


@dataclass(frozen=True, slots=True)
class MessageAge:
    """One message, as far as its files are concerned.

    Attributes:
        message_id: Which.
        over_at: Since when nothing is done with it.
        is_done: Whether nothing is done or awaited with it any more.
        is_held: Whether it is under a legal hold.
        is_erased: Whether its personal data is told as removed.
    """

    message_id: str
    over_at: datetime
    is_done: bool
    is_held: bool
    is_erased: bool


def read_message_ages(
    ledger: Ledger, message_ids: Sequence[str], now: datetime
) -> dict[str, MessageAge]:
    """Return those of some messages that the ledger knows, by their ids."""
    over_at = func.coalesce(Message.closed_at, Message.accepted_at, type_=Message.accepted_at.type)
    query = select(
        Message.message_id, over_at, done_messages(now), is_held(), Message.erased_at.is_not(None)
    ).where(in_list(Message.message_id, "ids"))
    with ledger.read() as connection:
        rows = connection.execute(query, {"ids": write_list(message_ids)})
        ages = [MessageAge(row[0], row[1], *map(bool, row[2:])) for row in rows]
    return {one.message_id: one for one in ages}


def is_quiet(ledger: Ledger) -> bool:
    """Tell whether no message is under way."""
    query = select(Message.message_id).where(Message.state.in_(("accepted", "sending"))).limit(1)
    with ledger.read() as connection:
        return connection.execute(query).first() is None
