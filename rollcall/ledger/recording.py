"""Freeze an audience and record its deliveries: each in one transaction, each only once."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update

from rollcall.clock import parse_instant
from rollcall.domain.audience import Audience, Position, Recipient, digest_audience
from rollcall.domain.delivery import Status
from rollcall.domain.message import Channel
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import AudienceMember, Content, Delivery, Message

_NAMESPACE = uuid.UUID("6f1f5a0e-6e0b-5c0e-9d57-2f6a4c1b7a11")
"""Ours, drawn once: delivery ids are derived under it."""


@dataclass(frozen=True, slots=True)
class NewContent:
    """One distinct rendered text."""

    content_digest: str
    text: str
    subject: str | None = None
    html: str | None = None
    segment_count: int | None = None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One delivery to record; without an address it is `not_attempted` and says why."""

    person_id: str
    channel: Channel
    status: Status
    address: str | None = None
    content_digest: str | None = None
    reason: str | None = None
    country: str | None = None
    is_canary: bool = False


def derive_delivery_id(message_id: str, person_id: str, channel: Channel) -> str:
    """Return the id of a delivery; always the same, so that a repeat is recognised everywhere.

    It travels as Message-ID and client reference: it must not tell who the person is.
    """
    return uuid.uuid5(_NAMESPACE, f"{message_id}\n{person_id}\n{channel}").hex


def freeze_audience(ledger: Ledger, message_id: str, audience: Audience) -> bool:
    """Record who is meant and why; keeps what an earlier run has frozen.

    Returns:
        Whether this call froze it.
    """
    with ledger.write() as connection:
        if _lock_message(connection, message_id).audience_digest is not None:
            return False
        rows = [_member_row(message_id, one) for one in audience.recipients]
        connection.execute(insert(AudienceMember), rows)
        digest = digest_audience(audience.recipients)
        connection.execute(
            update(Message).where(Message.message_id == message_id).values(audience_digest=digest)
        )
        return True


def load_audience(ledger: Ledger, message_id: str) -> list[Recipient]:
    """Return the frozen recipients of a message, by `person_id`."""
    query = (
        select(AudienceMember.__table__)
        .where(AudienceMember.message_id == message_id)
        .order_by(AudienceMember.person_id)
    )
    with ledger.read() as connection:
        return [_recipient(row) for row in connection.execute(query).mappings()]


def record_deliveries(
    ledger: Ledger,
    message_id: str,
    contents: Iterable[NewContent],
    deliveries: Sequence[NewDelivery],
    now: datetime,
) -> bool:
    """Record what is to be sent, everything or nothing; keeps what an earlier run has recorded.

    Of a message that was refused meanwhile nothing is recorded.

    Returns:
        Whether this call recorded it.
    """
    with ledger.write() as connection:
        if _lock_message(connection, message_id).state == "refused":
            return False
        if _has_deliveries(connection, message_id):
            return False
        content_rows = [{"message_id": message_id, **asdict(content)} for content in contents]
        if content_rows:
            connection.execute(insert(Content), content_rows)
        connection.execute(
            insert(Delivery), [_delivery_row(message_id, one, now) for one in deliveries]
        )
        return True


def refuse_message(ledger: Ledger, message_id: str, reason: str, now: datetime) -> bool:
    """Record that a message cannot be meant; never once deliveries of it are recorded.

    Returns:
        Whether this call refused it.
    """
    with ledger.write() as connection:
        state = _lock_message(connection, message_id).state
        if state == "refused" or _has_deliveries(connection, message_id):
            return False
        refused = update(Message).where(Message.message_id == message_id)
        connection.execute(refused.values(state="refused", reason=reason, closed_at=now))
        return True


def _lock_message(connection: Connection, message_id: str) -> Row[tuple[str, str | None]]:
    """Return how far a message is, and keep others from moving it on until this is committed."""
    query = select(Message.state, Message.audience_digest).where(Message.message_id == message_id)
    return connection.execute(query.with_for_update()).one()


def _has_deliveries(connection: Connection, message_id: str) -> bool:
    query = select(exists().where(Delivery.message_id == message_id))
    return bool(connection.execute(query).scalar())


def _member_row(message_id: str, recipient: Recipient) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "home_country": recipient.home_country,
        **recipient.to_json(),
    }


def _recipient(row: Any) -> Recipient:
    position = dict(row["position"])
    at = position.pop("at")
    return Recipient(
        person_id=row["person_id"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        language=row["language"],
        home_country=row["home_country"],
        position=Position(at=parse_instant(at) if at else None, **position),
        via=tuple(row["via"]),
    )


def _delivery_row(message_id: str, delivery: NewDelivery, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": derive_delivery_id(message_id, delivery.person_id, delivery.channel),
        "message_id": message_id,
        "attempt_count": 0,
        "next_attempt_at": now if delivery.status == "waiting" else None,
        **asdict(delivery),
    }
