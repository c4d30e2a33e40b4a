"""Where the composer begins: a new message or chat, one from a template, a draft of before."""

import uuid
from functools import partial
from typing import Final

import streamlit as st

from dashboards.moments import moment_html
from dashboards.selection_told import list_meant
from dashboards.session import act, house
from dashboards.texts import as_html, literal, one_line
from rollcall.domain.acts import Actor
from rollcall.domain.draft_recipients import read_selection
from rollcall.domain.drafts import Draft, DraftKind
from rollcall.domain.message_templates import TemplateKind
from rollcall.errors import SelectionError
from rollcall.ledger.drafts import MOST_LISTED
from rollcall.ledger.templates import list_templates, load_template

KIND_TITLES: Final[dict[DraftKind, str]] = {"message": "Message", "chat": "Chat"}

_BEGIN: Final[dict[DraftKind, tuple[str, str]]] = {
    "message": ("New message", "One-way: everybody gets it, nobody answers in it."),
    "chat": ("New chat", "Two-way: members say whether they are OK, and can write back."),
}
_NEXT: Final = "compose_next"


def show_begin(actor: Actor) -> None:
    """Show how a draft is begun, and those there are."""
    next_id = st.session_state.setdefault(_NEXT, uuid.uuid4().hex)
    with st.container(horizontal=True):
        for kind, (label, told) in _BEGIN.items():
            begin = partial(_begin, kind, next_id)
            st.button(label, key=f"compose_{kind}", type="primary", help=told, on_click=begin)
    _show_templates(next_id)
    _show_drafts(actor)


def tell_title(draft: Draft) -> str:
    """Return what a draft is called: its subject, or that it has none."""
    return one_line(draft.title) or f"{KIND_TITLES[draft.kind]} without a title"


def show_delete(draft: Draft) -> None:
    """Show how a draft is deleted."""
    with st.popover("Delete this draft"):
        st.markdown("It is gone for good. A message that was sent is not affected.")
        delete = partial(_delete, draft)
        st.button("Delete", key=f"compose_delete_{draft.draft_id}", on_click=delete)


def open_draft(draft_id: str | None) -> None:
    """Have the page show a draft, or the beginning; for callbacks."""
    st.session_state.pop(_NEXT, None)
    st.query_params.clear()
    if draft_id is not None:
        st.query_params["draft"] = draft_id


def _show_templates(next_id: str) -> None:
    kinds: tuple[TemplateKind, ...] = ("one_way", "chat")
    choices = {
        (kind, one.name): f"{one.name} ({'chat' if kind == 'chat' else 'message'})"
        for kind in kinds
        for one in list_templates(house().ledger, kind)
    }
    if not choices:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Start from a template",
            list(choices),
            format_func=lambda one: one_line(choices.get(one, one[1])),
            index=None,
            filter_mode="contains",
            key="compose_template",
        )
        begin = partial(_begin_from, next_id)
        st.button("Start", key="compose_from_template", on_click=begin)


def _show_drafts(actor: Actor) -> None:
    drafts = house().drafting.list_all(actor)
    if not drafts:
        return
    st.header("Drafts" if actor.may("admin") else "My drafts")
    for draft in drafts:
        with st.container(border=True):
            _show_draft(draft, actor)
    if len(drafts) == MOST_LISTED:
        st.markdown(f"The {MOST_LISTED} that were changed last.")


def _show_draft(draft: Draft, actor: Actor) -> None:
    name, told = st.columns([2, 3], vertical_alignment="center")
    name.button(
        literal(tell_title(draft)),
        key=f"draft_{draft.draft_id}",
        type="tertiary",
        icon=":material/chevron_right:",
        on_click=partial(open_draft, draft.draft_id),
    )
    whose = "" if draft.owner == actor.name else f" of {as_html(draft.owner)}"
    refused = "; was refused, can be corrected" if draft.refusal else ""
    kind = KIND_TITLES[draft.kind].lower()
    # without a title it is told apart by whom it is for
    to_whom = "" if draft.title else f"<br>{as_html(_tell_recipients(draft))}"
    told.html(f"{kind}{whose}, changed {moment_html(draft.changed_at)}{refused}{to_whom}")


def _tell_recipients(draft: Draft) -> str:
    try:
        selection = read_selection(draft.body)
    except SelectionError as error:
        return str(error)
    return "; ".join(list_meant(selection)) if selection else "for nobody yet"


def _begin(kind: DraftKind, draft_id: str) -> None:
    def begin(actor: Actor) -> None:
        open_draft(house().drafting.open(actor, kind, draft_id=draft_id).draft_id)

    act(begin)


def _begin_from(draft_id: str) -> None:
    chosen: tuple[TemplateKind, str] | None = st.session_state.get("compose_template")

    def begin(actor: Actor) -> None:
        if chosen is not None:
            template = load_template(house().ledger, *chosen)
            open_draft(house().drafting.open_from(actor, template, draft_id).draft_id)

    act(begin)


def _delete(draft: Draft) -> None:
    def delete(actor: Actor) -> str:
        house().drafting.delete(actor, draft.draft_id)
        open_draft(None)
        return "the draft is deleted"

    act(delete)
