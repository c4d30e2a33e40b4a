"""The panel that takes an answer somebody gave on the telephone."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.panels import confirm, key_of_panel, show_leave
from dashboards.session import house
from dashboards.texts import literal
from rollcall.domain.acts import Actor
from rollcall.domain.chats import Answer
from rollcall.errors import RequestError
from rollcall.ledger.chat_search import find_members
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.messages import MessageRecord

_FOUND: Final = 20

_SAID: Final[dict[Answer, str]] = {
    "ok": "They are OK",
    "needs_help": "They need help",
    "none": "They take their answer back",
}


def show_answer_panel(chat: ChatRecord, _: MessageRecord) -> None:
    """Show who it may be, once they are searched for; nobody and nothing is chosen beforehand."""
    key = key_of_panel()
    text = st.text_input(
        "Who is it?", placeholder="name, id, number or address", key=f"answer_text_{key}"
    )
    if not (text or "").strip():
        show_leave()
        return
    found = find_members(house().ledger, chat, text or "", _FOUND)
    if not found:
        st.markdown("No member is like that.")
        show_leave()
        return
    if len(found) == _FOUND:
        st.markdown(f"The first {_FOUND} of them: write more of the name.")
    names = {one.person_id: f"{one.name} ({one.person_id}, {one.phone or '-'})" for one in found}
    person = st.radio(
        "Person",
        list(names),
        index=None,
        key=f"answer_person_{key}",
        format_func=lambda one: literal(names.get(str(one), str(one))),
    )
    said = st.radio(
        "What do they say?",
        list(_SAID),
        index=None,
        horizontal=True,
        key=f"answer_said_{key}",
        format_func=lambda one: _SAID[one],
    )
    is_whole = person is not None and said is not None
    confirm("Record this answer", partial(_record, chat.chat_id, key), is_whole=is_whole)


def _record(chat_id: str, key: str, actor: Actor) -> str:
    person_id: str | None = st.session_state.get(f"answer_person_{key}")
    said: Answer | None = st.session_state.get(f"answer_said_{key}")
    if person_id is None or said is None:
        raise RequestError("choose who it is and what they say; nothing was recorded")
    recorded = house().chatting.record_answer(actor, chat_id, person_id, said, f"desk:{key}")
    house().figures.forget_chat(chat_id)
    known = "" if recorded == "recorded" else ", known already"
    return f"{person_id}: {_SAID[said]}{known}"
