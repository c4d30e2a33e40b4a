"""The recipients of a message with their deliveries and tries, a page at a time."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, or_, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.log import count_statuses
from rollcall.ledger.tables import MISSED, Attempt, AudienceMember, Delivery

_MISSED: Final = ("not_delivered", "unconfirmed", "not_attempted", "stopped")

EXPORT_PAGE: Final = 2000
"""Recipients that an export reads at a time: its memory stays flat."""


@dataclass(frozen=True, slots=True)
class RecipientQuery:
    """Which recipients of a message are meant; all where nothing is said.

    Attributes:
        message_id: The message.
        text: In their name, whatever the case, or their id or address as it is.
        channel: Who has a delivery over it.
        status: Who has a delivery, over that channel if one is named, that came to this.
    """

    message_id: str
    text: str = ""
    channel: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class TryRow:
    """One try of a delivery, as the ledger keeps it."""

    delivery_id: str
    number: int
    route_id: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    reason: str | None
    provider_id: str | None
    provider_code: str | None
    receipt_state: str | None
    receipt_level: str | None
    receipt_code: str | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery, and its tries; those of another one to the same number, if that stands for it.

    Attributes:
        leader_name: Whose delivery that is.
    """

    delivery_id: str
    person_id: str
    channel: str
    address: str | None
    status: str
    reason: str | None
    attempt_count: int
    next_attempt_at: datetime | None
    same_as: str | None
    is_opted_out: bool
    leader_name: str | None = None
    tries: list[TryRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient as they were frozen, and what came of it."""

    person_id: str
    name: str
    email: str | None
    phone: str | None
    language: str | None
    position: dict[str, Any]
    via: list[dict[str, Any]]
    deliveries: list[DeliveryRow] = field(default_factory=list)


def read_recipients(
    ledger: Ledger, asked: RecipientQuery, limit: int, after: str | None = None
) -> list[RecipientRow]:
    """Return a page of recipients by their id.

    Args:
        ledger: Where they are.
        asked: Which are meant.
        limit: How many at most.
        after: The id of the last one of the page before; None: the first page.
    """
    if _is_nobody(ledger, asked):
        return []
    columns = ("person_id", "name", "email", "phone", "language", "position", "via")
    query = (
        select(*(getattr(AudienceMember, name) for name in columns))
        .where(*_conditions(asked))
        .order_by(AudienceMember.person_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(AudienceMember.person_id > after)
    with ledger.read() as connection:
        rows = [RecipientRow(**row._asdict()) for row in connection.execute(query)]
    return _with_deliveries(ledger, asked.message_id, rows)


def iterate_recipients(ledger: Ledger, asked: RecipientQuery) -> Iterator[RecipientRow]:
    """Yield all recipients that are meant, in short reads: nobody waits for a long one."""
    after: str | None = None
    while page := read_recipients(ledger, asked, EXPORT_PAGE, after):
        yield from page
        after = page[-1].person_id


def _with_deliveries(
    ledger: Ledger, message_id: str, rows: Sequence[RecipientRow]
) -> list[RecipientRow]:
    """Read deliveries and tries of a page, in two statements for however many."""
    by_person: dict[str, list[DeliveryRow]] = defaultdict(list)
    ids = write_list(row.person_id for row in rows)
    with ledger.read() as connection:
        found = connection.execute(_deliveries_of(message_id), {"people": ids})
        deliveries = [DeliveryRow(**row._asdict()) for row in found]
        tried = write_list({one.same_as or one.delivery_id for one in deliveries})
        tries: dict[str, list[TryRow]] = defaultdict(list)
        for found_try in connection.execute(_tries(), {"tried": tried}):
            tries[found_try.delivery_id].append(TryRow(**found_try._asdict()))
    for one in deliveries:
        one.tries.extend(tries[one.same_as or one.delivery_id])
        by_person[one.person_id].append(one)
    for row in rows:
        row.deliveries.extend(by_person[row.person_id])
    return list(rows)


def _deliveries_of(message_id: str) -> Select[Any]:
    leader, leading = Delivery.__table__.alias("leader"), AudienceMember.__table__.alias("leading")
    names = (
        "delivery_id", "person_id", "channel", "address", "status", "reason", "attempt_count",
        "next_attempt_at", "same_as", "is_opted_out",
    )  # fmt: skip
    is_leading = (leading.c.message_id == leader.c.message_id) & (
        leading.c.person_id == leader.c.person_id
    )
    return (
        select(*(getattr(Delivery, name) for name in names), leading.c.name.label("leader_name"))
        .outerjoin(leader, leader.c.delivery_id == Delivery.same_as)
        .outerjoin(leading, is_leading)
        .where(Delivery.message_id == message_id, in_list(Delivery.person_id, "people"))
        .order_by(Delivery.person_id, Delivery.channel)
    )


def _tries() -> Select[Any]:
    names = TryRow.__slots__
    return (
        select(*(getattr(Attempt, name) for name in names))
        .where(in_list(Attempt.delivery_id, "tried"))
        .order_by(Attempt.delivery_id, Attempt.number)
    )


def _is_nobody(ledger: Ledger, asked: RecipientQuery) -> bool:
    """Tell whether the counters say that no delivery is like that: nobody is looked at then."""
    if not (asked.channel or asked.status):
        return False
    counts = count_statuses(ledger, asked.message_id)
    return not any(
        count
        for channel, by_status in counts.items()
        for status, count in by_status.items()
        if asked.channel in (None, channel) and asked.status in (None, status)
    )


def _conditions(asked: RecipientQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [AudienceMember.message_id == asked.message_id]
    if text := asked.text.strip():
        is_named = func.lower(AudienceMember.name).contains(text.lower(), autoescape=True)
        exact = (AudienceMember.person_id, AudienceMember.email, AudienceMember.phone)
        conditions.append(or_(is_named, *(column == text for column in exact)))
    if asked.channel or asked.status:
        conditions.append(_has_delivery(asked))
    return conditions


def _has_delivery(asked: RecipientQuery) -> ColumnElement[bool]:
    """Tell of a recipient whether they have a delivery as asked for.

    Those that nobody may have got are few of many, and found by an index; others are looked for
    person by person, until the page is full.
    """
    meant = [Delivery.message_id == asked.message_id]
    if asked.channel:
        meant.append(Delivery.channel == asked.channel)
    if asked.status:
        meant.append(Delivery.status == asked.status)
    if asked.status in _MISSED:
        missed = select(Delivery.person_id).where(*meant, literal_column(f"deliveries.{MISSED}"))
        return AudienceMember.person_id.in_(missed)
    return exists().where(Delivery.person_id == AudienceMember.person_id, *meant)
