"""Finding one person of the travellers' data, to see a text as they would read it."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.waiting import wait_for
from dashboards.foresight_view import require_source
from dashboards.session import act, house
from dashboards.texts import literal, one_line
from rollcall.domain.acts import Actor
from rollcall.domain.search.sections import Found, Kind
from rollcall.domain.trials import TrialReader
from rollcall.errors import RollcallError
from rollcall.sending.readers import find_reader

_LOADING: Final = "The people are being loaded: the search works in some seconds."


def show_search(composition: Composition, name: str, label: str) -> TrialReader | None:
    """Show a search for one person, and return whom somebody has chosen with it.

    Args:
        composition: The draft; whom one looks at is no part of it.
        name: What the search is for; of two on a page each has its own.
        label: Above it.
    """
    key = composition.key(f"{name}_search")
    typed = st.text_input(label, key=key, placeholder="name, id, email address or number")
    if typed and typed.strip():
        _show_found(composition, name, typed)
    chosen = find_chosen(composition, name)
    if chosen is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Chosen: **{literal(chosen.name)}**")
            drop = partial(_choose_nobody, composition, name)
            st.button("Choose nobody", key=composition.key(f"{name}_nobody"), on_click=drop)
    return chosen


def find_chosen(composition: Composition, name: str) -> TrialReader | None:
    """Return whom somebody has chosen with a search, if anybody."""
    chosen: TrialReader | None = st.session_state.get(_chosen_key(composition, name))
    return chosen


def _show_found(composition: Composition, name: str, typed: str) -> None:
    try:
        found = house().quick_add.find(typed)
    except RollcallError as error:
        st.error(literal(str(error)))
        return
    if found is None:
        wait_for(_LOADING, house().quick_add.is_ready)
        return
    people = [one for one in found if one.kind is Kind.PERSON]
    if not people:
        st.markdown("Nobody is called that.")
    for one in people:
        key = composition.key(f"{name}_choose_{one.id}")
        choose = partial(_choose, composition, name, one.id)
        st.button(literal(_tell(one)), key=key, type="tertiary", on_click=choose)


def _tell(one: Found) -> str:
    ways = (one.email, one.phone)
    return one_line(" · ".join([one.name, *(way for way in ways if way)]))


def _choose(composition: Composition, name: str, person_id: str) -> None:
    def choose(actor: Actor) -> None:
        house().acting.require(actor, "sender")
        reader = find_reader(house().desk.steps, require_source(), person_id)
        st.session_state[_chosen_key(composition, name)] = reader
        st.session_state[composition.key(f"{name}_search")] = ""

    act(choose)


def _choose_nobody(composition: Composition, name: str) -> None:
    st.session_state.pop(_chosen_key(composition, name), None)


def _chosen_key(composition: Composition, name: str) -> str:
    return composition.key(f"{name}_reader")
