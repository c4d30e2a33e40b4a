"""The incidents of the map as a list: for those who read, and for the keyboard."""

from typing import Final

import streamlit as st

from dashboards.moments import moment_html
from dashboards.paging import Pages
from dashboards.tables import show_table
from dashboards.texts import as_html
from rollcall.sources.feeds.incident import Incident

_ON_A_PAGE: Final = 15
_COLUMNS: Final = ("Incident", "Severity", "When", "Latitude", "Longitude", "Has an area")


def show_incidents(incidents: tuple[Incident, ...]) -> None:
    """Show the incidents, newest first, some at a time."""
    with st.expander(f"The {len(incidents):,} latest incidents as a list"):
        pages: Pages[int] = Pages("incidents", None, _ON_A_PAGE)
        rows = pages.read(lambda count, after: list(range(len(incidents))[(after or 0) :][:count]))
        show_table(
            _COLUMNS, [_cells(incidents[row]) for row in rows], numbers=("Latitude", "Longitude")
        )
        pages.show(lambda row: row + 1, "incidents")


def _cells(one: Incident) -> list[str]:
    return [
        as_html(one.title),
        as_html(one.severity),
        moment_html(one.occurred_at),
        f"{one.latitude:.3f}",
        f"{one.longitude:.3f}",
        "yes" if one.area is not None else "no",
    ]
