"""Panels and forms in which something is done once, however often it is clicked.

A panel's key is in the address: four clicks, a page that is loaded anew and a server that is
started anew are one act. A form that is filled in again and again has its key in the names of its
fields; once it was sent it has another one. A click that was on its way by then belongs to what is
done, and does nothing.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import streamlit as st

from dashboards.session import act
from rollcall.domain.acts import Actor

_DONE: Final = "done_keys"

P = TypeVar("P", bound=str)


def show_panels(labels: Mapping[P, str], show: Callable[[P], None]) -> None:
    """Show a button for each panel that there is, and the one that is open.

    Args:
        labels: What their buttons say.
        show: Shows a panel.
    """
    with st.container(horizontal=True):
        for panel, label in labels.items():
            st.button(label, key=f"act_{panel}", on_click=open_panel, args=(panel,))
    for panel in labels:
        if panel == st.query_params.get("act"):
            with st.container(border=True):
                show(panel)


def open_panel(panel: str) -> None:
    """Open a panel with a key of its own; for callbacks."""
    st.query_params["act"] = panel
    st.query_params["key"] = uuid.uuid4().hex


def close_panel() -> None:
    """Close the panel that is open; for callbacks."""
    st.query_params.pop("act", None)
    st.query_params.pop("key", None)
    st.session_state.pop("act_insist", None)


def key_of_panel() -> str:
    """Return the key of the panel that is open; an address without one gets one."""
    if not st.query_params.get("key"):
        st.query_params["key"] = uuid.uuid4().hex
    return st.query_params["key"]


def key_of_form(name: str) -> str:
    """Return the key of a form as it stands on the page."""
    key: str = st.session_state.setdefault(f"form_key_{name}", uuid.uuid4().hex)
    return key


def send_form(name: str, key: str, do: Callable[[Actor], str | None]) -> None:
    """Do what a form asks for, once, and empty it when it is done; for callbacks."""
    if act_once(key, do) and st.session_state.get(f"form_key_{name}") == key:
        del st.session_state[f"form_key_{name}"]


def act_once(key: str, do: Callable[[Actor], str | None]) -> bool:
    """Do something, as `act` does, unless this session has done it under this key already.

    Then what it came to is said again: the second click of a nervous hand must not wipe it away.

    Returns:
        Whether it is done, now or before.
    """
    done: dict[str, str | None] = st.session_state.setdefault(_DONE, {})
    if key in done:
        return act(lambda _: done[key])

    def do_and_remember(actor: Actor) -> str | None:
        told = done[key] = do(actor)
        return told

    return act(do_and_remember)


def confirm(
    label: str,
    do: Callable[[Actor], str | None],
    *,
    may_insist: bool = False,
    is_whole: bool = True,
) -> None:
    """Show the button of a panel that does it, and the one that does nothing.

    Args:
        label: What the button says.
        do: As for `act`; the panel is closed when it is done.
        may_insist: Let the guard against repeats be overruled; `insists` tells whether it is.
        is_whole: Everything is filled in that is needed.
    """
    if may_insist:
        st.checkbox("Also if the same was sent to the same people just now", key="act_insist")
    with st.container(horizontal=True):
        st.button(
            label,
            key="act_go",
            type="primary",
            disabled=not is_whole,
            on_click=_do,
            args=(key_of_panel(), do),
        )
        show_leave()


def show_leave() -> None:
    """Show the button that closes a panel and does nothing."""
    st.button("Do nothing", key="act_leave", on_click=close_panel)


def insists() -> bool:
    """Tell whether the guard against repeats is to be overruled."""
    return bool(st.session_state.get("act_insist"))


def _do(key: str, do: Callable[[Actor], str | None]) -> None:
    if act_once(key, do):
        close_panel()
