"""Something a page goes on without until it is there, and then is drawn anew."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from rollcall.errors import RollcallError

LOOK_EVERY_S: Final = 1.0


def wait_for(told: str, is_ready: Callable[[], bool]) -> None:
    """Say what is awaited; the page runs anew once it is there, or once it cannot be had.

    Args:
        told: Plain text.
        is_ready: Tells whether it is there; asked every second.
    """
    st.fragment(_look, run_every=LOOK_EVERY_S)(told, is_ready)


def _look(told: str, is_ready: Callable[[], bool]) -> None:
    st.markdown(told)
    try:
        is_over = is_ready()
    except RollcallError:
        is_over = True  # the page says what is wrong
    if is_over:
        st.rerun()
