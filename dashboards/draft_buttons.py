"""Buttons that begin a message or a chat to those whom a selection means."""

import uuid
from functools import partial
from typing import Final

import streamlit as st

from dashboards.session import act, go_to, house
from dashboards.texts import literal
from rollcall.domain.acts import Actor
from rollcall.domain.drafts import DraftKind
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import Selection

COMPOSER: Final = "views/compose.py"

_LABELS: Final[dict[DraftKind, str]] = {"message": "Message", "chat": "Chat"}


def show_draft_buttons(key: str, title: str, selection: Selection | None) -> None:
    """Show the buttons; each opens the composer with a new draft. For those who may send.

    Args:
        key: Of the buttons.
        title: Whom the selection means, in a few words; plain text.
        selection: None: nobody can be meant.
    """
    with st.container(horizontal=True, gap="small"):
        for kind, label in _LABELS.items():
            st.button(
                label,
                key=f"{key}_{kind}",
                disabled=selection is None,
                help=f"{label} to: {literal(title)}",
                on_click=partial(_begin, kind, selection, uuid.uuid4().hex),
            )


def _begin(kind: DraftKind, selection: Selection | None, draft_id: str) -> None:
    """Begin a draft; however often the same button is clicked it is one."""

    def begin(actor: Actor) -> None:
        body = {"selection": selection_to_json(selection)} if selection else {}
        house().drafting.open(actor, kind, body, draft_id)

    if act(begin):
        go_to(COMPOSER, draft=draft_id)
