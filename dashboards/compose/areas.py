"""The area of a filter."""

from functools import partial
from typing import Any, Final

import streamlit as st

from dashboards.compose.editing import FilterEditing
from dashboards.session import act
from rollcall.domain.geography.geojson import read_polygons
from rollcall.domain.strict_json import parse_json
from rollcall.errors import InputError

_MATCH: Final[dict[Any, str]] = {
    None: "their coordinates lie in it",
    "possible": "they may be in it, as far as their position may be off",
}


def show(editing: FilterEditing) -> None:
    """Show the area of a filter, and how it is said."""
    with st.expander("In an area", expanded=editing.get("area") is not None):
        _show_pasted(editing)
        if editing.get("area") is not None:
            _show_match(editing)
            forget = partial(editing.set, ("area",), None)
            st.button("Forget the area", key=editing.key("forget_area"), on_click=forget)


def _show_match(editing: FilterEditing) -> None:
    key, options = editing.key("area_match"), list(_MATCH)
    said = editing.get("area_match")
    st.radio(
        "Who is in it",
        options,
        index=options.index(said) if said in options else 0,
        format_func=lambda one: _MATCH[one],
        key=key,
        on_change=partial(editing.take, ("area_match",), key, lambda chosen: chosen),
    )


def _show_pasted(editing: FilterEditing) -> None:
    key = editing.key("geojson")
    st.text_area(
        "An area as GeoJSON",
        placeholder='{"type": "Polygon", "coordinates": [[[139, 35], [140, 35], …]]}',
        key=key,
    )
    paste = partial(_paste, editing, key)
    st.button("Use this GeoJSON", key=editing.key("paste"), on_click=paste)


def _paste(editing: FilterEditing, key: str) -> None:
    def paste(_actor: object) -> None:
        try:
            area = parse_json(st.session_state.get(key) or "")
            read_polygons(area)
        except ValueError as error:
            raise InputError(f"area: {error}") from error
        editing.set(("area",), area)

    act(paste)
