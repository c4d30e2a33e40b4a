"""By which ways something goes out, as boxes to tick."""

from collections.abc import Sequence

import streamlit as st

from dashboards.settings_form import OPTION_WORDS
from rollcall.domain.message import CHANNELS, Channel


def show_channels(used: Sequence[Channel], key: str) -> None:
    """Show the ways, with those ticked that were used before.

    Args:
        used: By which ways something went out before.
        key: What the fields' keys begin with; the same for `read_channels`.
    """
    with st.container(horizontal=True):
        for channel in CHANNELS:
            label = OPTION_WORDS[f"include_{channel}"]
            st.checkbox(label, value=channel in used, key=f"{key}_{channel}")


def read_channels(key: str) -> tuple[Channel, ...]:
    """Return the ways that are ticked."""
    return tuple(one for one in CHANNELS if st.session_state.get(f"{key}_{one}"))
