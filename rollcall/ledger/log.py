"""The message log: what was sent, to whom, by which way, and what it came to."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from rollcall.domain.delivery import Status
from rollcall.domain.message import Channel
from rollcall.ledger.count_tables import DeliveryCount
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, record_from
from rollcall.ledger.pending import count_unrecorded
from rollcall.ledger.recording import derive_delivery_id
from rollcall.ledger.tables import Attempt, AudienceMember, Delivery, Message

StatusCounts = dict[str, dict[str, int]]
"""Deliveries by channel and status; or tries by route and outcome."""

PLACE_DIGITS: Final = 12
"""With how many digits the ids of all deliveries of a message begin alike."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One delivery as the log shows it; `route_id` and `provider_id` are of the latest try.

    Of a delivery that another one to the same number stands for (`same_as`), the tries are that
    one's.
    """

    delivery_id: str
    person_id: str
    name: str
    channel: Channel
    address: str | None
    route_id: str | None
    provider_id: str | None
    attempt_count: int
    status: Status
    reason: str | None
    next_attempt_at: datetime | None
    same_as: str | None = None
    is_opted_out: bool = False


def list_messages(ledger: Ledger, limit: int = 50) -> list[MessageRecord]:
    """Return the latest messages, newest first."""
    query = select(Message.__table__).order_by(Message.accepted_at.desc()).limit(limit)
    with ledger.read() as connection:
        return [record_from(row) for row in connection.execute(query)]


def count_statuses(ledger: Ledger, message_id: str) -> StatusCounts:
    """Return how many deliveries of a message there are, by channel and status.

    From the counters, which are of the same transactions as the deliveries: however large a message
    is, that reads a few rows. Those still to be recorded wait too, or are held back where the
    message was stopped.
    """
    with ledger.read() as connection:
        # in this order: what is recorded in between is counted twice, never missed
        unrecorded = count_unrecorded(connection, message_id)
        counts = _count_recorded(connection, message_id)
        if unrecorded:
            mine = select(Message.stopped_at).where(Message.message_id == message_id)
            status = "waiting" if connection.execute(mine).scalar() is None else "stopped"
            for channel, count in unrecorded.items():
                by_status = counts.setdefault(channel, {})
                by_status[status] = by_status.get(status, 0) + count
    return counts


def _count_recorded(connection: Connection, message_id: str) -> StatusCounts:
    counted = func.sum(DeliveryCount.delivery_count)
    query = (
        select(DeliveryCount.channel, DeliveryCount.status, counted)
        .where(DeliveryCount.message_id == message_id)
        .group_by(DeliveryCount.channel, DeliveryCount.status)
        .having(counted != 0)
        .order_by(DeliveryCount.channel, DeliveryCount.status)
    )
    return _count(connection, query)


def count_given_up(ledger: Ledger, message_id: str) -> int:
    """Count deliveries that were not delivered although no route called the recipient hopeless.

    A route says so at once, or by a receipt.
    """
    tried_id = func.coalesce(Delivery.same_as, Delivery.delivery_id)
    is_hopeless = or_(Attempt.outcome == "refused", Attempt.receipt_is_permanent.is_(True))
    was_refused = exists().where(Attempt.delivery_id == tried_id, is_hopeless)
    query = select(func.count()).where(
        Delivery.message_id == message_id, Delivery.status == "not_delivered", not_(was_refused)
    )
    with ledger.read() as connection:
        return connection.execute(query).scalar_one()


def count_outcomes(ledger: Ledger, message_id: str) -> StatusCounts:
    """Count the tries of a message by route and outcome; `in_flight` has none yet."""
    outcome = func.coalesce(Attempt.outcome, "in_flight")
    with ledger.read() as connection:
        query = (
            select(Attempt.route_id, outcome, func.count())
            .where(_is_try_of(connection, message_id))
            .group_by(Attempt.route_id, outcome)
            .order_by(Attempt.route_id, outcome)
        )
        return _count(connection, query)


def _is_try_of(connection: Connection, message_id: str) -> ColumnElement[bool]:
    """Tell of a try whether it is of a message.

    Where the deliveries of a message lie together, so do their tries. Otherwise they are found by a
    list of ids, which takes three times as long to sort and to look up.
    """
    is_of_it = Delivery.message_id == message_id
    found = select(func.count(), func.count().filter(is_of_it)).where(
        _is_in_place(Delivery.delivery_id, message_id)
    )
    count = _count_deliveries(connection, message_id)
    if connection.execute(found).one() == (count, count):
        return _is_in_place(Attempt.delivery_id, message_id)
    return Attempt.delivery_id.in_(select(Delivery.delivery_id).where(is_of_it))


def _is_in_place(delivery_id: Any, message_id: str) -> ColumnElement[bool]:
    """Tell of the id of a delivery whether it lies where those of a message do.

    Each begins with twelve hexadecimal digits of the message (`derive_delivery_id`); those that an
    earlier version has recorded do not, and nothing but a count tells that no other message's lie
    there.
    """
    place = derive_delivery_id(message_id, "", "sms")[:PLACE_DIGITS]
    is_in_place: ColumnElement[bool] = and_(delivery_id >= place, delivery_id < f"{place}g")
    return is_in_place


def _count_deliveries(connection: Connection, message_id: str) -> int:
    counted = func.coalesce(func.sum(DeliveryCount.delivery_count), 0)
    query = select(counted).where(DeliveryCount.message_id == message_id)
    return int(connection.execute(query).scalar_one())


def read_log(ledger: Ledger, message_id: str) -> list[LogEntry]:
    """Return every delivery of a message, by person and channel."""
    leader = aliased(Delivery)
    attempt_count = func.coalesce(leader.attempt_count, Delivery.attempt_count)
    tried_id = func.coalesce(Delivery.same_as, Delivery.delivery_id)
    is_latest = (Attempt.delivery_id == tried_id) & (Attempt.number == attempt_count)
    query = (
        select(
            Delivery.delivery_id,
            Delivery.person_id,
            AudienceMember.name,
            Delivery.channel,
            Delivery.address,
            Attempt.route_id,
            Attempt.provider_id,
            attempt_count,
            Delivery.status,
            Delivery.reason,
            Delivery.next_attempt_at,
            Delivery.same_as,
            Delivery.is_opted_out,
        )
        .join(
            AudienceMember,
            (AudienceMember.message_id == Delivery.message_id)
            & (AudienceMember.person_id == Delivery.person_id),
        )
        .outerjoin(leader, leader.delivery_id == Delivery.same_as)
        .outerjoin(Attempt, is_latest)
        .where(Delivery.message_id == message_id)
        .order_by(Delivery.person_id, Delivery.channel)
    )
    with ledger.read() as connection:
        return [LogEntry(*row) for row in connection.execute(query)]


def _count(connection: Connection, query: Select[tuple[str, str, int]]) -> StatusCounts:
    counts: StatusCounts = defaultdict(dict)
    for group, name, count in connection.execute(query):
        counts[group][name] = count
    return dict(counts)
