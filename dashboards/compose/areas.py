"""The area of a filter: drawn on the map, around something, or pasted; kept as it is chosen."""

import json
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboards.area_form import show_area_form
from dashboards.compose.editing import FilterEditing
from dashboards.compose.waiting import wait_for
from dashboards.map.choice import AreaChoice
from dashboards.overview.picture import Picture
from dashboards.session import house, show_notices
from dashboards.texts import literal
from rollcall.errors import RollcallError

_MATCH: Final[dict[Any, str]] = {
    None: "their coordinates lie in it",
    "possible": "they may be in it, as far as their position may be off",
}
_LOADING: Final = "The map is being made: it is there in some seconds."
_OF_FILTER: Final = "the area of this filter"


def show(editing: FilterEditing) -> None:
    """Show the area of a filter, and how it is chosen."""
    has_area = editing.get("area") is not None
    key = editing.key("has_area")
    change = partial(_change, editing, key)
    if not st.toggle("Only in an area", value=has_area, key=key, on_change=change):
        return
    picture = _find_picture()
    if picture is not None:
        _show_choice(editing, picture)
    if has_area:
        _show_match(editing)


def _change(editing: FilterEditing, key: str) -> None:
    """Forget the area when there is to be none."""
    if not st.session_state.get(key):
        AreaChoice(editing.key("area")).forget()
        editing.set(("area",), None)
        editing.set(("area_match",), None)


def _find_picture() -> Picture | None:
    """Return what the map shows; says why where there is nothing."""
    try:
        outlook = house().pictures.get()
    except RollcallError as error:
        st.error(literal(str(error)))
        return None
    if outlook is None:
        wait_for(_LOADING, lambda: house().pictures.get() is not None)
        return None
    for fault in outlook.faults:
        st.warning(literal(fault))
    return outlook.picture


def _show_choice(editing: FilterEditing, picture: Picture) -> None:
    choice = AreaChoice(editing.key("area"))
    _begin_with(choice, editing.get("area"))
    choice.show_map(picture.mark)
    show_area_form(choice, picture)
    marked = choice.find()
    # as the ledger gives it back: without tuples
    area = json.loads(json.dumps(marked.area)) if marked else None
    if area == editing.get("area"):
        return
    if editing.set(("area",), area):
        st.rerun()
    _put_back(choice, editing.get("area"))
    show_notices()


def _begin_with(choice: AreaChoice, area: dict[str, Any] | None) -> None:
    """Let a choice begin with what the filter says, once."""
    key = f"{choice.key}_begun"
    if key not in st.session_state:
        st.session_state[key] = True
        if area is not None:
            choice.say(_OF_FILTER, area)


def _put_back(choice: AreaChoice, area: dict[str, Any] | None) -> None:
    """Choose what the filter says: what was chosen could not be kept."""
    if area is None:
        choice.forget()
    else:
        choice.say(_OF_FILTER, area)


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
