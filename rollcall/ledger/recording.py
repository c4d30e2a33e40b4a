"""Record the members of a frozen audience and their deliveries, portion by portion, each only once.

The transaction of a portion is short: whoever sends meanwhile waits for it. A portion is recorded
whole or not at all, and the last one with what says that it was the last (`audience_digest`).
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha1
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, delete, exists, select, update

from rollcall.clock import parse_instant
from rollcall.domain.audience import Position, Recipient
from rollcall.domain.chats import chat_id_of
from rollcall.domain.delivery import Status
from rollcall.domain.message import Channel
from rollcall.domain.phones import find_phone_country
from rollcall.ledger.chats import enrol_people
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import insert_listed, write_list, write_moment
from rollcall.ledger.pending import load_pending, lock_message
from rollcall.ledger.shared_numbers import mirror_shared
from rollcall.ledger.sms_rules import SmsRules
from rollcall.ledger.tables import (
    AudienceMember,
    Content,
    Delivery,
    Message,
    PendingAudience,
)

_SALT: Final = uuid.UUID("6f1f5a0e-6e0b-5c0e-9d57-2f6a4c1b7a11").bytes
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
    is_canary: bool = False


@dataclass(frozen=True, slots=True)
class Portion:
    """Some recipients side by side in a frozen audience, and what they get.

    Attributes:
        first: The place of the first of them.
        recipients: Who they are.
        contents: The distinct texts that none of those before them gets.
        deliveries: One for each recipient and channel.
        audience_digest: Where the audience ends with them, what `digest_audience` says of all.
    """

    first: int
    recipients: Sequence[Recipient]
    contents: Sequence[NewContent]
    deliveries: Sequence[NewDelivery]
    audience_digest: str | None = None


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
    return _place(message_id, channel) + _digest(f"{message_id}\n{person_id}\n{channel}")[:18]


@lru_cache(maxsize=64)
def _place(message_id: str, channel: Channel) -> str:
    return _digest(message_id)[:12] + _digest(channel)[:2]


def _digest(name: str) -> str:
    return sha1(_SALT + name.encode(), usedforsecurity=False).hexdigest()


def load_audience(ledger: Ledger, message_id: str) -> list[Recipient]:
    """Return the frozen recipients of a message, recorded or not yet, by `person_id`."""
    if pending := load_pending(ledger, message_id):
        return sorted(pending.recipients, key=attrgetter("person_id"))
    query = (
        select(AudienceMember.__table__)
        .where(AudienceMember.message_id == message_id)
        .order_by(AudienceMember.person_id)
    )
    with ledger.read() as connection:
        return [recipient_from(row) for row in connection.execute(query).mappings()]


def record_portion(
    ledger: Ledger,
    message_id: str,
    portion: Portion,
    rules: SmsRules,
    now: datetime,
    *,
    key: bytes | None = None,
) -> bool:
    """Record a portion of a frozen audience with its deliveries, unless somebody else has.

    Of a message that was refused meanwhile nothing is recorded, of one that was stopped nothing
    that would be sent. Who shares a number with others gets one SMS with them, who asked for no
    more texts none.

    Args:
        ledger: Where to.
        message_id: Of which message.
        portion: Which comes next.
        rules: Those of its SMS; they remember who leads.
        now: The present moment; from then on deliveries are due.
        key: What the tokens of the members of a conversation are made of; without, they get no
            links.

    Returns:
        Whether this call recorded it; if not, it is to be looked anew what comes next.
    """
    # whatever can be made before is: others wait for the ledger
    members = _write_members(message_id, portion.recipients)
    due_at = write_moment(now)
    rows = [_delivery_row(message_id, one, due_at) for one in portion.deliveries]
    with ledger.write() as connection:
        message = lock_message(connection, message_id)
        if message.state == "refused" or not _advance(connection, message_id, portion):
            return False
        connection.execute(_INSERT_MEMBERS, {"members": members})
        if message.chat_id == chat_id_of(message_id):
            enrol_people(connection, message_id, portion.recipients, key)
        for texts in _chunks(portion.contents, CHUNK_TEXTS):
            told = write_list((message_id, *one) for one in texts)
            connection.execute(_INSERT_CONTENTS, {"contents": told})
        _insert_deliveries(connection, rows, rules, is_stopped=message.stopped_at is not None)
        return True


def _advance(connection: Connection, message_id: str, portion: Portion) -> bool:
    """Note that a portion is recorded, if it is the next one; with the last nothing is pending."""
    mine = PendingAudience.message_id == message_id
    is_next = PendingAudience.recorded_count == portion.first
    if portion.audience_digest is not None:
        if connection.execute(delete(PendingAudience).where(mine, is_next)).rowcount == 0:
            return False
        digested = update(Message).where(Message.message_id == message_id)
        connection.execute(digested.values(audience_digest=portion.audience_digest))
        return True
    recorded_count = portion.first + len(portion.recipients)
    advanced = update(PendingAudience).where(mine, is_next).values(recorded_count=recorded_count)
    return connection.execute(advanced).rowcount > 0


def _insert_deliveries(
    connection: Connection, rows: list[dict[str, Any]], rules: SmsRules, *, is_stopped: bool
) -> None:
    rules.apply(connection, rows)
    if is_stopped:
        _hold_back(rows)
    for chunk in _chunks(rows):
        # by id, as two of the indexes are and as they are claimed: side by side on few pages
        told = write_list(sorted(map(_as_delivery_row, chunk)))
        connection.execute(_INSERT_DELIVERIES, {"deliveries": told})
    leader_ids = {row["same_as"] for row in rows if row["same_as"]}
    if leader_ids:  # one of them may have been tried already
        mirror_shared(connection, sorted(leader_ids))


def list_content_digests(ledger: Ledger, message_id: str) -> list[str]:
    """Return which texts of a message are recorded."""
    query = select(Content.content_digest).where(Content.message_id == message_id)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def refuse_message(ledger: Ledger, message_id: str, reason: str, now: datetime) -> bool:
    """Record that a message cannot be meant; never once deliveries of it are recorded.

    Returns:
        Whether this call refused it.

    Raises:
        InputError: There is no such message.
    """
    with ledger.write() as connection:
        state = lock_message(connection, message_id).state
        if state not in ("accepted", "sending") or _has_deliveries(connection, message_id):
            return False
        unneeded = delete(PendingAudience).where(PendingAudience.message_id == message_id)
        connection.execute(unneeded)
        refused = update(Message).where(Message.message_id == message_id)
        connection.execute(refused.values(state="refused", reason=reason, closed_at=now))
        return True


def _has_deliveries(connection: Connection, message_id: str) -> bool:
    query = select(exists().where(Delivery.message_id == message_id))
    return bool(connection.execute(query).scalar())


def _chunks(rows: Iterable[T], count: int = CHUNK_ROWS) -> Iterator[list[T]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, count)):
        yield chunk


def _write_members(message_id: str, recipients: Iterable[Recipient]) -> str:
    rows = []
    for one in recipients:
        told = one.to_json() | {"message_id": message_id, "home_country": one.home_country}
        rows.append(_as_member_row(told))
    return write_list(rows)


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
    number = delivery.address if delivery.channel == "sms" else None
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
        "country": find_phone_country(number) if number else None,
        "is_canary": delivery.is_canary and delivery.status == "waiting",
        "same_as": None,
        "is_opted_out": False,
    }


def _hold_back(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["status"] == "waiting":
            row |= {"status": "stopped", "reason": STOPPED_EARLY, "next_attempt_at": None}
