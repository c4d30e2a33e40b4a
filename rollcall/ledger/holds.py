"""Legal holds: messages and chats whose data must be kept, however old it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from rollcall.clock import format_instant
from rollcall.errors import InputError
from rollcall.ledger.chat_tables import Chat
from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.tables import LegalHold, Message

HeldKind = Literal["message", "chat"]


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """One legal hold."""

    held_id: str
    kind: HeldKind
    held_at: datetime


def hold(ledger: Ledger, held_id: str, now: datetime) -> bool:
    """Keep all data of a message, or of a chat with its messages, until `release`.

    Whoever is about to remove it waits for this, or has begun before and this is refused.

    Returns:
        Whether this call did; False: it was held already.

    Raises:
        InputError: There is neither message nor chat of this id, or its data is gone already.
    """
    with ledger.write() as connection:
        kind: HeldKind = _find_kind(connection, held_id)
        _require_whole(
            connection, Message.chat_id if kind == "chat" else Message.message_id, held_id
        )
        row = {"held_id": held_id, "kind": kind, "held_at": now}
        return bool(insert_new(connection, LegalHold, "held_id", [row]))


def release(ledger: Ledger, held_id: str) -> None:
    """Let retention apply again; what is old goes with its next run.

    Raises:
        InputError: Nothing of this id is held.
    """
    with ledger.write() as connection:
        gone = connection.execute(delete(LegalHold).where(LegalHold.held_id == held_id))
        if not gone.rowcount:
            raise InputError(f"nothing is held under the id {held_id!r}")


def list_holds(ledger: Ledger) -> list[HoldRecord]:
    """Return all legal holds, oldest first."""
    query = select(LegalHold.held_id, LegalHold.kind, LegalHold.held_at)
    with ledger.read() as connection:
        rows = connection.execute(query.order_by(LegalHold.held_at, LegalHold.held_id))
        return [HoldRecord(*row) for row in rows]


def is_held() -> ColumnElement[bool]:
    """Tell, in a query of messages, whether one is held, or its chat is."""
    return exists().where(
        or_(LegalHold.held_id == Message.message_id, LegalHold.held_id == Message.chat_id)
    )


def _find_kind(connection: Connection, held_id: str) -> HeldKind:
    of_message = select(Message.message_id).where(Message.message_id == held_id)
    if connection.execute(of_message).first():
        return "message"
    if connection.execute(select(Chat.chat_id).where(Chat.chat_id == held_id)).first():
        return "chat"
    raise InputError(f"there is no message or chat {held_id!r}")


def _require_whole(
    connection: Connection, column: InstrumentedAttribute[Any], held_id: str
) -> None:
    """Lock the messages that are meant, as `retention` does before it removes one."""
    query = select(Message.erased_at).where(column == held_id).order_by(Message.message_id)
    for erased_at in connection.execute(query.with_for_update()).scalars():
        if erased_at is not None:
            told = format_instant(erased_at.replace(microsecond=0))
            raise InputError(f"{held_id} cannot be held: retention removed its data at {told}")
