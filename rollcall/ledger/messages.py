"""Messages in the ledger: accepted once per idempotency key, then moved from state to state."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollcall.clock import format_instant
from rollcall.domain.chats import LINK_DAYS, chat_id_of
from rollcall.domain.message import MessageRequest
from rollcall.domain.selection import Selection
from rollcall.errors import InputError, RequestError
from rollcall.ledger.chats import insert_chat, lock_open_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.message_origins import record_filters, take_template
from rollcall.ledger.prepared import Prepared
from rollcall.ledger.tables import Message

MessageState = Literal["accepted", "sending", "sent", "stopped", "refused"]

_BEFORE: Final[dict[MessageState, tuple[MessageState, ...]]] = {
    "accepted": (),
    "sending": ("accepted",),
    "sent": ("accepted", "sending"),
    "stopped": ("accepted", "sending", "sent"),
    "refused": ("accepted", "sending"),
}
"""From which states a message may come to one: it only ever moves forward."""

_IS_STOPPED: Final = Prepared(
    select(Message.stopped_at.is_not(None)).where(Message.message_id == bindparam("b_message_id"))
)
"""Every run asks it twice a second."""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One accepted message."""

    message_id: str
    idempotency_key: str
    request_digest: str
    kind: str
    state: MessageState
    request: dict[str, Any]
    source: str
    uses_last_good: bool
    as_of: datetime
    accepted_at: datetime
    closed_at: datetime | None
    expires_at: datetime | None
    reason: str | None
    source_version: str | None
    audience_digest: str | None
    template_id: str | None = None
    template_name: str | None = None
    stopped_at: datetime | None = None
    follows_message_id: str | None = None
    recipients_digest: str | None = None
    chat_id: str | None = None
    erased_at: datetime | None = None
    erasure_ended_at: datetime | None = None

    @property
    def opens_conversation(self) -> bool:
        """Tell whether its audience are the members of a conversation of its own."""
        return self.chat_id == chat_id_of(self.message_id)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What is recorded when a message is accepted.

    `selection` names the dynamic filters it uses, `template` the template it was made from,
    `follows_message_id` the message whose audience it goes to part of. With `opens` it opens a
    conversation; `chat_id` is an older one that its links lead to.
    """

    idempotency_key: str
    request_digest: str
    request: dict[str, Any]
    source: str
    uses_last_good: bool
    as_of: datetime
    expires_at: datetime | None = None
    kind: str = "one_way"
    selection: Selection | None = None
    template: str | None = None
    follows_message_id: str | None = None
    chat_id: str | None = None
    opens: MessageRequest | None = None


def accept_message(ledger: Ledger, new: NewMessage, now: datetime) -> tuple[MessageRecord, bool]:
    """Record a message, or find the one that this idempotency key already stands for.

    A message that was refused before anything was sent gives its key back, so that the corrected
    request can be sent with the same key.

    Returns:
        The message, and whether it is new.

    Raises:
        RequestError: The key stands for a different request.
        SelectionError: A dynamic filter that a new message uses does not exist; names it.
        InputError: The template that a new message was made from does not exist, `expires_at` of
            a new message is past already, or its links lead to a conversation that is archived.
    """
    try:
        return _accept(ledger, new, now)
    except IntegrityError:
        # another process has recorded the same key in this very moment: now it is found
        return _accept(ledger, new, now)


def _accept(ledger: Ledger, new: NewMessage, now: datetime) -> tuple[MessageRecord, bool]:
    with ledger.write() as connection:
        return accept_message_in(connection, new, now)


def accept_message_in(
    connection: Connection, new: NewMessage, now: datetime
) -> tuple[MessageRecord, bool]:
    """Record a message as `accept_message` does, within a transaction that writes.

    Raises:
        IntegrityError: Another process has recorded its key in this very moment.
    """
    known = _find_by_key(connection, new.idempotency_key)
    if known is None:
        return _insert(connection, new, now), True
    if known.request_digest == new.request_digest and known.state != "refused":
        return _confirm(connection, known, new), False
    if known.state != "refused":
        raise RequestError(
            f"key {new.idempotency_key!r} already stands for message {known.message_id}, "
            "which asks for something else"
        )
    spent_key = f"{known.idempotency_key}#{known.message_id}"
    _give_key(connection, known.message_id, spent_key)
    return _insert(connection, new, now), True


def load_message(ledger: Ledger, message_id: str) -> MessageRecord:
    """Return one message.

    Raises:
        InputError: There is no such message.
    """
    with ledger.read() as connection:
        query = select(Message.__table__).where(Message.message_id == message_id)
        row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(f"there is no message {message_id!r}")
    return record_from(row)


def find_message(ledger: Ledger, idempotency_key: str) -> MessageRecord | None:
    """Return the message that an idempotency key stands for, if any."""
    with ledger.read() as connection:
        return _find_by_key(connection, idempotency_key)


def is_stopped(ledger: Ledger, message_id: str) -> bool:
    """Tell whether an operator stopped a message."""
    with ledger.read() as connection:
        return bool(_IS_STOPPED.execute(connection, b_message_id=message_id).scalar_one_or_none())


def require_open(message: MessageRecord) -> None:
    """Make sure that a message may be gone on with.

    Raises:
        InputError: It was refused or stopped.
    """
    if message.state == "refused":
        raise InputError(f"message {message.message_id} was refused: {message.reason}")
    if message.stopped_at is not None:
        stopped_at = format_instant(message.stopped_at.replace(microsecond=0))
        raise InputError(
            f"message {message.message_id} was stopped at {stopped_at}: nothing more of it is sent"
        )


def claim_message(ledger: Ledger, message_id: str) -> bool:
    """Move an accepted message to `sending`.

    Returns:
        Whether this call did; otherwise another run of it may be going on.
    """
    return set_state(ledger, message_id, "sending")


def set_state(ledger: Ledger, message_id: str, state: MessageState, **facts: Any) -> bool:
    """Move a message forward to a state and record what is known with it (columns of `messages`).

    It never moves back: a message that is done stays done, and the key of a refused one may stand
    for another already.

    Returns:
        Whether it was moved by this call.
    """
    moved = update(Message).where(
        Message.message_id == message_id, Message.state.in_(_BEFORE[state])
    )
    with ledger.write() as connection:
        return connection.execute(moved.values(state=state, **facts)).rowcount == 1


def record_source_version(ledger: Ledger, message_id: str, version: str) -> None:
    """Record which load of the source a message is selected from; the first one stays."""
    first = update(Message).where(
        Message.message_id == message_id, Message.source_version.is_(None)
    )
    with ledger.write() as connection:
        connection.execute(first.values(source_version=version))


def _insert(connection: Connection, new: NewMessage, now: datetime) -> MessageRecord:
    _require_unexpired(new, now)
    if new.chat_id is not None:
        lock_open_chat(connection, new.chat_id)  # its links would be dead
    message_id = f"m{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    row = {
        "message_id": message_id,
        "chat_id": chat_id_of(message_id) if new.opens else new.chat_id,
        "state": "accepted",
        "accepted_at": now,
        "kind": new.kind,
        "idempotency_key": new.idempotency_key,
        "request_digest": new.request_digest,
        "request": new.request,
        "source": new.source,
        "uses_last_good": new.uses_last_good,
        "as_of": new.as_of,
        "expires_at": new.expires_at,
        "follows_message_id": new.follows_message_id,
        **take_template(connection, new.kind, new.template, now),
    }
    query = insert(Message).values(row).returning(*Message.__table__.columns)
    record = record_from(connection.execute(query).one())
    if new.selection:
        record_filters(connection, record.message_id, new.selection, now)
    if new.opens:
        insert_chat(connection, record.message_id, new.opens, LINK_DAYS, now)
    return record


def _require_unexpired(new: NewMessage, now: datetime) -> None:
    if new.expires_at is not None and new.expires_at <= now:
        raise RequestError(
            f"expires_at {format_instant(new.expires_at)} is past: nothing would be sent"
        )


def _confirm(connection: Connection, known: MessageRecord, new: NewMessage) -> MessageRecord:
    """Take over that a message is confirmed now: its first run may have been cut off before."""
    if not new.request.get("confirmed") or known.request.get("confirmed"):
        return known
    request = known.request | {"confirmed": True}
    confirmed = update(Message).where(Message.message_id == known.message_id)
    connection.execute(confirmed.values(request=request))
    return replace(known, request=request)


def _give_key(connection: Connection, message_id: str, key: str) -> None:
    renamed = update(Message).where(Message.message_id == message_id)
    connection.execute(renamed.values(idempotency_key=key))


def _find_by_key(connection: Connection, idempotency_key: str) -> MessageRecord | None:
    query = select(Message.__table__).where(Message.idempotency_key == idempotency_key)
    row = connection.execute(query).one_or_none()
    return record_from(row) if row else None


def record_from(row: Row[Any]) -> MessageRecord:
    """Make a record of a row with all columns of `messages`."""
    return MessageRecord(**row._asdict())
