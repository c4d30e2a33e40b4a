"""When a schedule sends, as it is typed: on a command line, or into a form. Imports no Prefect."""

from datetime import datetime

from rollcall.domain.rrules import parse_rrule
from rollcall.domain.schedule_times import Timing, parse_every, parse_once
from rollcall.errors import InputError
from rollcall.sources.people_facts import known_time_zones


def read_timing(
    time_zone: str,
    now: datetime,
    cron: str | None = None,
    every: str | None = None,
    once: str | None = None,
    rrule: str | None = None,
) -> Timing:
    """Read when a schedule sends; exactly one of the ways to say it is used.

    Args:
        time_zone: IANA name of the zone in which it is meant.
        now: The present moment.
        cron: Five fields.
        every: An interval, such as `6h`.
        once: One moment.
        rrule: An RRULE of RFC 5545.

    Raises:
        InputError: There is no such zone, or it cannot be read.
    """
    zone = known_time_zones().get(time_zone)
    if zone is None:
        raise InputError(f"there is no time zone {time_zone!r} (write Europe/Paris)")
    if sum(one is not None for one in (cron, every, once, rrule)) != 1:
        raise InputError("say when: one of --cron, --every, --once and --rrule")
    if cron is not None:
        return Timing(time_zone, cron=cron)
    if every is not None:
        return Timing(time_zone, every_s=parse_every(every))
    if once is not None:
        return Timing(time_zone, once_at=parse_once(once, zone))
    return Timing(time_zone, rrule=parse_rrule(rrule or "", zone, now))
