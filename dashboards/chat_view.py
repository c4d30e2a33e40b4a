"""One chat: how its members are, what was written, and who they are; its live parts go on alone."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.chat_acts import show_acts
from dashboards.chat_kin import show_kin, warn_of_earlier
from dashboards.chat_members_view import show_members
from dashboards.chat_post_form import show_post_form
from dashboards.moments import moment_html, tell_moment
from dashboards.paging import Pages
from dashboards.session import house, require_actor
from dashboards.tables import show_table
from dashboards.texts import as_html, lines_as_html, literal
from dashboards.words import CHAT_KIND_WORDS, KIND_WORDS, STATE_WORDS, VIA_WORDS
from rollcall.domain.acts import Actor
from rollcall.errors import InputError
from rollcall.ledger.chat_lists import (
    AnswerCounts,
    PostRecord,
    list_chat_messages,
    read_latest_posts,
)
from rollcall.ledger.chats import ChatRecord, load_chat
from rollcall.ledger.messages import MessageRecord, load_message

LIVE_EVERY_S: Final = 3.0
"""How often a page asks while a chat goes on; what it asks is counted once for all who look."""

_POSTS: Final = 30
_MESSAGES: Final = 20

_STYLE: Final = """<style>
.rc-counts{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem;align-items:baseline;margin:.2rem 0}
.rc-counts b{display:block;font-size:2.6rem;line-height:1.15;font-variant-numeric:tabular-nums}
.rc-counts .ok b{font-size:4rem}
.rc-posts{list-style:none;margin:0;padding:0}
.rc-posts li{padding:.5rem 0;border-bottom:1px solid rgba(128,128,128,.35);
overflow-wrap:anywhere}
.rc-posts p{margin:.2rem 0}
</style>"""


def show_chat(chat_id: str, actor: Actor) -> None:
    """Show a chat; says so where there is none."""
    try:
        chat = load_chat(house().ledger, chat_id)
        opening = load_message(house().ledger, chat.message_id)
    except InputError as error:
        st.title("Chats")
        st.error(literal(str(error)))
        return
    st.title(literal(chat.title))
    # each part has a place of its own, empty or not: with another place a field would be made
    # anew, and lose what somebody is typing
    with st.container():
        _show_facts(chat, opening)
    is_ongoing = chat.archived_at is None
    every_s = LIVE_EVERY_S if is_ongoing else None
    st.fragment(_show_counts, run_every=every_s)(chat_id, _stage_of(chat, opening))
    with st.container():
        show_acts(chat, opening, actor)
    if actor.may("sender") and is_ongoing and chat.kind == "chat":
        show_post_form(chat, opening)
    # also beside the page of a one-way message: people text back, and "room 12" must be seen
    st.header("Conversation")
    st.fragment(_show_posts, run_every=every_s)(chat_id)
    show_members(chat)
    _show_messages(chat_id)


def _show_facts(chat: ChatRecord, opening: MessageRecord) -> None:
    state = f"archived {moment_html(chat.archived_at)}" if chat.archived_at else "ongoing"
    asks = 'asks "Are you OK?"' if chat.ok_request else 'does not ask "Are you OK?"'
    told = f"<b>{state}</b>; {CHAT_KIND_WORDS[chat.kind]}; {asks}"
    if chat.kind == "chat":
        sees = "what others write" if chat.members_see_replies else "only administrators' posts"
        told += f"; members see {sees}"
    if not chat.archived_at:
        told += f"; personal links work until {moment_html(chat.links_expire_at)}"
    message_id = as_html(opening.message_id)
    st.html(f"{told}<br>opened {moment_html(chat.opened_at)} with message {message_id}")
    if opening.state == "refused":
        st.error(literal(f"It was refused, and nobody was invited: {opening.reason}"))
    elif opening.state == "stopped" and not chat.archived_at:
        st.warning("Its invitation was stopped: perhaps not everybody was invited.")
    elif opening.audience_digest is None:
        st.info("It is being opened: not all of its members are here yet.")
    show_kin(opening)


def _stage_of(chat: ChatRecord, opening: MessageRecord) -> tuple[object, ...]:
    """Return what the rest of the page depends on: with another stage it is drawn anew."""
    return chat.archived_at, opening.state == "refused", opening.audience_digest is not None


def _show_counts(chat_id: str, stage: tuple[object, ...]) -> None:
    """Show how many are OK, large; the numbers are in one element, and so of one moment."""
    require_actor()
    answers = house().figures.answers.get(chat_id)
    if answers is None:
        st.markdown("The answers are being counted…")
    else:
        st.html(_counts_html(answers))
    chat = load_chat(house().ledger, chat_id)
    opening = load_message(house().ledger, chat.message_id)
    warn_of_earlier(opening)
    if stage != _stage_of(chat, opening):
        st.rerun()


def _counts_html(answers: AnswerCounts) -> str:
    total = sum(answers.values())
    return (
        f'{_STYLE}<div class="rc-counts" role="group" aria-label="Answers">'
        f'<span class="ok"><b>{answers["ok"]:,}</b>of {total:,} are OK</span>'
        f"<span><b>{answers['needs_help']:,}</b>need help</span>"
        f"<span><b>{answers['none']:,}</b>have not answered</span></div>"
    )


def _show_posts(chat_id: str) -> None:
    """Show what was written, the newest first, a page at a time."""
    require_actor()
    chat = load_chat(house().ledger, chat_id)
    pages: Pages[PostRecord] = Pages("posts", chat_id, _POSTS)
    found = pages.read(partial(read_latest_posts, house().ledger, chat))
    if not found:
        st.markdown("Nothing was written yet.")
        return
    items = "".join(map(_post_html, found))
    st.html(f'{_STYLE}<ol class="rc-posts" aria-label="Newest first">{items}</ol>')
    pages.show(lambda one: (one.written_at, one.post_id), "posts")


def _post_html(post: PostRecord) -> str:
    if post.person_id is None:
        who = "<b>Administrator</b>"
    else:
        name, person_id = as_html(post.name), as_html(post.person_id)
        who = f"<b>{name}</b> <small>({person_id}, {VIA_WORDS[post.via]})</small>"
    texts = f'<p dir="auto">{lines_as_html(post.text)}</p>'
    if post.translations:
        told = "".join(
            f'<p dir="auto"><small>{as_html(tag)}</small> {lines_as_html(str(text))}</p>'
            for tag, text in post.translations.items()
        )
        texts += f"<details><summary>In other languages</summary>{told}</details>"
    return f"<li>{who}, {moment_html(post.written_at)}{texts}</li>"


def _show_messages(chat_id: str) -> None:
    """Show what was sent for a chat: the invitation, notices of posts, reminders."""
    messages = list_chat_messages(house().ledger, chat_id)[-_MESSAGES:]
    with st.expander("Messages of this chat"):
        show_table(("When", "What", "State"), map(_message_row, reversed(messages)))
        for one in reversed(messages):
            kind = KIND_WORDS.get(one.kind, one.kind)
            st.page_link(
                "views/progress.py",
                label=literal(f"Progress of the {kind}, {tell_moment(one.accepted_at)}"),
                query_params={"message": one.message_id},
            )


def _message_row(one: MessageRecord) -> tuple[str, str, str]:
    state = STATE_WORDS.get(one.state, one.state)
    told = f"{state}: {as_html(one.reason)}" if one.reason else state
    return moment_html(one.accepted_at), KIND_WORDS.get(one.kind, one.kind), told
