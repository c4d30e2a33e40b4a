"""How a message gets on: by channel, by route and country, and how long it took."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, func, or_, select

from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.tables import Attempt, Delivery, Message

SHARES_PCT: Final = (50, 90, 99)

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "waiting": ("waiting",),
    "sent": ("accepted",),
    "reached the network": ("at_carrier",),
    "reached the telephone": ("delivered",),
    "not delivered": ("not_delivered", "not_attempted", "stopped"),
    "unconfirmed": ("unconfirmed",),
}
"""Every status is in one of them: they add up to all deliveries."""


@dataclass(frozen=True, slots=True)
class ChannelProgress:
    """How far one channel is.

    Attributes:
        channel: Which.
        groups: Deliveries by the names of `GROUPS`.
    """

    channel: str
    groups: dict[str, int]

    @property
    def total(self) -> int:
        """Return all its deliveries."""
        return sum(self.groups.values())


@dataclass(frozen=True, slots=True)
class RouteProgress:
    """What the tries over one route to one country have come to.

    Attributes:
        route_id: The route.
        country: Of the numbers; None for email, and where it is not known.
        try_count: All tries.
        taken_count: Those that the route took over.
        arrived_count: Those of which a receipt says that they arrived.
        failed_count: Those of which an answer or a receipt says that they did not.
        uncertain_count: Those of which nobody knows.
    """

    route_id: str
    country: str | None
    try_count: int
    taken_count: int
    arrived_count: int
    failed_count: int
    uncertain_count: int


@dataclass(frozen=True, slots=True)
class TimeToShare:
    """When a share of a channel's deliveries was taken over.

    Attributes:
        channel: Which.
        share_pct: Of all that had an address, in %.
        reached_at: When; None: not yet.
    """

    channel: str
    share_pct: int
    reached_at: datetime | None


def group_counts(counts: StatusCounts) -> list[ChannelProgress]:
    """Return how far each channel is."""
    return [
        ChannelProgress(
            channel,
            {name: sum(by_status.get(one, 0) for one in them) for name, them in GROUPS.items()},
        )
        for channel, by_status in counts.items()
    ]


def read_routes(ledger: Ledger, message_id: str) -> list[RouteProgress]:
    """Return what the tries came to, by route and country, most first."""
    outcome, receipt = Attempt.outcome, Attempt.receipt_state
    failed = or_(
        receipt.in_(("failed", "missing")),
        and_(receipt.is_(None), outcome.not_in(("accepted", "uncertain"))),
    )
    figures = (
        func.count().label("try_count"),
        func.count().filter(outcome == "accepted").label("taken_count"),
        func.count().filter(receipt == "delivered").label("arrived_count"),
        func.count().filter(failed).label("failed_count"),
        func.count().filter(outcome == "uncertain", receipt.is_(None)).label("uncertain_count"),
    )
    query = (
        select(Attempt.route_id, Delivery.country, *figures)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .where(Delivery.message_id == message_id)
        .group_by(Attempt.route_id, Delivery.country)
    )
    with ledger.read() as connection:
        found = [RouteProgress(**row._asdict()) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-one.try_count, one.route_id, one.country or ""))


def read_times(ledger: Ledger, message_id: str, counts: StatusCounts) -> list[TimeToShare]:
    """Return when 50, 90 and 99 % of each channel's deliveries were first taken over.

    Args:
        ledger: Where they are.
        message_id: The message.
        counts: Its deliveries by channel and status.
    """
    places = {channel: _places(by_status) for channel, by_status in counts.items()}
    wanted = {place for them in places.values() for place in them.values()}
    with ledger.read() as connection:
        rows = connection.execute(_ranked(message_id, wanted)) if wanted else ()
        found = {(channel, place): at for channel, place, at in rows}
    return [
        TimeToShare(channel, share, found.get((channel, place)))
        for channel, them in places.items()
        for share, place in them.items()
    ]


def list_open_messages(ledger: Ledger, limit: int) -> list[str]:
    """Return the ids of messages with something left to do, the newest first."""
    query = (
        select(Message.message_id)
        .where(Message.closed_at.is_(None))
        .order_by(Message.accepted_at.desc())
        .limit(limit)
    )
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def is_moving(message: MessageRecord, counts: StatusCounts) -> bool:
    """Tell whether anything of a message is still to come that is worth waiting for."""
    waits = any(by_status.get("waiting") for by_status in counts.values())
    return message.state in ("accepted", "sending") or waits


def _places(by_status: dict[str, int]) -> dict[int, int]:
    """Return at which place, in the order of time, each share of a channel is reached."""
    total = sum(by_status.values()) - by_status.get("not_attempted", 0)
    return {share: math.ceil(total * share / 100) for share in SHARES_PCT} if total > 0 else {}


def _ranked(message_id: str, places: Iterable[int]) -> Select[Any]:
    """Return the query for channel, place and moment of the deliveries at some places."""
    tried_id = func.coalesce(Delivery.same_as, Delivery.delivery_id)
    first_at = func.min(Attempt.finished_at)
    firsts = (
        select(Delivery.channel, first_at.label("taken_at"))
        .join(Attempt, Attempt.delivery_id == tried_id)
        .where(Delivery.message_id == message_id, Attempt.outcome == "accepted")
        .group_by(Delivery.delivery_id, Delivery.channel)
        .subquery("firsts")
    )
    place = func.row_number().over(partition_by=firsts.c.channel, order_by=firsts.c.taken_at)
    ranked = select(firsts.c.channel, place.label("place"), firsts.c.taken_at).subquery("ranked")
    return select(ranked.c.channel, ranked.c.place, ranked.c.taken_at).where(
        ranked.c.place.in_(sorted(places))
    )
