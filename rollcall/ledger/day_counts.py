"""What the tries of one day came to, counted from their rows: seconds for a million of them.

A try belongs to the day, in UTC, on which it ended. So that pages need not count, days that are
over are kept (`rollcall.ledger.counted_days`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    or_,
    select,
)

from rollcall.domain.deliverability import (
    DaySums,
    FailureReason,
    TryGroup,
    TrySums,
    limit_reasons,
)
from rollcall.ledger.spans import TenthsBetween
from rollcall.ledger.tables import Attempt, Content, Delivery, Receipt

_GROUP = (Delivery.channel, Attempt.route_id, Delivery.country)
_OF_DELIVERY = Delivery.delivery_id == Attempt.delivery_id

_OUTCOME, _RECEIPT = Attempt.outcome, Attempt.receipt_state
_HAS_ARRIVED = _RECEIPT == "delivered"
_WAS_TAKEN = or_(_OUTCOME == "accepted", _RECEIPT.in_(("accepted", "delivered", "failed")))
_HAS_FAILED = or_(
    _RECEIPT.in_(("failed", "missing")),
    and_(_RECEIPT.is_(None), _OUTCOME.not_in(("accepted", "uncertain"))),
)
_IS_OPEN = or_(_RECEIPT == "accepted", and_(_RECEIPT.is_(None), _OUTCOME == "accepted"))
_IS_UNKNOWN = and_(_RECEIPT.is_(None), _OUTCOME == "uncertain")


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

    Args:
        connection: A transaction that reads.
        span: Which tries.
    """
    sums: DaySums = {}
    for *group, counts in _read_counts(connection, span):
        sums[TryGroup(*group)] = TrySums(**counts)
    for channel, route_id, country, what, code, count in connection.execute(_why(span)):
        reasons = sums[TryGroup(channel, route_id, country)].reasons
        reasons[FailureReason(what, code)] += count
    for channel, route_id, country, tenths, count in connection.execute(_times(span)):
        sums[TryGroup(channel, route_id, country)].times[tenths] += count
    for one in sums.values():
        one.reasons = limit_reasons(one.reasons)
    return sums


def _read_counts(connection: Connection, span: DaySpan) -> list[tuple[Any, ...]]:
    has_content = and_(
        Content.message_id == Delivery.message_id, Content.content_digest == Delivery.content_digest
    )
    segments = func.sum(case((_WAS_TAKEN, func.coalesce(Content.segment_count, 0)), else_=0))
    figures = {
        "try_count": func.count(),
        "taken_count": func.count().filter(_WAS_TAKEN),
        "handset_count": func.count().filter(_HAS_ARRIVED, Attempt.receipt_level == "handset"),
        "carrier_count": func.count().filter(
            _HAS_ARRIVED, Attempt.receipt_level.is_distinct_from("handset")
        ),
        "failed_count": func.count().filter(_HAS_FAILED),
        "unknown_count": func.count().filter(_IS_UNKNOWN),
        "open_count": func.count().filter(_IS_OPEN),
        "awaited_count": func.count().filter(_IS_OPEN, _is_awaited(span)),
        "segment_count": cast(segments, Integer),
    }
    query = (
        select(*_GROUP, *figures.values())
        .join(Delivery, _OF_DELIVERY)
        .outerjoin(Content, has_content)
        .where(_is_within(span))
        .group_by(*_GROUP)
    )
    width = len(_GROUP)
    return [
        (*row[:width], dict(zip(figures, row[width:], strict=True)))
        for row in connection.execute(query)
    ]


def _why(span: DaySpan) -> Select[Any]:
    """Return the query for why tries failed: what a receipt says goes before an answer."""
    spoke = _RECEIPT.is_not(None)
    what = case(
        (_RECEIPT == "missing", "receipt_missing"),
        (and_(spoke, Attempt.receipt_is_permanent.is_(True)), "receipt_permanent"),
        (spoke, "receipt_failed"),
        else_=_OUTCOME,
    ).label("what")
    code = case((spoke, Attempt.receipt_code), else_=Attempt.provider_code).label("code")
    found = (
        select(*_GROUP, what, code)
        .join(Delivery, _OF_DELIVERY)
        .where(_is_within(span), _HAS_FAILED)
        .subquery()
    )
    return select(*found.c, func.count()).group_by(*found.c)


def _times(span: DaySpan) -> Select[Any]:
    """Return the query for how long the receipts took that proved arrival; the first of each try.

    Measured by our own clocks: what providers say of theirs is not to be relied on.
    """
    first_at = func.min(Receipt.received_at, type_=Receipt.received_at.type)
    tenths = TenthsBetween(Attempt.started_at, first_at).label("tenths")
    of_tries = (
        select(*_GROUP, tenths)
        .join(Delivery, _OF_DELIVERY)
        .join(Receipt, Receipt.attempt_id == Attempt.attempt_id)
        .where(_is_within(span), _HAS_ARRIVED, Receipt.state == "delivered")
        .group_by(*_GROUP, Attempt.attempt_id, Attempt.started_at)
        .subquery()
    )
    channel, route_id, country, taken = of_tries.c
    rounded = select(channel, route_id, country, _to_two_digits(taken).label("rounded")).subquery()
    return select(*rounded.c, func.count()).group_by(*rounded.c)


def _to_two_digits(number: ColumnElement[Any]) -> ColumnElement[int]:
    """Round a count to two significant digits, up to a million."""
    unit = case((number < 100, 1), (number < 1_000, 10), (number < 10_000, 100), else_=1_000)  # noqa: PLR2004 - powers of ten
    return (number + unit // 2) // unit * unit


def _is_within(span: DaySpan) -> ColumnElement[bool]:
    return and_(
        Attempt.route_id.in_(span.route_ids),
        Attempt.finished_at >= span.start,
        Attempt.finished_at < span.end,
    )


def _is_awaited(span: DaySpan) -> ColumnElement[bool]:
    return or_(
        false(),
        *(
            and_(Attempt.route_id == route_id, Attempt.finished_at >= since)
            for route_id, since in span.awaited_since.items()
        ),
    )
