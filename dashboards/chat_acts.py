"""What can be done with a chat: take an answer, follow those not OK, remind, archive.

Each is asked for in a panel of its own and done by the desk in a callback (`dashboards.panels`).
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

import streamlit as st

from dashboards.channel_choice import read_channels, show_channels
from dashboards.chat_answer_panel import show_answer_panel
from dashboards.chat_follow_panel import show_follow_panel
from dashboards.moments import tell_moment
from dashboards.panels import confirm, key_of_panel, show_leave, show_panels
from dashboards.session import house
from dashboards.texts import literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.domain.message import MessageRequest
from rollcall.ledger.chat_lists import count_answers, list_chat_messages
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.reminders import REMINDER

Panel = Literal["answer", "follow", "remind", "archive"]

_LABELS: Final[dict[Panel, str]] = {
    "answer": "Answer given by telephone…",
    "follow": "New chat with those not OK…",
    "remind": "Remind those without an answer…",
    "archive": "Archive…",
}


def show_acts(chat: ChatRecord, opening: MessageRecord, actor: Actor) -> None:
    """Show what somebody may do with a chat; nothing to whom only looks."""
    if not actor.may("sender"):
        return
    labels = {panel: _LABELS[panel] for panel in _possible(chat, opening)}
    show_panels(labels, lambda panel: _PANELS[panel](chat, opening))


def _possible(chat: ChatRecord, opening: MessageRecord) -> list[Panel]:
    is_ongoing = chat.archived_at is None
    has_members = opening.audience_digest is not None
    found: dict[Panel, bool] = {
        "answer": is_ongoing and has_members,
        "follow": has_members and opening.erased_at is None,
        "remind": is_ongoing and chat.ok_request and has_members and opening.stopped_at is None,
        "archive": is_ongoing,
    }
    return [panel for panel, is_possible in found.items() if is_possible]


def _show_remind(chat: ChatRecord, opening: MessageRecord) -> None:
    silent_count = count_answers(house().ledger, chat.chat_id)["none"]
    if not silent_count:
        st.markdown("Everybody has answered: nobody is left to be reminded.")
        show_leave()
        return
    _show_earlier(chat.chat_id)
    st.markdown(
        f"**{silent_count:,} have not answered.** They are asked once more, in their language. "
        "Whoever answers before it leaves gets none."
    )
    key = key_of_panel()
    show_channels(MessageRequest.model_validate(opening.request).channels(), f"remind_{key}")
    people = tell_count(silent_count, "person", "people")
    confirm(f"Remind {people}", partial(_remind, chat.chat_id, key))


def _show_earlier(chat_id: str) -> None:
    """Say that this was done before: whoever does not know would do it twice."""
    messages = list_chat_messages(house().ledger, chat_id)
    reminders = [one for one in messages if one.kind == REMINDER and one.state != "refused"]
    if reminders:
        last_at = literal(tell_moment(reminders[-1].accepted_at))
        st.warning(f"They were reminded {tell_count(len(reminders), 'time')}, last at {last_at}.")


def _show_archive(chat: ChatRecord, _: MessageRecord) -> None:
    answers = count_answers(house().ledger, chat.chat_id)
    if count := answers["needs_help"] + answers["none"]:
        st.warning(f"{tell_count(count, 'member has', 'members have')} not said OK.")
    st.markdown(
        "Its personal links are dead from then on, nobody can answer or write any more, and what "
        "waits of its messages is not sent. It cannot be opened again; it stays here to be read."
    )
    confirm("Archive it now", partial(_archive, chat.chat_id))


_PANELS: Final[dict[Panel, Callable[[ChatRecord, MessageRecord], None]]] = {
    "answer": show_answer_panel,
    "follow": show_follow_panel,
    "remind": _show_remind,
    "archive": _show_archive,
}


def _remind(chat_id: str, key: str, actor: Actor) -> str:
    channels = read_channels(f"remind_{key}")
    record, is_new = house().chatting.remind(actor, chat_id, f"desk:{key}", channels)
    return f"message {record.message_id} {'reminds them' if is_new else 'is known already'}"


def _archive(chat_id: str, actor: Actor) -> str:
    report = house().chatting.archive(actor, chat_id)
    house().figures.forget_chat(chat_id)
    return report.tell()
