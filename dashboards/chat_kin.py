"""Ways between chats and messages; a new chat forgets what was answered in the one before."""

import streamlit as st

from dashboards.moments import tell_moment
from dashboards.queries.messages import list_followers
from dashboards.session import house
from dashboards.texts import literal
from rollcall.domain.chats import chat_id_of
from rollcall.errors import InputError
from rollcall.ledger.chats import load_chat
from rollcall.ledger.messages import MessageRecord


def show_earlier(opening: MessageRecord) -> None:
    """Show which chat this one follows, and how many said there that they need help.

    Args:
        opening: The message that opened this chat.
    """
    if opening.follows_message_id is None:
        return
    earlier_id = chat_id_of(opening.follows_message_id)
    answers = house().figures.answers.get(earlier_id)
    if answers and (count := answers["needs_help"]):
        st.warning(
            f"**{count:,} said in the chat before that they need help.** Here they are among those "
            "who have not answered, until they answer here."
        )
    _show_link(earlier_id, "The chat before")


def show_later(opening: MessageRecord) -> None:
    """Show the chats that follow this one.

    Args:
        opening: The message that opened this chat.
    """
    for one in list_followers(house().ledger, opening.message_id):
        if one.chat_id == chat_id_of(one.message_id) and one.state != "refused":
            _show_link(one.chat_id, "Followed by the chat")


def show_chat_link(message: MessageRecord) -> None:
    """Show the way from a message to the answers in the chat that its links lead to, if any."""
    if message.chat_id is not None:
        _show_link(message.chat_id, "Who is OK")


def _show_link(chat_id: str, what: str) -> None:
    try:
        chat = load_chat(house().ledger, chat_id)
    except InputError:  # it was removed, being old
        return
    label = f"{what}: {chat.title}, {tell_moment(chat.opened_at)}"
    query = {"chat": chat_id}
    st.page_link(
        "views/chats.py", label=literal(label), icon=":material/forum:", query_params=query
    )
