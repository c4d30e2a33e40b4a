"""The filters of a draft: listed in words, one of them open to be changed."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.criteria_form import show_criteria
from dashboards.compose.criteria_words import tell_filter
from dashboards.compose.editing import FilterEditing, open_filters
from dashboards.texts import literal
from rollcall.domain.draft_recipients import Side, add_filter, move_filter, remove_filter

_ADD: Final[dict[Side, str]] = {
    "include": "Add a filter",
    "exclude": "Leave out by a filter",
}
_MOVE: Final[dict[Side, str]] = {"include": "Leave these out instead", "exclude": "Mean these"}


def show_side(composition: Composition, side: Side) -> None:
    """Show the filters of a side, and how one is added."""
    open_key = composition.key(f"open_{side}")
    for editing in open_filters(composition, side):
        with st.container(border=True):
            _show_one(editing, open_key)
    add = partial(_add, composition, side, open_key)
    icon = ":material/filter_alt:"
    st.button(_ADD[side], key=composition.key(f"add_filter_{side}"), icon=icon, on_click=add)


def _show_one(editing: FilterEditing, open_key: str) -> None:
    is_open = st.session_state.get(open_key) == editing.index
    number = editing.index + 1
    st.markdown(f"**Filter {number}:** {literal(tell_filter(editing.criteria))}")
    with st.container(horizontal=True):
        toggle = partial(_open, open_key, None if is_open else editing.index)
        label = f"Close filter {number}" if is_open else f"Change filter {number}"
        st.button(label, key=editing.key("toggle"), on_click=toggle)
        move = partial(_move, editing, open_key)
        st.button(_MOVE[editing.side], key=editing.key("move"), on_click=move)
        remove = partial(_remove, editing, open_key)
        st.button(f"Remove filter {number}", key=editing.key("remove"), on_click=remove)
    if is_open:
        st.markdown("All that is filled in must hold; of a list, any one.")
        show_criteria(editing)


def _add(composition: Composition, side: Side, open_key: str) -> None:
    if composition.edit(add_filter(side, {})):
        # its place as the page knows it; another window may have added one in this very moment
        st.session_state[open_key] = len(open_filters(composition, side))


def _move(editing: FilterEditing, open_key: str) -> None:
    if editing.composition.edit(move_filter(editing.side, editing.index, editing.criteria)):
        _open(open_key, None)


def _remove(editing: FilterEditing, open_key: str) -> None:
    if editing.composition.edit(remove_filter(editing.side, editing.index, editing.criteria)):
        _open(open_key, None)


def _open(open_key: str, index: int | None) -> None:
    st.session_state[open_key] = index
