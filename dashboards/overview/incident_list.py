"""The incidents of the map as a list: for those who read, and for the keyboard."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from dashboards.map.choice import AreaChoice
from dashboards.moments import moment_html
from dashboards.overview.areas import area_near
from dashboards.overview.picture import Picture
from dashboards.paging import Pages
from dashboards.tables import show_table
from dashboards.texts import as_html, one_line
from rollcall.domain.selection import Filter, Selection
from rollcall.sources.feeds.incident import Incident

_ON_A_PAGE: Final = 15
_COLUMNS: Final = ("Incident", "Severity", "When", "People near", "Where", "Has an area")


def show_incidents(choice: AreaChoice, picture: Picture) -> None:
    """Show the incidents, newest first, some at a time, and who is near each.

    Args:
        choice: Becomes the surroundings of an incident that somebody looks at.
        picture: Of now. Who is near is counted while the list is open alone.
    """
    incidents = picture.incidents
    key = f"{choice.key}_incidents_open"
    label = f"The {len(incidents):,} latest incidents as a list, with who is near"
    listed = st.expander(label, key=key, on_change="rerun")
    if not listed.open:
        return
    with listed:
        pages: Pages[int] = Pages("incidents", None, _ON_A_PAGE)
        rows = pages.read(lambda count, after: list(range(len(incidents))[(after or 0) :][:count]))
        cells = [_cells(incidents[row], picture) for row in rows]
        show_table(_COLUMNS, cells, numbers=("People near",))
        pages.show(lambda row: row + 1, "incidents")
        names = {incidents[row].incident_id: incidents[row].title for row in rows}
        st.selectbox(
            "Look at the people near",
            list(names),
            format_func=lambda one: one_line(names.get(one) or one),
            index=None,
            placeholder="one of these incidents",
            filter_mode="contains",
            key=f"{choice.key}_near",
            on_change=partial(_look, choice, incidents),
        )


def _cells(one: Incident, picture: Picture) -> list[str]:
    near = Filter(area=area_near([one]), recipient_type="people")
    return [
        as_html(one.title),
        as_html(one.severity),
        moment_html(one.occurred_at),
        f"{picture.count(Selection(filters=(near,))).people_count:,}",
        f"{one.latitude:.3f}, {one.longitude:.3f}",
        "yes" if one.area is not None else "no",
    ]


def _look(choice: AreaChoice, incidents: Sequence[Incident]) -> None:
    """Take what is near an incident for the area that is looked at."""
    chosen = st.session_state.get(f"{choice.key}_near")
    for one in incidents:
        if one.incident_id == chosen and (area := area_near([one])):
            choice.say(f"near {one.title}", area)
