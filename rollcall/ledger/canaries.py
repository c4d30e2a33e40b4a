"""The first messages of a large send: what has come of them so far, by route and country."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.pending import count_unrecorded_canaries
from rollcall.ledger.tables import Attempt, Delivery


@dataclass(frozen=True, slots=True)
class CanaryCount:
    """How the canaries of one route in one country did.

    Attributes:
        route_id: The route.
        country: Of their numbers.
        taken_count: How many it took over.
        returned_count: Of how many of those a receipt proves arrival.
    """

    route_id: str
    country: str | None
    taken_count: int
    returned_count: int


def count_canaries(ledger: Ledger, message_id: str) -> tuple[int, datetime | None]:
    """Return how many canaries a message has, and when the first was tried."""
    query = (
        select(func.count(func.distinct(Delivery.delivery_id)), func.min(Attempt.started_at))
        .outerjoin(Attempt, Attempt.delivery_id == Delivery.delivery_id)
        .where(Delivery.message_id == message_id, Delivery.is_canary)
    )
    with ledger.read() as connection:
        count, started_at = connection.execute(query).one()
    return count, started_at


def read_canaries(ledger: Ledger, message_id: str) -> tuple[int, list[CanaryCount]]:
    """Return how many canaries are still to be heard of, and how the others did."""
    is_canary = and_(Delivery.message_id == message_id, Delivery.is_canary)
    returned = func.count().filter(Attempt.receipt_state == "delivered")
    query = (
        select(Attempt.route_id, Delivery.country, func.count(), returned)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .where(is_canary, Attempt.outcome == "accepted")
        .group_by(Attempt.route_id, Delivery.country)
    )
    open_query = select(func.count()).where(is_canary, Delivery.next_attempt_at.is_not(None))
    with ledger.read() as connection:
        open_count = count_unrecorded_canaries(connection, message_id)
        open_count += connection.execute(open_query).scalar_one()
        counts = [CanaryCount(*row) for row in connection.execute(query)]
    return open_count, counts
