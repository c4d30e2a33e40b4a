"""The form to post in a chat, and to tell its members of it."""

from typing import Any

import streamlit as st

from dashboards.channel_choice import read_channels, show_channels
from dashboards.panels import key_of_form, send_form
from dashboards.session import house
from dashboards.texts import literal
from rollcall.domain.acts import Actor
from rollcall.domain.chat_posts import make_post
from rollcall.domain.content import MAX_TEXT_CHARS
from rollcall.domain.message import MessageRequest
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.messages import MessageRecord
from rollcall.sending.chat_orders import PostOrder


def show_post_form(chat: ChatRecord, opening: MessageRecord) -> None:
    """Show the form; what somebody is writing in it stays while the live parts go on."""
    invitation = MessageRequest.model_validate(opening.request)
    name = f"post_{chat.chat_id}"
    key = key_of_form(name)
    tags = list(invitation.content.translations)
    with st.container(border=True):
        st.text_area("New post", max_chars=MAX_TEXT_CHARS, key=f"post_text_{key}")
        if tags:
            with st.expander("The same in other languages"):
                for tag in tags:
                    st.text_area(literal(tag), max_chars=MAX_TEXT_CHARS, key=f"post_{tag}_{key}")
        st.markdown("Tell all members of it. Else they see it when they next look at the chat:")
        show_channels(invitation.channels(), f"post_{key}")
        st.button(
            "Post",
            key=f"post_go_{key}",
            type="primary",
            on_click=_post,
            args=(chat.chat_id, name, key, tags),
        )


def _post(chat_id: str, name: str, key: str, tags: list[str]) -> None:
    def post(actor: Actor) -> str:
        told: dict[str, Any] = {"post": st.session_state.get(f"post_text_{key}") or ""}
        texts = {tag: st.session_state.get(f"post_{tag}_{key}") or "" for tag in tags}
        if written := {tag: {"post": text} for tag, text in texts.items() if text.strip()}:
            told["translations"] = written
        channels = read_channels(f"post_{key}")
        order = PostOrder(chat_id, make_post(told), f"desk:{key}", channels)
        outcome = house().chatting.post(actor, order)
        if outcome.notice is None:
            return "posted; nobody was told of it"
        return f"posted; message {outcome.notice.message_id} tells all members of it"

    send_form(name, key, post)
