"""The next runs of a schedule: in the viewer's zone and in its own, as Prefect counts them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboards.moments import moment_html
from dashboards.session import house
from dashboards.tables import show_table
from dashboards.texts import as_html
from rollcall.schedules.book import Schedule
from rollcall.schedules.rules import list_next

NEXT_COUNT: Final = 5
"""Runs that are shown ahead."""


def show_runs(ahead: Sequence[datetime], zone: str, *, is_active: bool = True) -> None:
    """Show when a schedule fires next.

    Args:
        ahead: The moments, aware.
        zone: The schedule's own.
        is_active: It fires; else it would.
    """
    if not ahead:
        st.markdown("It does not fire any more.")
        return
    caption = "Next runs" if is_active else "Next runs, if it were not paused"
    rows = [(moment_html(one), as_html(_tell_in(one, zone))) for one in ahead]
    show_table(("Your time", f"In {zone}"), rows, caption=caption)


def tell_next(schedule: Schedule) -> str:
    """Return, as HTML, whether a schedule fires, and when next."""
    ahead = list_next(schedule.rule, 1, house().clock.now())
    state = schedule.tell_state(ahead)
    return (
        f"<b>{state}</b>, next {moment_html(ahead[0])}" if state == "active" else f"<b>{state}</b>"
    )


def _tell_in(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M %Z}"
