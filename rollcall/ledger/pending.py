"""Audiences that are frozen and not recorded yet: written down whole before anybody is told.

To record a hundred thousand people takes longer than the first of them may wait. So who is meant,
and why, is committed at once as one packed row; members and deliveries are recorded from it portion
by portion (`rollcall.ledger.recording`), while the first are being delivered. Whoever goes on with
the message after a crash finds here whom it is still to be recorded for: nobody is selected anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, select, update

from rollcall.domain.audience import Audience
from rollcall.domain.message import Channel
from rollcall.domain.recipient_packing import (
    PackedRecipients,
    pack_recipients,
    unpack_recipients,
)
from rollcall.domain.recipient_rows import RecipientRows
from rollcall.errors import InputError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import Message, PendingAudience


@dataclass(frozen=True, slots=True)
class Pending:
    """A frozen audience, and how far it is recorded.

    Attributes:
        recipients: In the order in which they are recorded.
        channels: Over which channels each gets a delivery.
        canary_count: So many of the first are texted ahead of the rest.
        recorded_count: So many of the first are recorded.
    """

    recipients: RecipientRows
    channels: tuple[Channel, ...]
    canary_count: int
    recorded_count: int


@dataclass(frozen=True, slots=True)
class LockedMessage:
    """How far a message is; it stays so until the transaction ends."""

    state: str
    audience_digest: str | None
    chat_id: str | None
    stopped_at: datetime | None


def freeze_audience(
    ledger: Ledger,
    message_id: str,
    audience: Audience,
    channels: tuple[Channel, ...],
    recipients_digest: str | None = None,
    guard: Callable[[Connection], None] | None = None,
) -> bool:
    """Record who is meant and why; keeps what an earlier run has frozen.

    Args:
        ledger: Where to.
        message_id: Of which message.
        audience: Who is meant.
        channels: Over which channels deliveries to them will be recorded.
        recipients_digest: What `rollcall.domain.guards.digest_recipients` says of them.
        guard: Called before anything is written; what it raises leaves nothing frozen. With it, of
            messages that share a `recipients_digest` one is frozen at a time.

    Returns:
        Whether this call froze it.
    """
    packed = pack_recipients(audience.recipients)  # before anybody has to wait for the ledger
    with ledger.write() as connection:
        message = lock_message(connection, message_id)
        if message.audience_digest is not None or is_pending(connection, message_id):
            return False
        if guard is not None:
            ledger.serialise(connection, recipients_digest or message_id)
            guard(connection)
        _insert(connection, message_id, packed, len(audience.recipients), channels)
        digested = update(Message).where(Message.message_id == message_id)
        connection.execute(digested.values(recipients_digest=recipients_digest))
        return True


def freeze_audience_in(
    connection: Connection, message_id: str, audience: Audience, channels: tuple[Channel, ...]
) -> None:
    """Record who a message is for, of which nothing is frozen yet, within a transaction."""
    packed = pack_recipients(audience.recipients)
    _insert(connection, message_id, packed, len(audience.recipients), channels)


def is_frozen(ledger: Ledger, message_id: str) -> bool:
    """Tell whether it stands whom a message is for."""
    query = select(Message.audience_digest.is_not(None) | is_unrecorded()).where(
        Message.message_id == message_id
    )
    with ledger.read() as connection:
        return bool(connection.execute(query).scalar())


def load_pending(ledger: Ledger, message_id: str) -> Pending | None:
    """Return the audience of a message of which not everybody is recorded yet."""
    query = select(PendingAudience.__table__).where(PendingAudience.message_id == message_id)
    with ledger.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    recipients = unpack_recipients(row.people, row.reasons)
    return Pending(recipients, tuple(row.channels), row.canary_count, row.recorded_count)


def count_recorded(ledger: Ledger, message_id: str) -> int | None:
    """Return how many recipients of an audience are recorded; None where it is not pending."""
    query = select(PendingAudience.recorded_count).where(PendingAudience.message_id == message_id)
    with ledger.read() as connection:
        return connection.execute(query).scalar_one_or_none()


def list_pending(ledger: Ledger) -> list[str]:
    """Return the messages of which not everybody is recorded yet."""
    query = select(PendingAudience.message_id).order_by(PendingAudience.message_id)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def is_unrecorded() -> ColumnElement[bool]:
    """Tell, in a query of messages, whether not everybody is recorded yet."""
    return exists().where(PendingAudience.message_id == Message.message_id)


def is_pending(connection: Connection, message_id: str) -> bool:
    """Tell whether not everybody in a message's frozen audience is recorded yet."""
    query = select(exists().where(PendingAudience.message_id == message_id))
    return bool(connection.execute(query).scalar())


def count_unrecorded(connection: Connection, message_id: str) -> dict[str, int]:
    """Return how many deliveries of a message are still to be recorded, by channel; {} if none.

    At most so many: who has no app has none over `push`, for one.
    """
    left = PendingAudience.people_count - PendingAudience.recorded_count
    query = select(PendingAudience.channels, left).where(PendingAudience.message_id == message_id)
    row = connection.execute(query).one_or_none()
    return dict.fromkeys(row[0], row[1]) if row is not None else {}


def count_unrecorded_canaries(connection: Connection, message_id: str) -> int:
    """Return of how many of those that are to be texted ahead nothing is recorded yet."""
    left = PendingAudience.canary_count - PendingAudience.recorded_count
    query = select(left).where(PendingAudience.message_id == message_id)
    return max(connection.execute(query).scalar_one_or_none() or 0, 0)


def lock_message(connection: Connection, message_id: str) -> LockedMessage:
    """Return how far a message is, and keep others from moving it on until this is committed.

    Raises:
        InputError: There is no such message.
    """
    query = select(
        Message.state, Message.audience_digest, Message.chat_id, Message.stopped_at
    ).where(Message.message_id == message_id)
    row: Row[tuple[str, str | None, str | None, datetime | None]] | None
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise InputError(f"there is no message {message_id!r}")
    return LockedMessage(*row)


def _insert(
    connection: Connection,
    message_id: str,
    packed: PackedRecipients,
    people_count: int,
    channels: tuple[Channel, ...],
) -> None:
    row = {
        "message_id": message_id,
        "people": packed.people,
        "reasons": packed.reasons,
        "channels": list(channels),
        "people_count": people_count,
        "canary_count": packed.canary_count,
        "recorded_count": 0,
    }
    connection.execute(insert(PendingAudience).values(row))
