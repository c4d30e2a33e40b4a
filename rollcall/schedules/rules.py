"""When a schedule fires, as Prefect understands it.

What is shown as the next runs comes from the classes that Prefect's server schedules with: no other
reading of crons and of clock changes can differ from what happens (docs/schedules.md).
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from prefect.client.schemas.schedules import (
    SCHEDULE_TYPES,
    CronSchedule,
    IntervalSchedule,
    NoSchedule,
    RRuleSchedule,
)
from prefect.server.schemas import schedules as server
from pydantic import ValidationError

from rollcall.domain.schedule_times import Timing, describe_cron, describe_interval
from rollcall.errors import InputError

_CRON_FIELDS: Final = 5

_ONCE: Final = re.compile(r"COUNT=1(?![0-9])")

_LOOK_AHEAD: Final = timedelta(days=366 * 9)
"""Beyond the rarest cron that fires at all, 29 February, which a century may skip once."""


def make_rule(timing: Timing, now: datetime) -> SCHEDULE_TYPES:
    """Return a schedule of Prefect's.

    Args:
        timing: When.
        now: An interval counts from here.

    Raises:
        InputError: Prefect does not understand the cron or the zone, or it never fires.
    """
    try:
        rule = _make(timing, now)
    except ValidationError as error:
        raise InputError(_tell(timing)) from error
    if not list_next(rule, 1, now):
        raise InputError(_tell_never(timing))
    return rule


def list_next(rule: SCHEDULE_TYPES, count: int, now: datetime) -> list[datetime]:
    """Return the next moments at which Prefect fires, aware UTC; none for one that never does.

    Not to be called on an event loop.
    """
    if isinstance(rule, NoSchedule):
        return []
    served = getattr(server, type(rule).__name__).model_validate(rule.model_dump())
    try:
        dates: Sequence[datetime] = asyncio.run(
            served.get_dates(count, start=now, end=now + _LOOK_AHEAD)
        )
    except ValueError:  # croniter's: no such date in fifty years
        return []
    return sorted(datetime.fromtimestamp(one.timestamp(), UTC) for one in dates)


def timing_of(rule: SCHEDULE_TYPES) -> Timing | None:
    """Return a schedule as somebody would say it; None for one that never fires."""
    zone = zone_of(rule)
    if isinstance(rule, CronSchedule):
        return Timing(zone, cron=rule.cron)
    if isinstance(rule, IntervalSchedule):
        return Timing(zone, every_s=int(rule.interval.total_seconds()))
    return Timing(zone, rrule=rule.rrule) if isinstance(rule, RRuleSchedule) else None


def zone_of(rule: SCHEDULE_TYPES) -> str:
    """Return the name of a schedule's time zone."""
    return getattr(rule, "timezone", None) or "UTC"


def describe_rule(rule: SCHEDULE_TYPES) -> str:
    """Say when it fires: in words where there are few, else as it is written."""
    if isinstance(rule, CronSchedule):
        return describe_cron(rule.cron)
    if isinstance(rule, IntervalSchedule):
        return describe_interval(int(rule.interval.total_seconds()))
    if isinstance(rule, RRuleSchedule):
        return "once" if _ONCE.search(rule.rrule) else " ".join(rule.rrule.split())
    return "never"


def _make(timing: Timing, now: datetime) -> SCHEDULE_TYPES:
    if timing.cron is not None:
        if len(timing.cron.split()) != _CRON_FIELDS:
            raise InputError(_tell(timing))  # Prefect would read a sixth field as seconds
        return CronSchedule(cron=timing.cron, timezone=timing.time_zone)
    if timing.every_s is not None:
        every = timedelta(seconds=timing.every_s)
        return IntervalSchedule(interval=every, anchor_date=now, timezone=timing.time_zone)
    if timing.rrule is not None:
        return _make_recurring(timing, timing.rrule, now)
    if timing.once_at is None:
        raise AssertionError("a timing has a cron, an interval, an RRULE or a moment")
    return _make_once(timing.once_at, timing.time_zone)


def _make_recurring(timing: Timing, written: str, now: datetime) -> SCHEDULE_TYPES:
    """Write an RRULE, once it is certain that it fires.

    For one that never does Prefect would look through all days until the year 9999.
    """
    rule = RRuleSchedule(rrule=written, timezone=timing.time_zone)
    bounded = rule.to_rrule().replace(count=None, until=now + _LOOK_AHEAD)
    if bounded.after(now) is None:
        raise InputError(_tell_never(timing))
    return rule


def _make_once(moment: datetime, zone: str) -> SCHEDULE_TYPES:
    """Write the moment as the zone's clocks show it: Prefect reads no offset in an RRULE.

    Where they show it twice Prefect would take the first: such a moment is written in UTC.
    """
    for name in (zone, "UTC"):
        local = moment.astimezone(ZoneInfo(name))
        written = f"DTSTART:{local:%Y%m%dT%H%M%S}\nRRULE:FREQ=DAILY;COUNT=1"
        once = RRuleSchedule(rrule=written, timezone=name)
        if list_next(once, 1, moment - timedelta(days=1)) == [moment.replace(microsecond=0)]:
            break
    return once


def _spell(rrule: str) -> str:
    return rrule.rpartition("RRULE:")[2]


def _tell(timing: Timing) -> str:
    if timing.cron is not None:
        return (
            f"{timing.cron!r} is no cron that Prefect reads: minute, hour, day, month, "
            "weekday (write '0 7 * * 1-5')"
        )
    if timing.rrule is not None:
        return (
            f"{_spell(timing.rrule)!r} is no RRULE that Prefect reads (write FREQ=WEEKLY;BYDAY=MO)"
        )
    return f"Prefect knows no time zone {timing.time_zone!r}"


def _tell_never(timing: Timing) -> str:
    if timing.cron is not None:
        return f"{timing.cron!r} never fires: there is no such day"
    if timing.rrule is not None:
        return f"{_spell(timing.rrule)!r} never fires from now on"
    return "that moment is past"
