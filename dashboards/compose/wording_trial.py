"""A test to oneself: the draft, marked as a test, to an address that is typed or a person found."""

import uuid
from dataclasses import replace
from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.outcomes import act_here, forget_outcome, show_outcome
from dashboards.compose.wording_readers import show_search
from dashboards.foresight_view import require_source
from dashboards.session import house
from rollcall.desk.composing import Composing
from rollcall.domain.acts import Actor
from rollcall.domain.draft_texts import list_texts
from rollcall.domain.trials import MARK, TrialReader, read_addresses

_EMAIL: Final = "test_email"
_PHONE: Final = "test_phone"
_OUTCOME: Final = "trial"


def show_trial(composition: Composition) -> None:
    """Show where a test goes, and send it."""
    st.markdown(
        f"It goes the same way as the message itself; its texts begin with “{MARK.strip()}”."
    )
    found = show_search(composition, "trial", "Find myself among the people")
    if found is None:
        _show_addresses(composition)
    _show_language(composition, found)
    send = partial(_send, composition, found)
    show_outcome(composition, _OUTCOME)
    with st.container(horizontal=True):
        st.button("Send the test", key=composition.key("trial_send"), on_click=send)
        if st.session_state.get(composition.key("trial_sent")):
            again = partial(_allow_again, composition)
            label = "Allow the very same once more"
            st.button(label, key=composition.key("trial_again"), on_click=again)


def _show_addresses(composition: Composition) -> None:
    """Show where to type them; one's name at the identity provider often is one's address."""
    name = composition.actor.name
    st.session_state.setdefault(_EMAIL, name if "@" in name else "")
    with st.container(horizontal=True):
        st.text_input("My email address", key=_EMAIL, max_chars=254, persist_state="session")
        st.text_input(
            "My number",
            key=_PHONE,
            max_chars=40,
            placeholder="+12025550100",
            persist_state="session",
        )


def _show_language(composition: Composition, found: TrialReader | None) -> None:
    tags = [one.language for one in list_texts(composition.draft.kind, composition.body)]
    named = [tag for tag in tags if tag]
    if len(tags) < 2:  # noqa: PLR2004 - nothing to choose
        return
    st.selectbox(
        "In which language",
        named,
        index=None,
        placeholder="mine" if found and found.language else "the first",
        key=composition.key("trial_language"),
    )


def _send(composition: Composition, found: TrialReader | None) -> None:
    nonce = st.session_state.setdefault(composition.key("trial_nonce"), uuid.uuid4().hex)

    def send(actor: Actor) -> str:
        reader = found or _read_typed(actor)
        language = st.session_state.get(composition.key("trial_language"))
        aimed = _in_language(reader, language)
        composing = Composing(house().desk, require_source())
        record, is_new = composing.send_test(actor, composition.draft.draft_id, aimed, nonce)
        st.session_state[composition.key("trial_sent")] = True
        if is_new:
            return f"the test is on its way as message {record.message_id}"
        return f"the very same test was sent already, as message {record.message_id}"

    act_here(composition, _OUTCOME, send)


def _read_typed(actor: Actor) -> TrialReader:
    email, phone = read_addresses(
        st.session_state.get(_EMAIL) or "", st.session_state.get(_PHONE) or ""
    )
    return TrialReader(actor.name, email, phone)


def _in_language(reader: TrialReader, language: str | None) -> TrialReader:
    return reader if language is None else replace(reader, language=language)


def _allow_again(composition: Composition) -> None:
    st.session_state[composition.key("trial_nonce")] = uuid.uuid4().hex
    st.session_state[composition.key("trial_sent")] = False
    forget_outcome(composition, _OUTCOME)
