"""Chats: who is OK, who needs help and who has not answered; one chat, or the list of them."""

from functools import partial
from typing import Final, Literal

import streamlit as st

from dashboards.chat_view import show_chat
from dashboards.moments import moment_html
from dashboards.paging import Pages
from dashboards.session import house, require_actor
from dashboards.texts import literal
from dashboards.words import CHAT_KIND_WORDS
from rollcall.ledger.chat_lists import AnswerCounts, ChatEntry, ListMark, list_chats

_PAGE: Final = 20

_Kept = Literal["ongoing", "archived"]

_HEADINGS: Final[dict[_Kept, str]] = {"ongoing": "Ongoing", "archived": "Archived"}


def show() -> None:
    """Show the chat that the address names, else those that go on or are archived."""
    actor = require_actor()
    if chat_id := st.query_params.get("chat"):
        st.button("Back to all chats", icon=":material/arrow_back:", on_click=_leave)
        show_chat(chat_id, actor)
        return
    st.title("Chats")
    kept: _Kept = st.radio(
        "Show",
        list(_HEADINGS),
        format_func=lambda one: _HEADINGS[one],
        horizontal=True,
        key="chats_kept",
        persist_state="session",
    )
    pages: Pages[ChatEntry] = Pages("chats", kept, _PAGE)
    found = pages.read(partial(_read, kept))
    if not found:
        st.markdown("No ongoing chats." if kept == "ongoing" else "No archived chats.")
    for one in found:
        _show_row(one)
    pages.show(lambda one: (one.chat.opened_at, one.chat.chat_id), "chats")


def _read(kept: _Kept, limit: int, after: ListMark | None) -> list[ChatEntry]:
    return list_chats(house().ledger, archived=kept == "archived", limit=limit, after=after)


def _show_row(one: ChatEntry) -> None:
    """Show a chat as a button with its title, and how its members are beside it."""
    with st.container(border=True):
        name, told = st.columns([2, 3], vertical_alignment="center")
        name.button(
            literal(one.chat.title),
            key=f"chat_{one.chat.chat_id}",
            type="tertiary",
            icon=":material/chevron_right:",
            on_click=_open,
            args=(one.chat.chat_id,),
        )
        told.html(f"{_tell_answers(one.answers)}<br>{_tell_when(one)}")


def _tell_answers(answers: AnswerCounts) -> str:
    total = sum(answers.values())
    if not total:
        return "no members yet"
    return (
        f"<b>{answers['ok']:,} of {total:,} are OK</b>, {answers['needs_help']:,} need help, "
        f"{answers['none']:,} have not answered"
    )


def _tell_when(one: ChatEntry) -> str:
    told = f"{CHAT_KIND_WORDS[one.chat.kind]}, opened {moment_html(one.chat.opened_at)}"
    archived_at = one.chat.archived_at
    return f"{told}, archived {moment_html(archived_at)}" if archived_at else told


def _open(chat_id: str) -> None:
    st.query_params["chat"] = chat_id


def _leave() -> None:
    for name in ("chat", "act", "key"):
        st.query_params.pop(name, None)


if __name__ == "__main__":
    show()
