"""Single values as feeds write them; what is none of its kind is an `EntryError`."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from rollcall.clock import parse_instant
from rollcall.sources.feeds.collecting import EntryError

ID_MAX_CHARS = 200
TITLE_MAX_CHARS = 300
URL_MAX_CHARS = 2000

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
"""As in every format read here; `float` would also take `nan`, `1_0` and other scripts' digits."""


def clean_text(text: str | None, max_chars: int) -> str:
    """Return one printable line: white space collapsed, controls gone, cut at `max_chars`."""
    printable = "".join(char if char.isprintable() else " " for char in text or "")
    line = " ".join(printable.split())
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def require_id(text: str | None, name: str) -> str:
    """Return an id.

    Raises:
        EntryError: It is missing, or too long to be one.
    """
    line = clean_text(text, ID_MAX_CHARS + 1)
    if not line:
        raise EntryError(f"it has no {name}")
    if len(line) > ID_MAX_CHARS:
        raise EntryError(f"its {name} is longer than {ID_MAX_CHARS} characters")
    return line


def require_title(*texts: str | None) -> str:
    """Return the first of the texts that is not empty, as a title.

    Raises:
        EntryError: All are empty.
    """
    for text in texts:
        title = clean_text(text, TITLE_MAX_CHARS)
        if title:
            return title
    raise EntryError("it has no title")


def read_url(text: str | None) -> str | None:
    """Return an http or https address; None for anything else, which a page must not link to."""
    address = (text or "").strip()
    if len(address) > URL_MAX_CHARS or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return address if is_web else None


def read_number(text: str | None, name: str) -> float:
    """Read a decimal number.

    Raises:
        EntryError: It is none.
    """
    stripped = (text or "").strip()
    if not _NUMBER.fullmatch(stripped):
        raise EntryError(f"its {name} is not a number")
    return float(stripped)


def check_point(latitude: float, longitude: float) -> tuple[float, float]:
    """Return a position as (latitude, longitude), WGS 84 degrees.

    Raises:
        EntryError: It is beyond ±90 or ±180.
    """
    if not abs(latitude) <= 90:  # noqa: PLR2004 - so that NaN is refused as well
        raise EntryError("its latitude is beyond ±90")
    if not abs(longitude) <= 180:  # noqa: PLR2004
        raise EntryError("its longitude is beyond ±180")
    return latitude, longitude


def read_moment(text: str | None, name: str) -> datetime:
    """Read an ISO 8601 timestamp with an offset, as aware UTC.

    Raises:
        EntryError: It is none.
    """
    try:
        return parse_instant((text or "").strip())
    except (ValueError, OverflowError) as exc:
        raise EntryError(f"its {name} is not a timestamp with an offset") from exc


def read_mail_date(text: str | None, name: str) -> datetime:
    """Read a date as RSS has it (RFC 822: `Sat, 12 Mar 2016 04:00:27 GMT`), as aware UTC.

    Raises:
        EntryError: It is none, or says no time zone.
    """
    try:
        moment = parsedate_to_datetime((text or "").strip())
        is_aware = moment.tzinfo is not None
        utc = moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError) as exc:
        raise EntryError(f"its {name} is not a date") from exc
    if not is_aware:
        raise EntryError(f"its {name} has no time zone")
    return utc
