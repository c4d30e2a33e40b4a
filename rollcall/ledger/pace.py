"""How quickly a message went out: when which part of it had been taken over by a route."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import func, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import load_message
from rollcall.ledger.tables import Attempt, Delivery

PARTS_PCT: Final = (50, 90, 99)
"""Parts of a message whose time is told."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly a message went out, in seconds since it was accepted.

    Attributes:
        tried_s: Until its first try began; None where nothing was tried.
        taken_s: Until so many percent of what could be sent were taken over; None where that many
            never were. Deliveries that share a number are one.
    """

    tried_s: float | None
    taken_s: Mapping[int, float | None]


def read_pace(ledger: Ledger, message_id: str) -> Pace:
    """Return how quickly a message went out, from its tries.

    Raises:
        InputError: There is no such message.
    """
    accepted_at = load_message(ledger, message_id).accepted_at
    sendable_count, first_at = _count_sendable(ledger, message_id)
    places = {part: ceil(sendable_count * part / 100) for part in PARTS_PCT}
    moments = _read_places(ledger, message_id, set(places.values()) - {0})

    def since(moment: datetime | None) -> float | None:
        return (moment - accepted_at).total_seconds() if moment else None

    taken_s = {part: since(moments.get(place)) for part, place in places.items()}
    return Pace(since(first_at), taken_s)


def _count_sendable(ledger: Ledger, message_id: str) -> tuple[int, datetime | None]:
    """Return how many deliveries could be sent, and when the first try of them began."""
    of_message = Delivery.message_id == message_id
    sendable = select(func.count()).where(
        of_message, Delivery.same_as.is_(None), Delivery.status != "not_attempted"
    )
    ids = select(Delivery.delivery_id).where(of_message)
    first = select(func.min(Attempt.started_at)).where(Attempt.delivery_id.in_(ids))
    with ledger.read() as connection:
        return connection.execute(sendable).scalar_one(), connection.execute(first).scalar_one()


def _read_places(ledger: Ledger, message_id: str, places: set[int]) -> dict[int, datetime]:
    """Return when the delivery was taken over that was the n-th to be, for each such place."""
    ids = select(Delivery.delivery_id).where(Delivery.message_id == message_id)
    taken = (
        select(func.min(Attempt.finished_at).label("taken_at"))
        .where(Attempt.delivery_id.in_(ids), Attempt.outcome == "accepted")
        .group_by(Attempt.delivery_id)
        .subquery()
    )
    place = func.row_number().over(order_by=taken.c.taken_at).label("place")
    numbered = select(place, taken.c.taken_at).subquery()
    query = select(numbered).where(numbered.c.place.in_(places))
    with ledger.read() as connection:
        return {row.place: row.taken_at for row in connection.execute(query)}
