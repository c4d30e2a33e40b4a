"""The members of a chat by need, a page at a time, with what they answered and when."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from dashboards.moments import moment_html, tell_moment
from dashboards.paging import Pages
from dashboards.session import house
from dashboards.tables import show_table
from dashboards.texts import as_html
from dashboards.words import (
    CHANNEL_WORDS,
    NEED_MEANINGS,
    NEED_WORDS,
    SAID_WORDS,
    STATUS_WORDS,
    VIA_WORDS,
    tell_count,
)
from rollcall.domain.needs import NEEDS, Need
from rollcall.ledger.chat_lists import split_needs
from rollcall.ledger.chat_members import (
    AnswerRecord,
    ChatMemberRecord,
    iterate_members,
    read_answers,
)
from rollcall.ledger.chat_search import find_members
from rollcall.ledger.chats import ChatRecord, near_of

_PAGE: Final = 25
_FOUND: Final = 50

_Placed = tuple[int, ChatMemberRecord]
"""A member, and their place in the order."""


def show_members(chat: ChatRecord) -> None:
    """Show the members who need one thing, or who are searched for.

    They do not move by themselves: whoever calls one after the other keeps their place.
    """
    st.header("Members")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        need = _ask_need(chat)
        text = st.text_input(
            "Search", key="members_text", placeholder="name, id, number or address"
        )
        st.button("Look again", key="members_again", icon=":material/refresh:")
    if text and text.strip():
        _show_found(chat, text)
    else:
        _show_page(chat, need)
    _show_exports(chat.chat_id)


def _ask_need(chat: ChatRecord) -> Need:
    answers = house().figures.answers.get(chat.chat_id)
    unreached = house().figures.unreached.get(chat.chat_id)
    counts = split_needs(answers, unreached) if answers and unreached is not None else {}
    key = f"members_need_{chat.chat_id}"
    if key not in st.session_state:
        # with counts in its words the choice would be made anew whenever somebody answers
        st.session_state[key] = next((one for one in NEEDS if counts.get(one)), NEEDS[0])
    need: Need = st.radio(
        "Who",
        list(NEEDS),
        format_func=lambda one: NEED_WORDS[one],
        horizontal=True,
        key=key,
        help=" ".join(f"{NEED_WORDS[one]}: {NEED_MEANINGS[one]}" for one in NEEDS),
    )
    if need in counts:
        st.markdown(tell_count(counts[need], "member"))
    return need


def _show_page(chat: ChatRecord, need: Need) -> None:
    pages: Pages[_Placed] = Pages("members", (chat.chat_id, need), _PAGE)
    found = pages.read(partial(_read, chat, need))
    if not found:
        st.markdown("Nobody.")
        return
    _show_table(chat, [member for _, member in found])
    pages.show(lambda one: one[0] + 1, "members")


def _read(chat: ChatRecord, need: Need, limit: int, after: int | None) -> list[_Placed]:
    """Read a page of members with their places: distances order them, which are no marks."""
    place = after or 0
    return list(enumerate(iterate_members(house().ledger, chat, need, limit, place), place))


def _show_found(chat: ChatRecord, text: str) -> None:
    found = find_members(house().ledger, chat, text, _FOUND)
    if not found:
        st.markdown("No member is like that.")
        return
    _show_table(chat, found)
    if len(found) == _FOUND:
        st.markdown(f"The first {_FOUND} of them: write more of the name.")


def _show_table(chat: ChatRecord, members: Sequence[ChatMemberRecord]) -> None:
    history: dict[str, list[AnswerRecord]] = defaultdict(list)
    people = [one.person_id for one in members]
    for answer in read_answers(house().ledger, chat.chat_id, people):
        history[answer.person_id].append(answer)
    columns = ["Name", "Needs", "Number, address", "Answered", "Invitation"]
    has_place = near_of(chat) is not None
    if has_place:
        columns.insert(2, "Distance")
    row = partial(_row, history, has_place)
    asked_at = tell_moment(house().clock.now())
    numbers = ("Distance",)
    show_table(columns, map(row, members), caption=f"As of {asked_at}", numbers=numbers)


def _row(
    history: dict[str, list[AnswerRecord]], has_place: bool, one: ChatMemberRecord
) -> tuple[str, ...]:
    distance = "not known" if one.distance_km is None else f"{one.distance_km:,.0f} km"
    where = f"<br><small>{as_html(one.country)}</small>" if one.country else ""
    return (
        f"{as_html(one.name)}<br><small>{as_html(one.person_id)}</small>",
        f"<b>{NEED_WORDS[one.need]}</b>",
        *((f"{distance}{where}",) if has_place else ()),
        f"{as_html(one.phone)}<br>{as_html(one.email)}",
        _tell_answers(one, history[one.person_id]),
        _tell_invitation(one),
    )


def _tell_answers(one: ChatMemberRecord, history: Sequence[AnswerRecord]) -> str:
    """Tell the answer that stands, with all that were given behind it."""
    if one.answered_at is None or one.answered_via is None:
        return "never"
    standing = AnswerRecord(one.person_id, one.answer, one.answered_via, one.answered_at)
    if len(history) <= 1:
        return _tell(standing)
    items = "".join(f"<li>{_tell(answer)}</li>" for answer in history)
    return f"<details><summary>{_tell(standing)}</summary><ol>{items}</ol></details>"


def _tell(answer: AnswerRecord) -> str:
    weak = " (weak proof: senders can be forged)" if answer.is_weak_proof else ""
    how = f"<small>{VIA_WORDS[answer.via]}{weak}</small>"
    return f"{SAID_WORDS[answer.answer]}, {moment_html(answer.answered_at)}<br>{how}"


def _tell_invitation(one: ChatMemberRecord) -> str:
    lines = [
        f"{CHANNEL_WORDS.get(channel, channel)}: {STATUS_WORDS.get(status, status)}"
        for channel, status in one.deliveries.items()
    ]
    if one.chase_count:
        lines.append(f"reminders: {one.chase_count}")
    return "<br>".join(lines) or "nothing yet"


def _show_exports(chat_id: str) -> None:
    links = " · ".join(
        f'<a href="/export/chat/{as_html(chat_id)}.{name}" download>{name.upper()}</a>'
        for name in ("csv", "json")
    )
    st.html(f"Download members, all answers and posts: {links}. It is personal data.")
