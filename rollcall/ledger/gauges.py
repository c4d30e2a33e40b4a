"""What the ledger amounts to, counted for metrics and `rollcall status`; nothing of it is personal.

Everything is asked of an index, but for what the messages of a day have come to: that reads their
deliveries, and whoever asks for it often must remember the answer (`rollcall.metrics`).
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from rollcall.domain.tries import Outcome
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.run_tables import Run
from rollcall.ledger.tables import Attempt, Delivery, Message, Receipt

Counts = dict[tuple[str, str], int]
"""By two names, such as a route's and an outcome's."""


class QueueDepth(NamedTuple):
    """What of one message waits over one channel.

    Attributes:
        message_id: The message.
        channel: Over which its deliveries go.
        waiting_count: Deliveries in the queue, also those whose receipt is awaited.
        untried_count: Those of them that nobody has tried yet.
        due_at: When the first of them was due, or will be.
        accepted_at: When the message was accepted.
    """

    message_id: str
    channel: str
    waiting_count: int
    untried_count: int
    due_at: datetime
    accepted_at: datetime


class RecentTry(NamedTuple):
    """What a try came to, and when."""

    outcome: Outcome
    finished_at: datetime


def read_queue_depths(ledger: Ledger) -> list[QueueDepth]:
    """Return what waits, by message and channel; reads the index of the queue and nothing else."""
    waiting = (
        select(
            Delivery.message_id,
            Delivery.channel,
            func.count(),
            func.count().filter(Delivery.attempt_count == 0),
            func.min(Delivery.next_attempt_at),
        )
        .where(Delivery.next_attempt_at.is_not(None))
        .group_by(Delivery.message_id, Delivery.channel)
        .order_by(Delivery.message_id, Delivery.channel)
    )
    with ledger.read() as connection:
        rows = connection.execute(waiting).all()
        accepted_at = _read_acceptances(connection, {row[0] for row in rows})
    return [
        QueueDepth(
            message_id, channel, waiting_count, untried_count, due_at, accepted_at[message_id]
        )
        for message_id, channel, waiting_count, untried_count, due_at in rows
        if due_at is not None
    ]


def count_messages(ledger: Ledger) -> dict[str, int]:
    """Count all messages by state."""
    query = select(Message.state, func.count()).group_by(Message.state).order_by(Message.state)
    with ledger.read() as connection:
        return dict(connection.execute(query).tuples().all())


def count_open_messages(ledger: Ledger) -> dict[str, int]:
    """Count the messages with something left to do, by state; reads their index only."""
    query = select(Message.state, func.count()).where(Message.closed_at.is_(None))
    with ledger.read() as connection:
        return dict(connection.execute(query.group_by(Message.state)).tuples().all())


def count_troubled_messages(ledger: Ledger) -> int:
    """Count the messages with something left to do of which a run has failed."""
    failed = select(func.count(Run.message_id.distinct())).where(Run.end == "failed")
    query = failed.join(Message, Message.message_id == Run.message_id)
    with ledger.read() as connection:
        return connection.execute(query.where(Message.closed_at.is_(None))).scalar_one()


def count_deliveries_since(ledger: Ledger, since: datetime) -> Counts:
    """Count the deliveries of messages accepted since a moment, by channel and status."""
    recent = select(Message.message_id).where(Message.accepted_at >= since)
    query = (
        select(Delivery.channel, Delivery.status, func.count())
        .where(Delivery.message_id.in_(recent))
        .group_by(Delivery.channel, Delivery.status)
    )
    return _count(ledger, query)


def list_tried_routes(ledger: Ledger) -> list[str]:
    """Return the routes over which anything was ever tried; a look into the index for each."""
    first = select(func.min(Attempt.route_id)).where(Attempt.finished_at.is_not(None))
    route_ids: list[str] = []
    with ledger.read() as connection:
        found = connection.execute(first).scalar_one()
        while found is not None:
            route_ids.append(found)
            found = connection.execute(first.where(Attempt.route_id > found)).scalar_one()
    return route_ids


def count_tries(ledger: Ledger, since: datetime, until: datetime) -> Counts:
    """Count the tries that were finished in `[since, until)`, by route and outcome."""
    counts: Counts = {}
    for route_id in list_tried_routes(ledger):
        query = (
            select(Attempt.route_id, Attempt.outcome, func.count())
            .where(Attempt.route_id == route_id)
            .where(Attempt.finished_at >= since, Attempt.finished_at < until)
            .group_by(Attempt.route_id, Attempt.outcome)
        )
        counts |= _count(ledger, query)
    return counts


def count_reports(ledger: Ledger, since: datetime, until: datetime) -> Counts:
    """Count the receipts that came in `[since, until)`, by route and state."""
    query = (
        select(Receipt.route_id, Receipt.state, func.count())
        .where(Receipt.received_at >= since, Receipt.received_at < until)
        .group_by(Receipt.route_id, Receipt.state)
    )
    return _count(ledger, query)


def read_latest_tries(
    ledger: Ledger, route_id: str, since: datetime, limit: int
) -> list[RecentTry]:
    """Return the last tries over a route that were finished since a moment, oldest first."""
    query = (
        select(Attempt.outcome, Attempt.finished_at)
        .where(Attempt.route_id == route_id, Attempt.finished_at >= since)
        .order_by(Attempt.finished_at.desc())
        .limit(limit)
    )
    with ledger.read() as connection:
        return [RecentTry(*row) for row in connection.execute(query)][::-1]


def _read_acceptances(connection: Connection, message_ids: set[str]) -> dict[str, datetime]:
    query = select(Message.message_id, Message.accepted_at).where(
        in_list(Message.message_id, "ids")
    )
    return {row[0]: row[1] for row in connection.execute(query, {"ids": write_list(message_ids)})}


def _count(ledger: Ledger, query: Select[Any]) -> Counts:
    with ledger.read() as connection:
        return {(first, second): count for first, second, count in connection.execute(query)}
