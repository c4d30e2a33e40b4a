"""When a schedule sends, as an administrator says it; what it comes to is Prefect's to say."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from rollcall.errors import InputError

MAX_NAME_CHARS: Final = 60

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_EVERY: Final = re.compile(r"([1-9][0-9]{0,5})\s*(s|min|h|d)")
_UNITS_S: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_LONGEST_S: Final = 366 * 86_400
_DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Timing:
    """One of a cron, an interval, a moment or an RRULE, in a time zone.

    Attributes:
        time_zone: IANA name of the zone that a cron is read in, and moments are shown in.
        cron: Five fields (minute, hour, day, month, weekday).
        every_s: Seconds between runs.
        once_at: The one moment, aware.
        rrule: An RRULE of RFC 5545 with its DTSTART, as `parse_rrule` returns it.
    """

    time_zone: str
    cron: str | None = None
    every_s: int | None = None
    once_at: datetime | None = None
    rrule: str | None = None


def require_schedule_name(name: str) -> str:
    """Return a name that can be a schedule's identity in Prefect, its slug.

    Raises:
        InputError: It cannot.
    """
    if len(name) <= MAX_NAME_CHARS and _NAME.fullmatch(name):
        return name
    raise InputError(
        f"the name {name!r} of a schedule must be small letters, digits and single dashes, "
        f"at most {MAX_NAME_CHARS} (write morning-advisory)"
    )


def parse_every(text: str) -> int:
    """Read an interval such as `90s`, `15min`, `6h` or `1d`, as seconds.

    Raises:
        InputError: It is none, or longer than a year.
    """
    match = _EVERY.fullmatch(text.strip())
    every_s = int(match[1]) * _UNITS_S[match[2]] if match else 0
    if not 0 < every_s <= _LONGEST_S:
        raise InputError(f"{text!r} is no interval up to a year (write 15min, 6h or 1d)")
    return every_s


def parse_once(text: str, zone: ZoneInfo) -> datetime:
    """Read the one moment of a schedule, as aware UTC; without an offset it is in the zone.

    Raises:
        InputError: It is no moment, or one that the zone's clocks leave out or show twice.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is no moment (write 2026-12-01T09:00)"
        raise InputError(told) from error
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    readings = {moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    if len(readings) == 1:
        return readings.pop()
    is_left_out = all(one.astimezone(zone).replace(tzinfo=None) != moment for one in readings)
    how = "does not exist" if is_left_out else "exists twice"
    raise InputError(
        f"{text!r} {how} in {zone.key}, whose clocks change: add an offset, or Z for UTC"
    )


def describe_cron(cron: str) -> str:
    """Say a cron in words where it is a common one, else as it is."""
    fields = cron.split()
    if len(fields) != 5:  # noqa: PLR2004 - the fields of a cron
        return cron
    minute, hour, day, month, weekday = fields
    if month != "*":
        return cron
    if (hour, day, weekday) == ("*", "*", "*"):
        return _describe_minutes(minute) or cron
    days = _describe_days(day, weekday)
    if days is None or not (minute.isdecimal() and hour.isdecimal()):
        return cron
    return f"{days} at {int(hour):02}:{int(minute):02}"


def describe_interval(every_s: int) -> str:
    """Say an interval in the largest unit that divides it, e.g. `every 6 h`."""
    unit = max(
        (unit for unit, unit_s in _UNITS_S.items() if every_s % unit_s == 0),
        key=_UNITS_S.__getitem__,
    )
    return f"every {every_s // _UNITS_S[unit]} {unit}"


def spell_interval(every_s: int) -> str:
    """Return an interval as `parse_every` reads it."""
    return describe_interval(every_s).removeprefix("every ").replace(" ", "")


def find_shortest_gap_s(moments: list[datetime]) -> float | None:
    """Return the shortest time between neighbouring moments, seconds; None with fewer than two."""
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    return min(gaps, default=timedelta()).total_seconds() if gaps else None


def _describe_minutes(minute: str) -> str | None:
    if minute.isdecimal():
        return f"every hour at :{int(minute):02}"
    if minute == "*":
        return "every minute"
    step = minute.removeprefix("*/")
    is_even = step.isdecimal() and 0 < int(step) < 60 and 60 % int(step) == 0  # noqa: PLR2004
    return f"every {int(step)} min" if is_even and step != minute else None


def _describe_days(day: str, weekday: str) -> str | None:
    if (day, weekday) == ("*", "*"):
        return "every day"
    if weekday == "*" and day.isdecimal():
        return f"day {int(day)} of each month"
    if day != "*":
        return None  # cron means days that match either field: that is not said in a few words
    names = [_name_days(one) for one in weekday.split(",")]
    return ", ".join(name for name in names if name) if all(names) else None


def _name_days(part: str) -> str | None:
    ends = part.split("-")
    if not all(one in "01234567" and len(one) == 1 for one in ends) or len(ends) > 2:  # noqa: PLR2004
        return None
    return "–".join(_DAYS[int(one)] for one in ends)  # noqa: RUF001 - a dash between days
