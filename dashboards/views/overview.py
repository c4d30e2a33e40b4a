"""Overview: where everybody is, what happened, and who may be concerned."""

from typing import Final

import streamlit as st

from dashboards.area_form import show_area_form
from dashboards.draft_buttons import show_draft_buttons
from dashboards.map.choice import AreaChoice
from dashboards.moments import moment_html
from dashboards.overview.chosen import show_chosen
from dashboards.overview.countries import show_country
from dashboards.overview.incident_list import show_incidents
from dashboards.overview.picture import Picture
from dashboards.overview.pictures import Outlook
from dashboards.session import follow_way, house, require_actor, show_notices
from dashboards.texts import as_html, literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.domain.selection import Filter
from rollcall.errors import RollcallError

LIVE_EVERY_S: Final = 10.0
FIRST_EVERY_S: Final = 1.0
"""While the first picture is being made."""


def show() -> None:
    """Show the picture of now, and keep it so."""
    require_actor()
    st.title("Overview")
    try:
        is_known = house().pictures.get() is not None
    except RollcallError:
        is_known = True  # said below
    every_s = LIVE_EVERY_S if is_known else FIRST_EVERY_S
    st.fragment(_show_live, run_every=every_s)(is_known)


def _show_live(was_known: bool) -> None:
    actor = require_actor()
    follow_way()
    show_notices()
    try:
        outlook = house().pictures.get()
    except RollcallError as error:
        st.error(literal(str(error)))
        return
    if outlook is None:
        st.markdown("The travellers' data are being loaded …")
        return
    if not was_known:
        st.rerun()
    _show_outlook(outlook, actor)


def _show_outlook(outlook: Outlook, actor: Actor) -> None:
    for fault in outlook.faults:
        st.warning(literal(fault))
    picture = outlook.picture
    if picture is None:
        st.markdown("Nobody can be shown: no version of the travellers' data has been loaded yet.")
        return
    _tell_when(picture)
    _show_tiles(picture, actor)
    with st.container():
        show_country(picture, actor)
    choice = AreaChoice("overview")
    with st.container():
        choice.show_map(picture.mark)
    with st.container():  # always there: what is opened below stays open when an area is marked
        if marked := choice.find():
            area = Filter(area=marked.area)
            show_chosen("marked", "area", marked.told, area, actor, picture)
    show_area_form(choice, picture)
    show_incidents(choice, picture)


def _tell_when(picture: Picture) -> None:
    people = tell_count(picture.world.people.height, "person", "people")
    placed = tell_count(len(picture.placed.rows), "has", "have")
    st.html(
        f"{people}, of whom {placed} a position; as of {moment_html(picture.as_of)}, "
        f"version {as_html(picture.version)} of the source."
    )


def _show_tiles(picture: Picture, actor: Actor) -> None:
    columns = st.columns(len(picture.tiles))
    for column, tile in zip(columns, picture.tiles, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{literal(tile.title)}**", help=literal(tile.told))
            st.metric(tile.title, f"{tile.people_count:,}", label_visibility="collapsed")
            if actor.may("sender"):
                show_draft_buttons(f"tile_{tile.key}", tile.title, tile.selection)


if __name__ == "__main__":
    show()
