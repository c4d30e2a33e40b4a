"""The only place that asks what time it is, so that tests can say it themselves."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the present moment as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment as an aware UTC datetime."""
        return datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 timestamp that carries an offset, as aware UTC.

    Raises:
        ValueError: The text is no timestamp or has no offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset (write 2026-11-23T06:00:00Z)")
    return instant.astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """Write an aware datetime as the contract does: UTC, `Z`, no needless fraction."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
