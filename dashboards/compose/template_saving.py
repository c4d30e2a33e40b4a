"""Save a draft as a template: to be ready before anything has happened, nothing need be sent."""

from functools import partial

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.session import act, house
from rollcall.domain.acts import Actor
from rollcall.domain.message_templates import settings_of


def show(composition: Composition) -> None:
    """Show how the draft is saved; it stays a draft."""
    with st.popover("Save as template"):
        st.markdown("Everything is kept but when it expires. The draft stays as it is.")
        key = composition.key("template_name")
        st.text_input("Name of the template", max_chars=100, key=key)
        save = partial(_save, composition)
        st.button("Save the template", key=composition.key("template_save"), on_click=save)


def _save(composition: Composition) -> None:
    name = (st.session_state.get(composition.key("template_name")) or "").strip()

    def save(actor: Actor) -> str:
        draft = house().drafting.load(actor, composition.draft.draft_id)
        settings = settings_of(draft.read())
        saved = house().keeping.save_template(actor, draft.template_kind, name, settings)
        return f"saved as template {saved.name!r}"

    act(save)
