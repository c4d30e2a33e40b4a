"""When a check-in is due in a time zone: once a day, whatever summer time does to that day."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from rollcall.errors import InputError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


def parse_time(text: str) -> time:
    """Read a time of day, `HH:MM`.

    Raises:
        InputError: It is none.
    """
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) is None:
        raise InputError(f"{text!r} is no time of day (write 08:00)")
    return time.fromisoformat(text)


def parse_days(text: str) -> list[int]:
    """Read days of the week: `daily`, `mon-fri`, `sat,sun`; 0 is Monday.

    Raises:
        InputError: It names no days.
    """
    if text.strip().lower() == "daily":
        return list(range(len(DAYS)))
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = (one.strip() for one in part.partition("-"))
        last = last if dash else first
        if first not in DAYS or last not in DAYS:
            raise InputError(f"{text!r} names no days (write daily, mon-fri or mon,wed,fri)")
        begin, end = DAYS.index(first), DAYS.index(last)
        days.update((begin + one) % len(DAYS) for one in range((end - begin) % len(DAYS) + 1))
    return sorted(days)


def find_due(day: date, at: time, zone: tzinfo) -> datetime | None:
    """Return the moment of a local time, in UTC.

    A time that happens twice, as clocks go back, is its first one; one that does not happen, as
    they go forward, is the first minute after the gap.

    Args:
        day: The local day.
        at: The local time of day, whole minutes.
        zone: The time zone.

    Returns:
        None where the whole day does not happen (Samoa had no 30 December 2011).
    """
    wall = datetime.combine(day, at, zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # in a gap the later reading of the clock is the offset after it, and lies before it
    looked_at = wall.replace(fold=1).astimezone(UTC)
    gap = moment - looked_at
    if gap >= _DAY:
        return None
    offset_after = wall.replace(fold=1).utcoffset()
    while looked_at.astimezone(zone).utcoffset() != offset_after and looked_at < moment:
        looked_at += _MINUTE
    return looked_at


def list_due(
    at: time, days: Collection[int], zone: tzinfo, after: datetime, until: datetime
) -> Iterator[datetime]:
    """Yield every moment a check-in is due after one moment and until another, in order.

    Args:
        at: The local time of day.
        days: Days of the week, 0 is Monday.
        zone: The time zone.
        after: Not itself included.
        until: Included.
    """
    day = after.astimezone(zone).date() - _DAY
    last = until.astimezone(zone).date() + _DAY
    while day <= last:
        due_at = find_due(day, at, zone) if day.weekday() in days else None
        if due_at is not None and after < due_at <= until:
            yield due_at
        day += _DAY


def find_next(at: time, days: Collection[int], zone: tzinfo, after: datetime) -> datetime | None:
    """Return when a check-in is due next; None where no day of the week is named."""
    return next(list_due(at, days, zone, after, after + 9 * _DAY), None)


def day_of(due_at: datetime, at: time, zone: tzinfo) -> date:
    """Return the local day that a due moment stands for; a gap may have moved it past midnight."""
    day = due_at.astimezone(zone).date()
    return day if find_due(day, at, zone) == due_at else day - _DAY
