"""Ways between chats and messages; a new chat forgets what was answered in the one before."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.moments import tell_moment
from dashboards.queries.messages import list_followers
from dashboards.session import house
from dashboards.texts import literal
from rollcall.domain.chats import chat_id_of
from rollcall.errors import InputError
from rollcall.ledger.chats import ChatRecord, load_chat
from rollcall.ledger.messages import MessageRecord

_ICON: Final = ":material/forum:"


def show_kin(opening: MessageRecord) -> None:
    """Show the ways to the chat that this one follows, and to those that follow it.

    Args:
        opening: The message that opened this chat.
    """
    if opening.follows_message_id is not None:
        _show_way(chat_id_of(opening.follows_message_id), "The chat before")
    for one in list_followers(house().ledger, opening.message_id):
        if one.chat_id == chat_id_of(one.message_id) and one.state != "refused":
            _show_way(one.chat_id, "Followed by the chat")


def warn_of_earlier(opening: MessageRecord) -> None:
    """Say how many need help by the chat that this one follows.

    Args:
        opening: The message that opened this chat.
    """
    if opening.follows_message_id is None:
        return
    answers = house().figures.answers.get(chat_id_of(opening.follows_message_id))
    if answers and (count := answers["needs_help"]):
        st.warning(
            f"**{count:,} said in the chat before that they need help.** Who said so before this "
            "chat was opened is here among those who have not answered, until they answer here."
        )


def show_chat_link(message: MessageRecord) -> None:
    """Show the way from a message to the answers in the chat that its links lead to, if any."""
    chat = _find(message.chat_id) if message.chat_id else None
    if chat is not None:
        st.page_link(
            "views/chats.py",
            label=literal(f"Who is OK: {_tell(chat)}"),
            icon=_ICON,
            query_params={"chat": chat.chat_id},
        )


def _show_way(chat_id: str, what: str) -> None:
    """Show the way to a chat from another one.

    Not a link: within one page Streamlit follows it, but the address goes on naming the old chat.
    """
    chat = _find(chat_id)
    if chat is not None:
        label = literal(f"{what}: {_tell(chat)}")
        go = partial(_go_to, chat_id)
        st.button(label, key=f"way_{chat_id}", type="tertiary", icon=_ICON, on_click=go)


def _go_to(chat_id: str) -> None:
    st.query_params.clear()
    st.query_params["chat"] = chat_id


def _find(chat_id: str) -> ChatRecord | None:
    try:
        return load_chat(house().ledger, chat_id)
    except InputError:  # it was removed, being old
        return None


def _tell(chat: ChatRecord) -> str:
    return f"{chat.title}, {tell_moment(chat.opened_at)}"
