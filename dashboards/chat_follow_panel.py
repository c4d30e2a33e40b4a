"""The panel that opens a new chat with those who have not said OK: how many, what, and how."""

import json
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboards.channel_choice import read_channels, show_channels
from dashboards.panels import confirm, insists, key_of_panel, show_leave
from dashboards.session import go_to, house
from rollcall.domain.acts import Actor
from rollcall.domain.chat_request import ChatOptions, describe_chat
from rollcall.domain.chats import chat_id_of
from rollcall.domain.content import MAX_SUBJECT_CHARS, MAX_TEXT_CHARS
from rollcall.domain.message import Channel, MessageRequest
from rollcall.errors import RequestError
from rollcall.ledger.chat_lists import count_answers
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.messages import MessageRecord

_WORDS: Final = ("title", "post")


def show_follow_panel(chat: ChatRecord, opening: MessageRecord) -> None:
    """Show how many they are now, and the new chat as it would be: one click opens it."""
    answers = count_answers(house().ledger, chat.chat_id)
    count = answers["needs_help"] + answers["none"]
    if not count:
        st.markdown("Everybody has said OK: there is nobody for a new chat.")
        show_leave()
        return
    st.markdown(
        f"**{count:,} have not said OK**: {answers['needs_help']:,} need help, "
        f"{answers['none']:,} have not answered. Whoever says OK before it leaves is not in it."
    )
    key, before = key_of_panel(), MessageRequest.model_validate(opening.request)
    kept = _words_of(before)
    st.text_input(
        "Title", value=kept.get("title", ""), max_chars=MAX_SUBJECT_CHARS, key=f"follow_title_{key}"
    )
    st.text_area(
        "First post", value=kept.get("post", ""), max_chars=MAX_TEXT_CHARS, key=f"follow_post_{key}"
    )
    show_channels(before.channels(), f"follow_{key}")
    people = "this person" if count == 1 else f"these {count:,} people"
    do = partial(_follow, chat.chat_id, key, before)
    confirm(f"Open a new chat with {people}", do, may_insist=True)


def _words_of(before: MessageRequest) -> dict[str, str]:
    """Return the title and first post of a chat; none of a message that was filled in for each."""
    try:
        kept = describe_chat(before.content, None, before.options, before.chat)
    except RequestError:
        return {}
    return {"title": kept.title, "post": kept.post}


def _follow(chat_id: str, key: str, before: MessageRequest, actor: Actor) -> str:
    kept = _words_of(before)
    said = {name: st.session_state.get(f"follow_{name}_{key}") or "" for name in _WORDS}
    changes: dict[str, Any] = {name: text for name, text in said.items() if text != kept.get(name)}
    channels = read_channels(f"follow_{key}")
    if set(channels) != set(before.channels()):
        changes["options"] = _options_with(before, channels)
    record, is_new = house().chatting.follow(
        actor,
        chat_id,
        f"desk:{key}",
        json.dumps(changes) if changes else None,
        is_confirmed=insists(),
    )
    go_to("views/chats.py", chat=chat_id_of(record.message_id))
    return "the new chat is being opened" if is_new else "the new chat is known already"


def _options_with(before: MessageRequest, channels: tuple[Channel, ...]) -> dict[str, Any]:
    """Return the options of the new chat: as before, but for how people are invited."""
    kept = before.options.model_dump() | {
        f"include_{name}": name in channels for name in ("email", "sms", "push")
    }
    kept["high_quality_sms"] = kept["high_quality_sms"] and "sms" in channels
    kept["members_see_replies"] = bool(before.chat and before.chat.members_see_replies)
    return {name: kept[name] for name in ChatOptions.model_fields}
