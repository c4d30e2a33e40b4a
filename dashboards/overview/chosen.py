"""Those who are in a place that somebody chose: how many they are, and what can be begun."""

from typing import Literal

import streamlit as st

from dashboards.draft_buttons import show_draft_buttons
from dashboards.overview.picture import Picture
from dashboards.texts import literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.domain.selection import Filter, Selection


def show_chosen(key: str, what: str, told: str, place: Filter, actor: Actor, now: Picture) -> None:
    """Show how many people a place means now, and how they are written to.

    Args:
        key: What the names of its widgets begin with.
        what: What kind of place it is: `area`, say.
        told: Which one; plain text.
        place: The filter that says so.
        actor: Who looks.
        now: The picture they are counted in.
    """
    with st.container(border=True):
        st.markdown(f"**The {what}:** {literal(told)}")
        with_facilities = st.checkbox(
            "Also the contacts of facilities in it", key=f"{key}_with_facilities"
        )
        kinds: Literal["people"] | None = None if with_facilities else "people"
        selection = Selection(filters=(place.model_copy(update={"recipient_type": kinds}),))
        count = now.count(selection)
        people = f"**{tell_count(count.people_count, 'person', 'people')}**"
        if with_facilities:
            facilities = tell_count(count.facility_count, "facility", "facilities")
            people += f", with the contacts of {facilities}"
        st.markdown(people)
        if actor.may("sender"):
            show_draft_buttons(key, f"the {what} {told}", selection)
