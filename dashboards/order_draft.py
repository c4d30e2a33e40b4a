"""What a selection becomes for the command line, as long as pages cannot compose it."""

import json
from typing import Any, Final, Literal

import streamlit as st

from dashboards.texts import literal
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import Selection

OrderKind = Literal["message", "chat"]

_DRAFT: Final = "overview_draft"
_MOST_SHOWN: Final = 20_000
"""Signs; what is longer is downloaded only."""

_COMMANDS: Final[dict[OrderKind, str]] = {
    "message": "rollcall send message.json --data SOURCE",
    "chat": "rollcall chat open chat.json --data SOURCE",
}


def show_order_buttons(key: str, title: str, selection: Selection | None) -> None:
    """Show the buttons that begin a message or a chat to those whom a selection means.

    Args:
        key: Of the buttons.
        title: Whom it means, in a few words; plain text.
        selection: None: nobody can be meant.
    """
    with st.container(horizontal=True, gap="small"):
        for kind, label in (("message", "Message"), ("chat", "Chat")):
            st.button(
                label,
                key=f"{key}_{kind}",
                disabled=selection is None,
                help=f"{label} to: {literal(title)}",
                on_click=_begin,
                args=(kind, title, selection),
            )


def show_draft() -> None:
    """Show what was begun, if anything was."""
    draft: tuple[OrderKind, str, str] | None = st.session_state.get(_DRAFT)
    if draft is None:
        return
    kind, title, told = draft
    name = "Message" if kind == "message" else "Chat"
    with st.container(border=True):
        st.subheader(f"{name} to: {literal(title)}")
        st.markdown(
            "These pages cannot write messages yet: **nothing has been sent**. Save this as "
            f"`{kind}.json`, fill in its texts, and send it with `{_COMMANDS[kind]}`. Whom it "
            "means is found out anew then."
        )
        if len(told) <= _MOST_SHOWN:
            st.code(told, language="json", wrap_lines=True)
        else:
            st.markdown("It is too long to be shown here, for its area has many corners.")
        st.download_button(
            "Download", told, file_name=f"{kind}.json", mime="application/json", key="draft_get"
        )
        st.button("Close", key="draft_close", on_click=_close)


def describe_order(kind: OrderKind, selection: Selection) -> dict[str, Any]:
    """Return a request without texts, as `rollcall send` or `rollcall chat open` reads it.

    Its empty texts are refused: nobody sends it by mistake.
    """
    texts = {"content": {"subject": "", "text": ""}}
    told: dict[str, Any] = texts if kind == "message" else {"title": "", "post": ""}
    return told | {"selection": selection_to_json(selection)}


def _begin(kind: OrderKind, title: str, selection: Selection) -> None:
    told = json.dumps(describe_order(kind, selection), ensure_ascii=False, indent=1)
    if len(told) > _MOST_SHOWN:
        told = json.dumps(describe_order(kind, selection), ensure_ascii=False)
    st.session_state[_DRAFT] = (kind, title, told)


def _close() -> None:
    st.session_state.pop(_DRAFT, None)
