"""Days whose tries are counted, kept: each is counted until no receipt may come any more.

Today is counted anew each time. A day that is over is kept, and counted again once an hour while
receipts of it may come: a week, as mail servers try for up to five days (RFC 5321, 4.5.4.1) and
carriers keep an SMS for three. After that it stays as it is, whoever looks.

Several processes may do this at once: of two counts of a day the later one stays.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final

from sqlalchemy import delete, func, insert, select

from rollcall.domain.deliverability import DaySums, sums_from_json, sums_to_json
from rollcall.ledger.count_tables import CountedDay
from rollcall.ledger.day_counts import DaySpan, count_tries_of
from rollcall.ledger.engine import Ledger
from rollcall.ledger.gauges import list_tried_routes
from rollcall.ledger.tables import Attempt

SETTLED_AFTER: Final = timedelta(days=7)
"""How long after its end a day's receipts may come."""

COUNTED_EVERY: Final = timedelta(hours=1)
"""How often a day that is over and not settled is counted again."""

BUDGET_S: Final = 5.0
"""How long days are counted at a time, beside today; a day that is begun is counted to its end."""


@dataclass(frozen=True, slots=True)
class Counting:
    """What was counted just now.

    Attributes:
        counted_at: When.
        first: The first day of which there are tries; None where nothing was ever tried.
        today: What today's tries have come to so far.
        left: The days that are over and are still to be counted, the latest first.
    """

    counted_at: datetime
    first: date | None
    today: DaySums
    left: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class KeptDay:
    """A day that is over.

    Attributes:
        counted_at: When its tries were counted.
        sums: What they came to.
    """

    counted_at: datetime
    sums: DaySums


def count_days(
    ledger: Ledger,
    now: datetime,
    deadlines_s: Mapping[str, float],
    budget_s: float = BUDGET_S,
    seconds: Callable[[], float] = time.monotonic,
) -> Counting:
    """Count today, and keep what days that are over came to, the latest first, as far as time goes.

    Safe to call at any time, also at once, and to be cut off anywhere.

    Args:
        ledger: Where the tries are.
        now: The present moment.
        deadlines_s: By route that sends receipts: for how many seconds each is awaited.
        budget_s: How long days that are over are counted; the first one in any case.
        seconds: A clock that never goes back.
    """
    route_ids = tuple(list_tried_routes(ledger))
    first = _find_first(ledger, route_ids)
    if first is None:
        return Counting(now, None, {}, ())
    today = now.astimezone(UTC).date()
    waits = {one: now - timedelta(seconds=wait_s) for one, wait_s in deadlines_s.items()}
    left = list(_list_due(ledger, first, today, now))
    until_s = seconds() + budget_s
    while left:
        day = left.pop(0)
        _keep(ledger, day, now, _count(ledger, day, route_ids, waits))
        if seconds() >= until_s:
            break
    return Counting(now, first, _count(ledger, today, route_ids, waits), tuple(left))


def find_first_day(ledger: Ledger) -> date | None:
    """Return the first day of which there are tries, by index; None where nothing was tried."""
    return _find_first(ledger, tuple(list_tried_routes(ledger)))


def load_days(ledger: Ledger, first: date, last: date) -> dict[date, KeptDay]:
    """Return what is kept of days from a first to a last one, by day."""
    query = (
        select(CountedDay.day, CountedDay.counted_at, CountedDay.sums)
        .where(CountedDay.day >= first.isoformat(), CountedDay.day <= last.isoformat())
        .order_by(CountedDay.day)
    )
    with ledger.read() as connection:
        return {
            date.fromisoformat(day): KeptDay(counted_at, sums_from_json(sums))
            for day, counted_at, sums in connection.execute(query)
        }


def is_settled(day: date, counted_at: datetime) -> bool:
    """Tell whether a day was counted when no receipt of it was to come any more."""
    return counted_at >= _starts_at(day + timedelta(days=1)) + SETTLED_AFTER


def _list_due(ledger: Ledger, first: date, today: date, now: datetime) -> Iterator[date]:
    """Yield the days that are over and are to be counted now, the latest first."""
    with ledger.read() as connection:
        rows = connection.execute(select(CountedDay.day, CountedDay.counted_at))
        counted = {date.fromisoformat(day): counted_at for day, counted_at in rows}
    day = today - timedelta(days=1)
    while day >= first:
        counted_at = counted.get(day)
        is_fresh = counted_at is not None and now - counted_at < COUNTED_EVERY
        if counted_at is None or not (is_fresh or is_settled(day, counted_at)):
            yield day
        day -= timedelta(days=1)


def _find_first(ledger: Ledger, route_ids: tuple[str, ...]) -> date | None:
    first_at = select(func.min(Attempt.finished_at, type_=Attempt.finished_at.type))
    with ledger.read() as connection:
        found = [
            connection.execute(first_at.where(Attempt.route_id == one)).scalar_one()
            for one in route_ids
        ]
    return min(one for one in found if one is not None).date() if found else None


def _count(
    ledger: Ledger, day: date, route_ids: tuple[str, ...], waits: Mapping[str, datetime]
) -> DaySums:
    start = _starts_at(day)
    span = DaySpan(start, start + timedelta(days=1), route_ids, waits)
    with ledger.read() as connection:
        return count_tries_of(connection, span)


def _keep(ledger: Ledger, day: date, counted_at: datetime, sums: DaySums) -> None:
    row = {"day": day.isoformat(), "counted_at": counted_at, "sums": sums_to_json(sums)}
    known = select(CountedDay.counted_at).where(CountedDay.day == row["day"])
    with ledger.write() as connection:
        ledger.serialise(connection, "counted days")
        before = connection.execute(known).scalar()
        if before is not None and before > counted_at:
            return
        connection.execute(delete(CountedDay).where(CountedDay.day == row["day"]))
        connection.execute(insert(CountedDay).values(row))


def _starts_at(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), UTC)
