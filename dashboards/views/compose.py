"""Compose: a message or chat from the first name to the last look, kept as a draft on the way.

The draft lies in the ledger and its id in the address: a page that is loaded anew, a session that
is lost and a server that is started anew change nothing.
"""

import streamlit as st

from dashboards.compose import template_saving
from dashboards.compose.composition import Composition
from dashboards.compose.drafts import open_draft, show_begin, show_delete, tell_title
from dashboards.compose.preview import show_preview
from dashboards.compose.sections import SECTIONS, find_section
from dashboards.session import house, require_actor
from dashboards.texts import as_html, literal
from rollcall.domain.acts import Actor
from rollcall.domain.drafts import Draft
from rollcall.errors import RollcallError


def show() -> None:
    """Show the draft that the address names, else where one begins."""
    actor = require_actor()
    draft_id = st.query_params.get("draft")
    try:
        if draft_id is None:
            st.title("Compose")
            show_begin(actor)
            return
        draft = house().drafting.load(actor, draft_id)
    except RollcallError as error:
        st.error(literal(str(error)))
        if draft_id is not None:
            st.button("Back", key="compose_back", on_click=open_draft, args=(None,))
        return
    if draft.message_id is not None:
        st.switch_page("views/progress.py", query_params={"message": draft.message_id})
    _show_draft(draft, actor)


def _show_draft(draft: Draft, actor: Actor) -> None:
    icon = ":material/arrow_back:"
    st.button("All drafts", key="compose_back", icon=icon, on_click=open_draft, args=(None,))
    st.title(literal(tell_title(draft)))
    _tell_origin(draft, actor)
    section = find_section(st.query_params.get("step"))
    with st.container(horizontal=True):
        for one in SECTIONS:
            st.button(
                one.title,
                key=f"step_{one.key}",
                type="primary" if one is section else "secondary",
                on_click=_go_to_step,
                args=(one.key,),
            )
    composition = Composition(draft, actor)
    written, meant = st.columns([3, 2], gap="large")
    with written:
        st.header(section.title)
        section.show(composition)
    with meant:
        show_preview(composition)
    with st.container(horizontal=True):
        template_saving.show(composition)
        show_delete(draft)


def _tell_origin(draft: Draft, actor: Actor) -> None:
    if draft.refusal:
        st.error(f"It was refused, and nothing was sent: {literal(draft.refusal)}")
    told = "Kept as a draft with every change."
    if draft.owner != actor.name:
        told += f" Begun by {as_html(draft.owner)}: they see what you change."
    if draft.template:
        told += f" From the template {as_html(draft.template)}."
    st.html(told)


def _go_to_step(key: str) -> None:
    st.query_params["step"] = key


if __name__ == "__main__":
    show()
