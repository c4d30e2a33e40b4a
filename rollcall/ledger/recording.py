"""Freeze an audience and record its deliveries: each in one transaction, each only once.

Both are written in chunks: a million recipients are never in memory a second time.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha1
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, Row, exists, select, update

from rollcall.clock import parse_instant
from rollcall.domain.audience import Audience, Position, Recipient, write_canonically
from rollcall.domain.delivery import Status
from rollcall.domain.line_digest import LineDigest
from rollcall.domain.message import Channel
from rollcall.errors import InputError
from rollcall.ledger.canary_marks import mark_canaries
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import insert_listed, write_list, write_moment
from rollcall.ledger.sms_rules import SmsRules
from rollcall.ledger.tables import AudienceMember, Content, Delivery, Message

_NAMESPACE = uuid.UUID("6f1f5a0e-6e0b-5c0e-9d57-2f6a4c1b7a11")
"""Ours, drawn once: delivery ids are derived under it."""

CHUNK_ROWS: Final = 20_000
"""Rows in one insert: few enough to vanish in memory, enough that those of neighbouring ids, which
are claimed together, lie together."""

CHUNK_TEXTS: Final = 500
"""Contents in one insert; each may have tens of thousands of characters, twice."""

STOPPED_EARLY: Final = "stopped before it was handed over"

T = TypeVar("T")


class NewContent(NamedTuple):
    """One distinct rendered text."""

    content_digest: str
    text: str
    subject: str | None = None
    html: str | None = None
    segment_count: int | None = None


class NewDelivery(NamedTuple):
    """One delivery to record; without an address it is `not_attempted` and says why."""

    person_id: str
    channel: Channel
    status: Status
    address: str | None = None
    content_digest: str | None = None
    reason: str | None = None


_MEMBER_COLUMNS: Final = (
    "message_id", "person_id", "name", "email", "phone", "language", "home_country", "position",
    "via",
)  # fmt: skip
_DELIVERY_COLUMNS: Final = (
    "delivery_id", "message_id", "person_id", "channel", "address", "content_digest", "status",
    "reason", "attempt_count", "next_attempt_at", "country", "is_canary", "same_as", "is_opted_out",
)  # fmt: skip
_as_member_row = itemgetter(*_MEMBER_COLUMNS)
_as_delivery_row = itemgetter(*_DELIVERY_COLUMNS)
_INSERT_MEMBERS = insert_listed(AudienceMember, "members", *_MEMBER_COLUMNS)
_INSERT_CONTENTS = insert_listed(Content, "contents", "message_id", *NewContent._fields)
_INSERT_DELIVERIES = insert_listed(Delivery, "deliveries", *_DELIVERY_COLUMNS)


def derive_delivery_id(message_id: str, person_id: str, channel: Channel) -> str:
    """Return the id of a delivery; always the same, so that a repeat is recognised everywhere.

    It travels as Message-ID and client reference: it must not tell who the person is. Those of a
    message, and of its channels, begin alike: what is claimed and written together lies side by
    side in every index, also of a ledger that holds many messages.
    """
    place = _digest(message_id)[:12] + _digest(channel)[:2]
    return place + _digest(f"{message_id}\n{person_id}\n{channel}")[:18]


def _digest(name: str) -> str:
    return sha1(_NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()


def freeze_audience(
    ledger: Ledger,
    message_id: str,
    audience: Audience,
    recipients_digest: str | None = None,
    guard: Callable[[Connection], None] | None = None,
) -> bool:
    """Record who is meant and why; keeps what an earlier run has frozen.

    Args:
        ledger: Where to.
        message_id: Of which message.
        audience: Who is meant.
        recipients_digest: What `rollcall.domain.guards.digest_recipients` says of them.
        guard: Called before anything is written; what it raises leaves nothing frozen. With it, of
            messages that share a `recipients_digest` one is frozen at a time.

    Returns:
        Whether this call froze it.
    """
    with ledger.write() as connection:
        if _lock_message(connection, message_id).audience_digest is not None:
            return False
        if guard is not None:
            ledger.serialise(connection, recipients_digest or message_id)
            guard(connection)
        freeze_audience_in(connection, message_id, audience, recipients_digest)
        return True


def freeze_audience_in(
    connection: Connection,
    message_id: str,
    audience: Audience,
    recipients_digest: str | None = None,
) -> None:
    """Record who a message is for, of which nothing is frozen yet, within a transaction."""
    digest = _insert_members(connection, message_id, audience.recipients)
    connection.execute(
        update(Message)
        .where(Message.message_id == message_id)
        .values(audience_digest=digest, recipients_digest=recipients_digest)
    )


def load_audience(ledger: Ledger, message_id: str) -> list[Recipient]:
    """Return the frozen recipients of a message, by `person_id`."""
    query = (
        select(AudienceMember.__table__)
        .where(AudienceMember.message_id == message_id)
        .order_by(AudienceMember.person_id)
    )
    with ledger.read() as connection:
        return [recipient_from(row) for row in connection.execute(query).mappings()]


def record_deliveries(
    ledger: Ledger,
    message_id: str,
    contents: Iterable[NewContent],
    deliveries: Iterable[NewDelivery],
    now: datetime,
    *,
    life_safety: bool = False,
) -> bool:
    """Record what is to be sent, everything or nothing; keeps what an earlier run has recorded.

    Of a message that was refused meanwhile nothing is recorded, of one that was stopped nothing
    that would be sent. Who shares a number with others gets one SMS with them, who asked for no
    more texts none.

    Args:
        ledger: Where to.
        message_id: Of which message.
        contents: The distinct texts.
        deliveries: One for each recipient and channel, by `person_id`.
        now: The present moment; from then on they are due.
        life_safety: Send texts to those too who asked for no more.

    Returns:
        Whether this call recorded it.
    """
    with ledger.write() as connection:
        message = _lock_message(connection, message_id)
        if message.state == "refused" or _has_deliveries(connection, message_id):
            return False
        for texts in _chunks(contents, CHUNK_TEXTS):
            told = write_list((message_id, *one) for one in texts)
            connection.execute(_INSERT_CONTENTS, {"contents": told})
        is_personal = message.chat_id is not None
        rules = SmsRules.prepare(
            connection, message_id, is_personal=is_personal, life_safety=life_safety
        )
        due_at = write_moment(now)
        for chunk in _chunks(deliveries):
            rows = [_delivery_row(message_id, one, due_at) for one in chunk]
            rules.apply(connection, rows)
            if message.stopped_at is not None:
                _hold_back(rows)
            # by id, as two of the indexes are and as they are claimed: side by side on few pages
            told = write_list(sorted(map(_as_delivery_row, rows)))
            connection.execute(_INSERT_DELIVERIES, {"deliveries": told})
        mark_canaries(connection, message_id)
        return True


def refuse_message(ledger: Ledger, message_id: str, reason: str, now: datetime) -> bool:
    """Record that a message cannot be meant; never once deliveries of it are recorded.

    Returns:
        Whether this call refused it.

    Raises:
        InputError: There is no such message.
    """
    with ledger.write() as connection:
        state = _lock_message(connection, message_id).state
        if state not in ("accepted", "sending") or _has_deliveries(connection, message_id):
            return False
        refused = update(Message).where(Message.message_id == message_id)
        connection.execute(refused.values(state="refused", reason=reason, closed_at=now))
        return True


def _lock_message(connection: Connection, message_id: str) -> Row[Any]:
    """Return how far a message is, and keep others from moving it on until this is committed."""
    query = select(
        Message.state, Message.audience_digest, Message.chat_id, Message.stopped_at
    ).where(Message.message_id == message_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise InputError(f"there is no message {message_id!r}")
    return row


def _has_deliveries(connection: Connection, message_id: str) -> bool:
    query = select(exists().where(Delivery.message_id == message_id))
    return bool(connection.execute(query).scalar())


def _chunks(rows: Iterable[T], count: int = CHUNK_ROWS) -> Iterator[list[T]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, count)):
        yield chunk


def _insert_members(
    connection: Connection, message_id: str, recipients: Iterable[Recipient]
) -> str:
    """Store recipients in one pass; return what `digest_audience` says of them."""
    digest = LineDigest()
    for chunk in _chunks(recipients):
        told = [one.to_json() for one in chunk]
        digest.add(map(write_canonically, told))
        for one, columns in zip(chunk, told, strict=True):
            columns |= {"message_id": message_id, "home_country": one.home_country}
        members = write_list(map(_as_member_row, told))
        connection.execute(_INSERT_MEMBERS, {"members": members})
    return digest.hexdigest()


def recipient_from(row: Any) -> Recipient:
    """Make a recipient of a row with all columns of `audience_members`."""
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


def _delivery_row(message_id: str, delivery: NewDelivery, due_at: str | None) -> dict[str, Any]:
    return {
        "delivery_id": derive_delivery_id(message_id, delivery.person_id, delivery.channel),
        "message_id": message_id,
        "person_id": delivery.person_id,
        "channel": delivery.channel,
        "status": delivery.status,
        "address": delivery.address,
        "content_digest": delivery.content_digest,
        "reason": delivery.reason,
        "attempt_count": 0,
        "next_attempt_at": due_at if delivery.status == "waiting" else None,
        "country": None,
        "is_canary": False,
        "same_as": None,
        "is_opted_out": False,
    }


def _hold_back(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["status"] == "waiting":
            row |= {"status": "stopped", "reason": STOPPED_EARLY, "next_attempt_at": None}
