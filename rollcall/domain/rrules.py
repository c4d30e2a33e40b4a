"""RRULEs of RFC 5545 as administrators write them: one rule, by the clocks of a zone.

Whether Prefect understands one and when it fires is asked of Prefect (`rollcall.schedules.rules`).
"""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rollcall.errors import InputError

_START: Final = re.compile(r"DTSTART:([0-9]{8}T[0-9]{6})")
_RULE: Final = re.compile(r"(?:RRULE:)?([A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*)")
_OFTEN_ENOUGH: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
_MOST_CHARS: Final = 1000
_LONGEST_AGO: Final = timedelta(days=366)


def parse_rrule(text: str, zone: ZoneInfo, now: datetime) -> str:
    """Read an RRULE, and let it begin at a certain moment.

    Without a DTSTART it begins with today, at midnight: an hour that is named without its minute is
    the full hour, and every second week is counted from this one.

    Args:
        text: `FREQ=…;…`, perhaps after `RRULE:`, perhaps with a line `DTSTART:20261201T090000`.
        zone: By whose clocks it is meant.
        now: The present moment.

    Returns:
        Two lines, as Prefect keeps them.

    Raises:
        InputError: It is none, has more than one rule, or names an offset or a zone of its own.
    """
    lines = text.upper().split()
    starts = [one for one in lines if one.startswith("DTSTART")]
    rules = [one for one in lines if not one.startswith("DTSTART")]
    matched = _RULE.fullmatch(rules[0]) if len(rules) == 1 and len(text) <= _MOST_CHARS else None
    if matched is None or len(starts) > 1:
        raise InputError(
            f"{text[:100]!r} is no RRULE: write one rule, such as FREQ=WEEKLY;BYDAY=MO;BYHOUR=7"
        )
    _require_sense(matched[1])
    start = _read_start(starts[0], zone, now) if starts else f"{now.astimezone(zone):%Y%m%d}T000000"
    return f"DTSTART:{start}\nRRULE:{matched[1]}"


def _require_sense(rule: str) -> None:
    parts = dict(part.split("=") for part in rule.split(";"))
    if parts.get("FREQ") not in _OFTEN_ENOUGH:
        raise InputError(f"an RRULE needs a FREQ: one of {', '.join(_OFTEN_ENOUGH)}")
    if parts.get("UNTIL", "").endswith("Z"):
        raise InputError("UNTIL is meant by the clocks of the time zone: write it without Z")
    if not re.fullmatch(r"[1-9][0-9]{0,3}", parts.get("INTERVAL", "1")):
        raise InputError("INTERVAL is a number from 1 to 9999")


def _read_start(line: str, zone: ZoneInfo, now: datetime) -> str:
    matched = _START.fullmatch(line)
    try:
        start = datetime.strptime(matched[1], "%Y%m%dT%H%M%S") if matched else None  # noqa: DTZ007 - by the clocks of the zone
    except ValueError:
        start = None
    if matched is None or start is None:
        raise InputError(
            f"{line!r} is no beginning: write DTSTART:20261201T090000, by the clocks of the time "
            "zone, without Z and TZID"
        )
    if start.replace(tzinfo=zone) < now - _LONGEST_AGO:
        raise InputError("DTSTART is more than a year ago: let it begin later")
    return matched[1]
