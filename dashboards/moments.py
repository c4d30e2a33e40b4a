"""Moments as whoever looks reads them: in their own zone, with UTC where one points at them."""

import html
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from rollcall.clock import format_instant

_JUST_NOW: Final = timedelta(minutes=1)


def viewers_zone() -> tzinfo:
    """Return the zone of whoever looks, as their browser says it; else UTC."""
    name = st.context.timezone
    try:
        return ZoneInfo(name) if isinstance(name, str) else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def tell_moment(moment: datetime | None) -> str:
    """Return a moment in the viewer's zone, to the second, with the zone's name."""
    if moment is None:
        return "–"  # noqa: RUF001 - a dash is meant
    return f"{moment.astimezone(viewers_zone()):%d %b %Y, %H:%M:%S %Z}"


def moment_html(moment: datetime | None) -> str:
    """Return a moment for `st.html`: in the viewer's zone, in UTC for whoever points at it."""
    if moment is None:
        return "–"  # noqa: RUF001 - a dash is meant
    instant = format_instant(moment.replace(microsecond=0))
    return f'<time datetime="{instant}" title="{instant}">{html.escape(tell_moment(moment))}</time>'


def tell_duration(span: timedelta) -> str:
    """Return how long something took, in the largest two units that say something."""
    total_s = max(0.0, span.total_seconds())
    if total_s < _JUST_NOW.total_seconds():
        return f"{total_s:.1f} s" if total_s < 10 else f"{total_s:.0f} s"  # noqa: PLR2004
    minutes, seconds = divmod(round(total_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
