"""Message log: what was sent, to whom, by which way, and what it came to."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboards.message_view import show_message
from dashboards.moments import moment_html
from dashboards.paging import Pages
from dashboards.queries.counts import sum_over_channels
from dashboards.queries.messages import MessageQuery, mark_of, read_messages, subject_of
from dashboards.session import house, require_actor
from dashboards.texts import literal
from dashboards.words import KIND_WORDS, STATE_WORDS, STATUS_WORDS
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import MessageRecord

_PAGE = 20


def show() -> None:
    """Show one message, if the address names one, else the list of them."""
    actor = require_actor()
    if message_id := st.query_params.get("message"):
        st.button(
            "Back to all messages", icon=":material/arrow_back:", on_click=_choose, args=("",)
        )
        show_message(message_id, actor)
        return
    st.title("Message log")
    asked = _ask()
    pages: Pages[MessageRecord] = Pages("messages", asked, _PAGE)
    found = pages.read(partial(read_messages, house().ledger, asked))
    if not found:
        st.markdown("No message is like that." if asked != MessageQuery() else "No messages yet.")
    for message in found:
        _show_row(message)
    pages.show(mark_of, "messages")


def _ask() -> MessageQuery:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search", key="log_text", placeholder="subject, or id of a message", bind="query-params"
        )
        kinds = _choose_some("Kind", KIND_WORDS, "log_kinds")
        states = _choose_some("State", STATE_WORDS, "log_states")
    return MessageQuery(text or "", tuple(kinds), tuple(states))


def _choose_some(label: str, words: dict[str, str], key: str) -> Sequence[str]:
    chosen: Sequence[str] = st.multiselect(
        label,
        list(words),
        key=key,
        format_func=lambda one: words[one],
        filter_mode="contains",
        select_all=False,
        persist_state="session",
    )
    return chosen


def _show_row(message: MessageRecord) -> None:
    """Show a message as a button with its subject, and what it came to beside it."""
    with st.container(border=True):
        name, told = st.columns([2, 3], vertical_alignment="center")
        name.button(
            literal(subject_of(message.request)),
            key=f"open_{message.message_id}",
            type="tertiary",
            on_click=_choose,
            args=(message.message_id,),
        )
        told.html(f"{_tell_what(message)}<br>{_tell_counts(message)}")


def _tell_what(message: MessageRecord) -> str:
    kind = KIND_WORDS.get(message.kind, message.kind)
    state = STATE_WORDS.get(message.state, message.state)
    return f"{kind}, <b>{state}</b>, {moment_html(message.accepted_at)}"


def _tell_counts(message: MessageRecord) -> str:
    counts = sum_over_channels(count_statuses(house().ledger, message.message_id))
    told = [f"{counts[one]:,} {words}" for one, words in STATUS_WORDS.items() if counts.get(one)]
    return ", ".join(told) or "nothing to be sent yet"


def _choose(message_id: str) -> None:
    if message_id:
        st.query_params["message"] = message_id
    else:
        st.query_params.pop("message", None)


if __name__ == "__main__":
    show()
