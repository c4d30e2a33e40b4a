"""Mark the canaries of a large message, once its deliveries are recorded."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select, update

from rollcall.domain.canary import CANARY_MIN, is_canary
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.tables import Delivery

_ROWS_AT_ONCE: Final = 5_000
_MARKED = update(Delivery).where(in_list(Delivery.delivery_id, "ids")).values(is_canary=True)


def mark_canaries(connection: Connection, message_id: str) -> int:
    """Mark some of each country's SMS as sent ahead of the rest; none of a small message.

    Returns:
        How many were marked.
    """
    counts = _count_countries(connection, message_id)
    if counts.total() < CANARY_MIN:
        return 0
    chosen = list(_choose(connection, message_id, counts))
    connection.execute(_MARKED, {"ids": write_list(chosen)})
    return len(chosen)


def _count_countries(connection: Connection, message_id: str) -> Counter[str | None]:
    query = (
        select(Delivery.country, func.count().label("sms_count"))
        .where(*_is_sent_as_sms(message_id))
        .group_by(Delivery.country)
    )
    return Counter({row.country: row.sms_count for row in connection.execute(query)})


def _choose(connection: Connection, message_id: str, counts: Counter[str | None]) -> Iterator[str]:
    query = (
        select(Delivery.delivery_id, Delivery.country)
        .where(*_is_sent_as_sms(message_id))
        .order_by(Delivery.person_id)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    seen: Counter[str | None] = Counter()
    with connection.execute(query) as rows:
        for delivery_id, country in rows:
            if is_canary(seen[country], counts[country]):
                yield delivery_id
            seen[country] += 1


def _is_sent_as_sms(message_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.message_id == message_id,
        Delivery.channel == "sms",
        Delivery.next_attempt_at.is_not(None),
    )
