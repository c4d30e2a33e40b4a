"""What an act in the middle of a long page came to, told where it was asked for.

The page tells it at its top, too, which may be out of sight.
"""

from collections.abc import Callable

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.session import act
from dashboards.texts import literal
from rollcall.domain.acts import Actor
from rollcall.errors import RollcallError


def act_here(composition: Composition, name: str, do: Callable[[Actor], str]) -> bool:
    """Do something as `act` does, and keep what came of it for `show_outcome`.

    Args:
        composition: The draft that it is done with.
        name: Which place of the page it is told at.
        do: Takes who acts; returns a sentence of what was done.
    """
    key = composition.key(f"outcome_{name}")

    def do_here(actor: Actor) -> str:
        try:
            told = do(actor)
        except RollcallError as error:
            st.session_state[key] = (False, str(error))
            raise
        st.session_state[key] = (True, told)
        return told

    return act(do_here)


def show_outcome(composition: Composition, name: str) -> None:
    """Show what the last act at this place came to."""
    outcome = st.session_state.get(composition.key(f"outcome_{name}"))
    if outcome is None:
        return
    is_done, told = outcome
    (st.success if is_done else st.error)(literal(told))


def forget_outcome(composition: Composition, name: str) -> None:
    """Show it no longer, as after a change."""
    st.session_state.pop(composition.key(f"outcome_{name}"), None)
