"""How moments are printed that may not have come: to the second, or exactly for programs."""

from datetime import datetime

from rollcall.clock import format_instant


def show_instant(instant: datetime | None) -> str | None:
    """Return a moment for people, to the second."""
    return format_instant(instant.replace(microsecond=0)) if instant else None


def instant_to_json(instant: datetime | None) -> str | None:
    """Return a moment as the contract writes it."""
    return format_instant(instant) if instant else None
