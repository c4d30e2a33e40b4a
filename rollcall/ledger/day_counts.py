"""What the tries of one day came to, counted from their rows: seconds for a million of them.

A try belongs to the day, in UTC, on which it ended. So that pages need not count, days that are
over are kept (`rollcall.ledger.counted_days`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, false, func, or_, select

from rollcall.domain.deliverability import DaySums, TryFacts, TryGroup, TrySums, limit_reasons
from rollcall.ledger.spans import TenthsBetween
from rollcall.ledger.tables import Attempt, Content, Delivery, Receipt


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Which tries are counted, and from when on their receipts are awaited still.

    Attributes:
        start: Those that ended then or later.
        end: And before then.
        route_ids: Over these routes.
        awaited_since: By route: of those that ended then or later receipts are awaited.
    """

    start: datetime
    end: datetime
    route_ids: Sequence[str]
    awaited_since: Mapping[str, datetime]


def count_tries_of(connection: Connection, span: DaySpan) -> DaySums:
    """Count what tries came to, by channel, route and country.

    Tries of which the same is known are counted by the database; what they came to is told from
    some thousand such groups. Each try, its delivery and its content are read once.

    Args:
        connection: A transaction that reads.
        span: Which tries.
    """
    sums: DaySums = {}
    for channel, route_id, country, *facts, count in connection.execute(_count_alike(span)):
        group = TryGroup(channel, route_id, country)
        sums.setdefault(group, TrySums()).count(TryFacts(*facts), count)
    for one in sums.values():
        one.reasons = limit_reasons(one.reasons)
    return sums


def _count_alike(span: DaySpan) -> Select[Any]:
    """Return the query for how many tries there are of each group and each set of facts."""
    is_text = and_(
        Delivery.channel == "sms",
        Content.message_id == Delivery.message_id,
        Content.content_digest == Delivery.content_digest,
    )
    facts: dict[str, Any] = {
        "outcome": Attempt.outcome,
        "receipt_state": Attempt.receipt_state,
        "receipt_level": Attempt.receipt_level,
        "is_permanent": Attempt.receipt_is_permanent,
        "code": case(
            (Attempt.receipt_state.is_not(None), Attempt.receipt_code), else_=Attempt.provider_code
        ),
        "segment_count": func.coalesce(Content.segment_count, 0),
        "is_awaited": case((_is_awaited(span), 1), else_=0),
        "tenths": case((Attempt.receipt_state == "delivered", _tenths_to_proof())),
    }
    tries = (
        select(
            Delivery.channel,
            Attempt.route_id,
            Delivery.country,
            *(fact.label(name) for name, fact in facts.items()),
        )
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .outerjoin(Content, is_text)
        .where(
            Attempt.route_id.in_(span.route_ids),
            Attempt.finished_at >= span.start,
            Attempt.finished_at < span.end,
        )
        .subquery()
    )
    *kept, tenths = tries.c
    alike = select(*kept, _to_two_digits(tenths).label("tenths")).subquery()
    return select(*alike.c, func.count()).group_by(*alike.c)


def _tenths_to_proof() -> ColumnElement[Any]:
    """Return how long the first receipt took that proved arrival.

    By our own clocks: what providers say of theirs is not to be relied on.
    """
    first_at = (
        select(func.min(Receipt.received_at, type_=Receipt.received_at.type))
        .where(Receipt.attempt_id == Attempt.attempt_id, Receipt.state == "delivered")
        .correlate(Attempt)
        .scalar_subquery()
    )
    return TenthsBetween(Attempt.started_at, first_at)


def _to_two_digits(number: ColumnElement[Any]) -> ColumnElement[int]:
    """Round a count to two significant digits, up to a million."""
    unit = case((number < 100, 1), (number < 1_000, 10), (number < 10_000, 100), else_=1_000)  # noqa: PLR2004 - powers of ten
    return (number + unit // 2) // unit * unit


def _is_awaited(span: DaySpan) -> ColumnElement[bool]:
    return or_(
        false(),
        *(
            and_(Attempt.route_id == route_id, Attempt.finished_at >= since)
            for route_id, since in span.awaited_since.items()
        ),
    )
