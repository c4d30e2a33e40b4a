"""The map and the form beside it, for any page on which an area is chosen."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from dashboards.area_form import show_area_form
from dashboards.map.choice import AreaChoice, MarkedArea
from dashboards.overview.picture import Picture
from dashboards.session import house
from dashboards.texts import literal
from rollcall.errors import RollcallError

_LOADING_S: Final = 1.0
"""How often a page looks whether the first picture is there."""


def choose_area(key: str, known: Sequence[dict[str, Any]] = ()) -> MarkedArea | None:
    """Show the map, what is said of areas beside it, and return the area that is chosen.

    What is drawn anew is a new choice at once; a page that has taken an area over lets go of it
    with `AreaChoice(key).forget` in a callback, which also clears the map.

    Args:
        key: Of the choice; see `AreaChoice`.
        known: Areas that are marked on the map besides, as GeoJSON: those of a draft, say.
    """
    picture = _find_picture()
    if picture is None:
        st.fragment(_await_picture, run_every=_LOADING_S)()
        return AreaChoice(key).find()
    choice = AreaChoice(key)
    with st.container():
        choice.show_map(picture.mark, known)
    show_area_form(choice, picture)
    return choice.find()


def _find_picture() -> Picture | None:
    try:
        outlook = house().pictures.get()
    except RollcallError:
        return None
    return outlook.picture if outlook else None


def _await_picture() -> None:
    """Say why there is no map yet, and show it once there is one."""
    try:
        outlook = house().pictures.get()
    except RollcallError as error:
        st.error(literal(str(error)))
        return
    if outlook is None:
        st.markdown("The map is being made …")
        return
    if outlook.picture is not None:
        st.rerun()
    for fault in outlook.faults:
        st.warning(literal(fault))
